"""What becomes of candidates in a pool, against the reference and reason by reason."""

import random
from collections import Counter
from typing import Any

import pytest

from selfinstruct_core.generation import instructions
from selfinstruct_core.generation.instructions import Candidate
from selfinstruct_core.generation.novelty import Neighbour
from selfinstruct_core.generation.pool import JudgedCandidate, Pool
from selfinstruct_core.generation.recipe import Filters, default_settings
from selfinstruct_core.generation.tokenizers import Tokenizer
from selfinstruct_core.models import KEPT, Mode, Rejection, Reply, Verdict
from tests.generation import reference_behaviour as reference

SEEDS = (
    "Write a short poem about the sea and the wind.",
    "List ten animals that live in the forest.",
    "Explain why the sky is blue to a child.",
)
VERBS = ("Write", "List", "Explain", "Name", "Compare", "Write a program for", "Draw", "“Quote”")
NOUNS = (
    "a poem",
    "ten animals",
    "the sky",
    "the sea and the wind",
    "two rivers",
    "a map",
    "한국어",
)
ENDS = ("in the forest.", "to a child.", "about the sea", "now", "for me, please", "in five words.")


def random_text(rng: random.Random) -> str:
    """A reply whose items resemble each other and the seeds, with some that break rules."""
    items = []
    for _ in range(rng.randint(1, 6)):
        words = [rng.choice(VERBS)]
        words += [rng.choice(NOUNS) for _ in range(rng.randint(0, 2))]
        words += [rng.choice(ENDS) for _ in range(rng.randint(0, 2))]
        items.append(" ".join(words) if rng.random() < 0.9 else rng.choice(SEEDS).upper())
    marks = ["", *(f"\n{n}. " for n in range(10, 16))]
    return "".join(mark + item for mark, item in zip(marks, items, strict=False))


def pool(mode: Mode = Mode.IMPROVED, seeds: tuple[str, ...] = SEEDS, **filters: Any) -> Pool:
    return Pool(seeds, Filters(**filters), mode)


def commit(into: Pool, *texts: str) -> list[JudgedCandidate]:
    return into.commit([Candidate(text) for text in texts])


class TestPaper:
    def test_a_whole_run_equals_the_reference(self) -> None:
        rng = random.Random(10560)
        ours = Pool(SEEDS, default_settings(Mode.PAPER).filters, Mode.PAPER)
        theirs = reference.Pool(SEEDS)
        outcomes: Counter[str | None] = Counter()
        for _ in range(500):
            reply = Reply(random_text(rng), rng.choice(["stop", "stop", "stop", "length"]))
            judged = ours.commit(instructions.parse(reply, Mode.PAPER))
            expected = theirs.add(reply.text, str(reply.finish_reason))
            found = [
                (one.instruction, one.verdict.reason, one.nearest.score if one.nearest else 0.0)
                for one in judged
            ]
            assert found == expected
            outcomes.update(reason for _, reason, _ in expected)
        assert [*SEEDS, *ours.machine] == theirs.texts
        assert set(outcomes) == {
            None, "truncated", "too_short", "keyword", "write_a_program", "not_ascii", "too_similar"
        }  # fmt: skip
        assert outcomes["too_similar"] > 100
        assert outcomes[None] > 100

    def test_seven_tenths_exactly_is_kept(self) -> None:
        # F of (LCS, m, n) = (7, 10, 10) is 0.7 as a float, of (7, 9, 11) 0.7000000000000001.
        shared = "s1 s2 s3 s4 s5 s6 s7"
        for seed, candidate, reason in (
            (f"{shared} a b c", f"{shared} x y z", None),
            (f"{shared} a b c d", f"{shared} x y", Rejection.TOO_SIMILAR),
        ):
            judged = commit(pool(Mode.PAPER, (seed,)), candidate)[0]
            assert judged.verdict.reason is reason
            assert judged.nearest == Neighbour(0, 0.7 if reason is None else 0.7000000000000001)

    def test_a_text_without_tokens_is_kept_even_twice(self) -> None:
        judged = commit(pool(Mode.PAPER), "Ａ Ｂ Ｃ Ｄ", "! ! ! !")
        assert [one.verdict.reason for one in judged] == ["not_ascii", "starts_with_punctuation"]
        # Only a candidate whose first character is a control character gets as far.
        blind = "\x7f 한국어 한국어 한국어"
        judged = commit(pool(Mode.PAPER), blind, blind)
        assert judged == [JudgedCandidate(0, blind, KEPT), JudgedCandidate(1, blind, KEPT)]


class TestReasons:
    """Every stable name of a rejection, from a reply to its verdict."""

    CASES = (
        (Rejection.PREAMBLE, Reply("Sure, here are tasks:\n9. Name two rivers in Asia.")),
        (Rejection.TRUNCATED, Reply(" Name two rivers in", "length")),
        (Rejection.EMPTY, Reply("")),
        (Rejection.TOO_SHORT, Reply(" Name two rivers")),
        (Rejection.TOO_LONG, Reply(" Name" + " it" * 150)),
        (Rejection.KEYWORD, Reply(" Show me a map now")),
        (Rejection.WRITE_A_PROGRAM, Reply(" write a program for me")),
        (Rejection.STARTS_WITH_PUNCTUATION, Reply(" (again) name two rivers")),
        (Rejection.NOT_ASCII, Reply(" Écris un petit poème")),
        (Rejection.TOO_SIMILAR, Reply(f" {SEEDS[1].lower()}")),
    )

    def test_none_is_missing(self) -> None:
        # What has no tokens starts with no ASCII letter either, so a reply never gets that far;
        # a list of instructions has no form that could be missed (test_alpaca.py).
        others = {Rejection.NO_TOKENS, Rejection.MALFORMED}
        assert [reason for reason, _ in self.CASES] == [r for r in Rejection if r not in others]

    def test_no_tokens(self) -> None:
        (judged,) = pool().commit([Candidate("\x7f 한국어 한국어 한국어")])
        assert judged.verdict.reason is Rejection.NO_TOKENS

    @pytest.mark.parametrize(("reason", "reply"), CASES)
    def test_reason(self, reason: Rejection, reply: Reply) -> None:
        one = pool()
        judged = one.commit(instructions.parse(reply, Mode.IMPROVED))
        assert judged[0].verdict.reason is reason
        assert one.machine == [later.instruction for later in judged[1:]]

    def test_the_stored_names(self) -> None:
        assert [reason.value for reason in Rejection] == [
            "preamble", "truncated", "malformed", "empty", "too_short", "too_long", "keyword",
            "write_a_program", "starts_with_punctuation", "not_ascii", "too_similar", "no_tokens",
        ]  # fmt: skip


class TestPool:
    def test_novelty_counts_seeds_and_earlier_ones_of_the_same_response(self) -> None:
        one = pool()
        novel = "Name two rivers in Asia."
        judged = commit(one, SEEDS[0], novel, f"{novel} Please")
        # F of the last: 5 of 5 and 5 of 6 words, 2 * 5/6 / (11/6).
        assert [(j.position, j.verdict.reason, j.nearest) for j in judged] == [
            (0, Rejection.TOO_SIMILAR, Neighbour(0, 1.0)),
            (1, None, Neighbour(1, judged[1].nearest.score if judged[1].nearest else 0.0)),
            (2, Rejection.TOO_SIMILAR, Neighbour(3, pytest.approx(10 / 11))),
        ]
        assert (one.machine, one.text(0), one.text(3)) == ([novel], SEEDS[0], novel)

    def test_a_verdict_from_parsing_is_final(self) -> None:
        cut = Candidate("Name two rivers in Asia.", Verdict(Rejection.TRUNCATED, "the last item"))
        assert pool().commit([cut]) == [JudgedCandidate(0, cut.instruction, cut.verdict)]

    def test_how_the_pool_stood_after_each_response(self) -> None:
        one = pool()
        commit(one, "Name two rivers in Asia.", "Boil three eggs for me")
        commit(one, "Boil three eggs for me")
        commit(one)
        commit(one, "Sing about your old car")
        assert (one.committed, [one.machine_after(n) for n in range(5)]) == (4, [0, 2, 2, 2, 3])

    def test_restoring_gives_the_same_pool(self) -> None:
        rng = random.Random(4)
        first, second = pool(), pool()
        for _ in range(40):
            judged = first.commit(instructions.parse(Reply(random_text(rng)), Mode.IMPROVED))
            second.restore([one.instruction for one in judged if one.verdict.kept])
        last = instructions.parse(Reply(random_text(rng)), Mode.IMPROVED)
        assert first.commit(last) == second.commit(last)
        assert first.machine == second.machine
        assert [first.machine_after(n) for n in range(42)] == [
            second.machine_after(n) for n in range(42)
        ]

    def test_filters_are_used(self) -> None:
        assert commit(pool(threshold=1.0), SEEDS[0])[0].verdict.kept
        assert commit(pool(threshold=0.0), "Sing to the moon tonight")[0].verdict.reason == (
            "too_similar"
        )
        assert commit(pool(min_words=2), "Sing loudly")[0].verdict.kept
        assert commit(pool(max_words=4), "Sing a song for me")[0].verdict.reason == "too_long"
        assert commit(pool(keywords=("sing",)), "Sing to me now")[0].verdict.detail == "sing"
        korean = "a 한국어로 짧은 시를 써라"
        blind, seeing = pool(), pool(tokenizer=Tokenizer.SCRIPTS)
        other = "a 오늘 점심은 무엇을 먹을까"
        assert [j.verdict.reason for j in commit(blind, korean, other)] == [None, "too_similar"]
        assert [j.verdict.kept for j in commit(seeing, korean, other)] == [True, True]

    def test_without_novelty_only_heuristics_judge(self) -> None:
        one = Pool((), Filters(), Mode.IMPROVED, novelty=False)
        judged = commit(one, "Sing to me now", "Sing to me now", "Sing")
        assert [j.verdict.reason for j in judged] == [None, None, "too_short"]
        assert [j.nearest for j in judged] == [None, None, None]

    def test_the_first_of_an_empty_pool(self) -> None:
        assert commit(pool(seeds=()), "Sing to me now") == [
            JudgedCandidate(0, "Sing to me now", KEPT, None)
        ]


def test_with_the_tokenizer_for_other_scripts_they_may_start_and_count() -> None:
    korean = "한국어로 짧은 시를 써 주세요"
    twice = [Candidate(korean), Candidate(korean), Candidate("써")]
    scripts = Pool(SEEDS, Filters(tokenizer=Tokenizer.SCRIPTS), Mode.IMPROVED)
    # Twelve syllables are twelve words, where whitespace would count five; one is too short.
    assert [one.verdict for one in scripts.commit(twice)] == [
        KEPT,
        Verdict(Rejection.TOO_SIMILAR),
        Verdict(Rejection.TOO_SHORT, "1 words"),
    ]
    # As in the reference code only what starts in ASCII is kept.
    for mode, tokenizer in ((Mode.IMPROVED, Tokenizer.ROUGE), (Mode.PAPER, Tokenizer.SCRIPTS)):
        (verdict,) = [
            one.verdict for one in Pool(SEEDS, Filters(tokenizer=tokenizer), mode).commit(twice[:1])
        ]
        assert verdict == Verdict(Rejection.NOT_ASCII, "한")
