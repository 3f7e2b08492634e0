"""The novelty filter against rouge_score itself, text by text, and on real data to the unit."""

import json
import os
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rouge_score import rouge_scorer, scoring

from selfinstruct_core.generation import similarity_index
from selfinstruct_core.generation.novelty import (
    DEFAULT_THRESHOLD,
    Neighbour,
    NoveltyIndex,
    NoveltyState,
    NoveltyVerdict,
    rouge_l,
)
from selfinstruct_core.generation.overlap_bounds import (
    OUT_OF_REACH,
    f_measures,
    length_band,
    required_overlaps,
    search_plan,
)
from selfinstruct_core.generation.tokenizers import Tokenizer, tokenize

SCORER = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
THRESHOLDS = (0.0, 0.3, 0.7, 0.95, 1.0)

KOREAN = "다음 문장을 영어로 번역하세요."
CHINESE = "把下面的句子翻译成英文。"


def reference_score(candidate: str, reference: str) -> float:
    """As the reference code calls it, with the candidate as the target."""
    return float(SCORER.score(candidate, reference)["rougeL"].fmeasure)


def brute_nearest(candidate: str, pool: Sequence[str]) -> Neighbour:
    scores = [reference_score(candidate, text) for text in pool]
    best = max(scores)
    return Neighbour(scores.index(best), best)


def index_of(texts: Iterable[str], threshold: float = DEFAULT_THRESHOLD) -> NoveltyIndex:
    index = NoveltyIndex(Tokenizer.ROUGE, threshold)
    for text in texts:
        index.add(text)
    return index


def texts_of_shape(lcs: int, candidate: int, reference: int) -> tuple[str, str]:
    """Two texts that share their first ``lcs`` words and nothing else."""
    shared = [f"s{i}" for i in range(lcs)]
    own = [f"c{i}" for i in range(candidate - lcs)]
    other = [f"r{i}" for i in range(reference - lcs)]
    return " ".join(shared + own), " ".join(shared + other)


def random_text(rng: random.Random, words: int, longest: int) -> str:
    """Small vocabularies repeat words within a text and make many equal scores."""
    return " ".join(f"w{rng.randrange(words)}" for _ in range(rng.randint(1, longest)))


def varied_texts(rng: random.Random, count: int, words: int, longest: int) -> list[str]:
    """Random texts, a third of them an earlier one with some words replaced, moved or cut."""
    texts: list[str] = []
    for _ in range(count):
        if not texts or rng.random() < 0.67:
            texts.append(random_text(rng, words, longest))
            continue
        tokens = rng.choice(texts).split()
        for _ in range(rng.randint(0, len(tokens) // 3)):
            tokens[rng.randrange(len(tokens))] = f"w{rng.randrange(words)}"
        if rng.random() < 0.3:
            rng.shuffle(tokens)
        texts.append(" ".join(tokens[: rng.randint(max(1, len(tokens) // 2), len(tokens))]))
    return texts


@cache
def compared_texts(words: int, longest: int) -> tuple[list[str], list[tuple[str, Neighbour]]]:
    """A pool, and texts with their nearest in it by rouge_score."""
    rng = random.Random(words)
    pool = varied_texts(rng, 150, words, longest)
    texts = varied_texts(rng, 60, words, longest) + rng.sample(pool, 5)
    return pool, [(text, brute_nearest(text, pool)) for text in texts]


@pytest.fixture
def comparisons(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the LCS computed by indexes."""
    counter: Counter[str] = Counter()
    score = similarity_index.SimilarityIndex._score

    def counted(*arguments: Any) -> float:
        counter["lcs"] += 1
        return score(*arguments)

    monkeypatch.setattr(similarity_index.SimilarityIndex, "_score", counted)
    return counter


class TestRougeL:
    @pytest.mark.parametrize(
        ("lcs", "candidate", "reference", "expected"),
        [
            # All four are 14/20 on paper. In floats 2PR/(P+R) is:
            (7, 10, 10, 0.7),  # P = R = 0.7: 2 * 0.49 / 1.4
            (7, 9, 11, 0.7000000000000001),  # P = 7/9, R = 7/11
            (7, 8, 12, 0.7000000000000001),  # P = 7/8, R = 7/12
            (7, 7, 13, 0.7000000000000001),  # P = 1, R = 7/13: 2 * (7/13) / (20/13)
        ],
    )
    def test_shapes_of_seven_tenths(
        self, lcs: int, candidate: int, reference: int, expected: float
    ) -> None:
        texts = texts_of_shape(lcs, candidate, reference)
        assert rouge_l(texts[0].split(), texts[1].split()) == expected
        assert reference_score(*texts) == expected

    def test_by_hand(self) -> None:
        # LCS of "a b c" and "a x c d" is "a c": P = 2/3, R = 2/4, F = 4/7.
        assert rouge_l(["a", "b", "c"], ["a", "x", "c", "d"]) == pytest.approx(4 / 7)
        # The same words in reverse order share one word in order: P = R = 1/3.
        assert rouge_l(["a", "b", "c"], ["c", "b", "a"]) == pytest.approx(1 / 3)
        assert rouge_l(["a"], ["b"]) == 0.0

    def test_no_tokens_score_nothing(self) -> None:
        assert rouge_l([], ["a"]) == rouge_l(["a"], []) == rouge_l([], []) == 0.0

    @pytest.mark.parametrize("words", [2, 5, 30])
    def test_equals_rouge_score_to_the_last_bit(self, words: int) -> None:
        rng = random.Random(words)
        for _ in range(1500):
            first, second = random_text(rng, words, 40), random_text(rng, words, 40)
            score = rouge_l(first.split(), second.split())
            assert score == reference_score(first, second)
            assert score == rouge_l(second.split(), first.split())


class TestBounds:
    @pytest.mark.parametrize("threshold", [0.0, 0.1, 0.3, 0.5, 0.7, 0.95, 0.999, 1.0])
    def test_required_overlap_is_the_first_above_the_threshold(self, threshold: float) -> None:
        for m in range(1, 41):
            required = required_overlaps(m, threshold, 60)
            assert required[0] == OUT_OF_REACH
            for n in range(1, 61):
                above = [
                    o for o in range(1, min(m, n) + 1) if scoring.fmeasure(o / m, o / n) > threshold
                ]
                assert required[n] == (above[0] if above else OUT_OF_REACH)

    def test_f_grows_with_the_overlap_and_equals_the_library(self) -> None:
        for m in range(1, 61):
            for n in range(1, 61):
                overlaps = np.arange(1, min(m, n) + 1)
                values = f_measures(overlaps, m, np.full_like(overlaps, n)).tolist()
                assert values == [scoring.fmeasure(o / m, o / n) for o in overlaps.tolist()]
                assert values == sorted(set(values))

    @pytest.mark.parametrize("threshold", [0.0, 1e-300, 0.01, 0.3, 0.7, 0.95])
    @pytest.mark.parametrize("length", [1, 2, 15, 150])
    def test_a_plan_covers_its_bands_and_misses_no_length(
        self, length: int, threshold: float
    ) -> None:
        plan = search_plan(length, threshold, 4096)
        bands = dict(plan.prefixes)
        required = required_overlaps(length, threshold, 4096)
        for n in range(1, 4097):
            if required[n] < OUT_OF_REACH:
                assert plan.required[n] == required[n]
                assert bands[length_band(n)] >= length - required[n] + 1
            elif length_band(n) in bands:
                assert plan.required[n] == OUT_OF_REACH


class TestIndex:
    @pytest.mark.parametrize("few", [-(10**9), similarity_index._FEW, 10**9])
    @pytest.mark.parametrize("threshold", THRESHOLDS)
    @pytest.mark.parametrize(("words", "longest"), [(3, 8), (12, 14), (60, 25)])
    def test_equals_rouge_score_against_every_text(
        self, words: int, longest: int, threshold: float, few: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """By counting only, as chosen by cost, and by the prefix filter only."""
        monkeypatch.setattr(similarity_index, "_FEW", few)
        pool, queries = compared_texts(words, longest)
        index = index_of(pool, threshold)
        for text, nearest in queries:
            above = nearest if nearest.score > threshold else None
            state = NoveltyState.NOVEL if above is None else NoveltyState.TOO_SIMILAR
            assert index.nearest(text) == nearest
            assert index.above_threshold(text) == above
            assert index.judge(text) == NoveltyVerdict(state, nearest)
            assert index.judge(text, nearest=False) == NoveltyVerdict(state, above)

    @pytest.mark.parametrize("words", [6, 40])
    def test_stays_exact_while_the_pool_grows(self, words: int) -> None:
        rng = random.Random(words)
        texts = varied_texts(rng, 300, words, 14)
        index = NoveltyIndex(Tokenizer.ROUGE)
        for position, text in enumerate(texts):
            if position:
                nearest = brute_nearest(text, texts[:position])
                above = nearest if nearest.score > DEFAULT_THRESHOLD else None
                assert index.nearest(text) == nearest
                assert index.above_threshold(text) == above
            assert index.add(text) == position
        assert len(index) == 300

    def test_a_large_pool(self) -> None:
        """Against `rouge_l`, whose equality is tested above; rouge_score would take minutes."""
        rng = random.Random(7)
        pool = varied_texts(rng, 5000, 400, 20)
        index = index_of(pool)
        tokens = [text.split() for text in pool]
        for text in varied_texts(rng, 30, 400, 20) + rng.sample(pool, 10):
            scores = [rouge_l(text.split(), other) for other in tokens]
            nearest = Neighbour(scores.index(max(scores)), max(scores))
            assert index.nearest(text) == nearest
            assert index.above_threshold(text) == (nearest if nearest.score > 0.7 else None)

    @pytest.mark.parametrize(
        ("shape", "state"),
        [
            ((7, 10, 10), NoveltyState.NOVEL),  # F is 0.7, which is not above 0.7
            ((7, 9, 11), NoveltyState.TOO_SIMILAR),  # F is 0.7000000000000001
            ((7, 8, 12), NoveltyState.TOO_SIMILAR),
            ((7, 7, 13), NoveltyState.TOO_SIMILAR),
            ((7, 13, 7), NoveltyState.TOO_SIMILAR),
        ],
    )
    def test_the_threshold_is_compared_in_floats(
        self, shape: tuple[int, int, int], state: NoveltyState
    ) -> None:
        candidate, reference = texts_of_shape(*shape)
        verdict = index_of([reference]).judge(candidate)
        assert verdict == NoveltyVerdict(state, Neighbour(0, reference_score(candidate, reference)))

    def test_words_in_another_order_share_less(self) -> None:
        # All words are shared, but the LCS is 1: P = R = 1/8.
        text = "one two three four five six seven eight"
        index = index_of([" ".join(reversed(text.split()))])
        assert index.judge(text) == NoveltyVerdict(NoveltyState.NOVEL, Neighbour(0, 0.125))

    def test_repeated_words_are_counted(self) -> None:
        # "a a a a" and "a b": LCS 1, P = 1/4, R = 1/2, F = 1/3.
        verdict = index_of(["a b"]).judge("a a a a")
        assert verdict.neighbour == Neighbour(0, reference_score("a a a a", "a b"))
        assert verdict.state == "novel"

    def test_of_equals_the_earliest(self) -> None:
        index = index_of(["x y", "a b c d", "a b c d", "a b c d"])
        assert index.nearest("a b c d") == index.above_threshold("a b c d") == Neighbour(1, 1.0)
        assert index.nearest("nothing of this") == Neighbour(0, 0.0)

    def test_empty_pool(self) -> None:
        index = NoveltyIndex(Tokenizer.ROUGE)
        assert index.nearest("a b") is None
        assert index.above_threshold("a b") is None
        assert index.judge("a b") == NoveltyVerdict(NoveltyState.NOVEL, None)
        assert len(index) == 0

    def test_texts_without_tokens_keep_their_position(self) -> None:
        index = index_of(["", "?!", "a b c"])
        assert index.nearest("a b c") == Neighbour(2, 1.0)
        assert index_of(["", "?!"]).nearest("a b c") == Neighbour(0, 0.0)
        assert index.nearest("...") is None
        assert index.above_threshold("...") is None
        assert index.judge("") == NoveltyVerdict(NoveltyState.NO_TOKENS, None)

    def test_judging_does_not_add(self) -> None:
        index = index_of(["a b c"])
        index.judge("d e f")
        assert len(index) == 1
        assert index.judge("d e f").state is NoveltyState.NOVEL

    def test_very_long_and_very_short_texts_together(self) -> None:
        long = " ".join(f"w{i % 700}" for i in range(3000))
        pool = ["w1", long, "w1 w2 w3", long + " w0 w1"]
        index = index_of(pool)
        for text in (*pool, "w2", "w1 w3", long + " end"):
            scores = [rouge_l(text.split(), other.split()) for other in pool]
            assert index.nearest(text) == Neighbour(scores.index(max(scores)), max(scores))
            assert index.judge(text).state == ("too_similar" if max(scores) > 0.7 else "novel")

    @pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan"), float("inf")])
    def test_a_threshold_out_of_range_is_refused(self, threshold: float) -> None:
        with pytest.raises(ValueError, match="between 0 and 1"):
            NoveltyIndex(Tokenizer.ROUGE, threshold)

    def test_few_texts_are_compared(self, comparisons: Counter[str]) -> None:
        rng = random.Random(1)
        texts: list[str] = []
        for _ in range(2000):  # frequent and rare words, as in a language
            tokens = [f"w{int(3000 ** rng.random())}" for _ in range(rng.randint(8, 22))]
            texts.append(" ".join(tokens))
        index = index_of(texts)
        for text in texts:
            assert index.judge(text, nearest=False).neighbour is not None
        # Each with itself, and hardly any with another: 4 million pairs.
        assert 2000 <= comparisons["lcs"] < 2200

    def test_the_tokenizer_may_be_given_by_name(self) -> None:
        assert NoveltyIndex("scripts").judge(KOREAN).state == "novel"  # type: ignore[arg-type]


class TestScripts:
    @pytest.mark.parametrize("text", [KOREAN, CHINESE, "次の文を訳してください。", "แปลประโยคนี้"])
    def test_a_duplicate_is_seen_by_scripts_only(self, text: str) -> None:
        blind = index_of([text])
        assert blind.judge(text) == NoveltyVerdict(NoveltyState.NO_TOKENS, None)
        seeing = NoveltyIndex(Tokenizer.SCRIPTS)
        seeing.add(text)
        verdict = NoveltyVerdict(NoveltyState.TOO_SIMILAR, Neighbour(0, 1.0))
        assert seeing.judge(text) == verdict

    def test_similar_korean_by_hand(self) -> None:
        # 12 and 13 syllables; all but 영 are in 일본어로 too, so the LCS is 11: F = 22/25.
        index = NoveltyIndex(Tokenizer.SCRIPTS)
        index.add("다음 문장을 일본어로 번역하라")
        verdict = index.judge("다음 문장을 영어로 번역하라")
        assert verdict.state is NoveltyState.TOO_SIMILAR
        assert verdict.neighbour is not None
        assert verdict.neighbour.score == pytest.approx(22 / 25)

    @pytest.mark.parametrize(
        ("text", "tokens"),
        [
            ("한국어 3개", ["한", "국", "어", "3", "개"]),
            ("把Python代码翻译", ["把", "python", "代", "码", "翻", "译"]),
            ("カタカナー、ひら。", ["カ", "タ", "カ", "ナ", "ー", "ひ", "ら"]),
            ("Größe ÄNDERN", ["größe", "ändern"]),
            ("Переведи: текст", ["переведи", "текст"]),
            ("हिन्दी में", ["हिन्दी", "में"]),  # vowel signs stay in their word
            ("ที่นี่", ["ที่", "นี่"]),  # and with their consonant
            ("co\u00adoperate \u200d né", ["cooperate", "né"]),  # soft hyphen, joiner
            ("naïve snake_case", ["naïve", "snake", "case"]),
            ("a\u200bé", ["a", "é"]),  # the zero width space is a space
            ("❤\ufe0f 1\ufe0f", ["1"]),  # variation selectors are no tokens
            ("\u0301 é", ["é"]),  # nor is an accent over nothing
        ],
    )
    def test_tokens(self, text: str, tokens: list[str]) -> None:
        assert tokenize(text, Tokenizer.SCRIPTS) == tokens

    def test_composed_and_decomposed_are_the_same(self) -> None:
        decomposed = "\u1112\u1161\u11ab e\u0301"
        assert tokenize(decomposed, Tokenizer.SCRIPTS) == ["한", "é"]

    def test_plain_ascii_gives_the_tokens_of_rouge(self) -> None:
        rng = random.Random(5)
        for _ in range(300):
            text = "".join(chr(rng.randrange(128)) for _ in range(rng.randrange(60)))
            expected = tokenize(text, Tokenizer.ROUGE)
            assert tokenize(text, Tokenizer.SCRIPTS) == expected
            # The same by the rule for other scripts, without the way round for ASCII.
            assert tokenize(text + " 한", Tokenizer.SCRIPTS) == [*expected, "한"]

    def test_rouge_is_the_library_s_own(self) -> None:
        for text in ("Write a Poem!", "don't 3.14 e-mail", "größe", "K" + "\u212a", KOREAN, ""):
            assert tokenize(text, Tokenizer.ROUGE) == SCORER._tokenizer.tokenize(text)
        rng = random.Random(6)
        for _ in range(2000):
            text = "".join(chr(int(0x110000 ** rng.random())) for _ in range(rng.randrange(40)))
            assert tokenize(text, Tokenizer.ROUGE) == SCORER._tokenizer.tokenize(text)

    def test_the_stored_names(self) -> None:
        assert [tokenizer.value for tokenizer in Tokenizer] == ["rouge", "scripts"]
        assert [state.value for state in NoveltyState] == ["novel", "too_similar", "no_tokens"]

    @pytest.mark.parametrize("tokenizer", list(Tokenizer))
    @pytest.mark.parametrize(
        "text", ["\x00a\x1bb\x7f c\x85d", "\ud800 a \udfff", "a\udc80b 한\ud83d", "\u202ea\u202c"]
    )
    def test_control_characters_and_lone_surrogates(self, tokenizer: Tokenizer, text: str) -> None:
        index = NoveltyIndex(tokenizer)
        assert index.judge(text).state is NoveltyState.NOVEL
        index.add(text)
        assert index.judge(text).neighbour == Neighbour(0, 1.0)
        assert index.judge("\x00\x07").state is NoveltyState.NO_TOKENS


DATA = Path(
    os.environ.get("STUDIO_TEST_DATA") or Path(__file__).parents[2].parent / "shared" / "data"
)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no real data at {DATA} (set STUDIO_TEST_DATA)")
class TestKnownFigures:
    """Counts made with rouge_score, every candidate against every text kept before it."""

    @staticmethod
    def instructions(name: str) -> list[str]:
        path = DATA / name
        text = path.read_text(encoding="utf-8")
        rows: list[dict[str, Any]] = (
            [json.loads(line) for line in text.splitlines() if line.strip()]
            if path.suffix == ".jsonl"
            else json.loads(text)
        )
        return [row["instruction"] for row in rows]

    @staticmethod
    def greedy(texts: Iterable[str]) -> tuple[int, int]:
        index = NoveltyIndex(Tokenizer.ROUGE)
        rejected = 0
        for text in texts:
            if index.judge(text, nearest=False).state is NoveltyState.TOO_SIMILAR:
                rejected += 1
            else:
                index.add(text)
        return len(index), rejected

    def test_code_instructions(self, comparisons: Counter[str]) -> None:
        texts = self.instructions("gpteacher/codegen-instruct.json")
        assert self.greedy(texts) == (2910, 1625)
        assert comparisons["lcs"] < 5000  # of 7 million pairs
        assert self.greedy(texts[:1500]) == (1040, 460)

    def test_roleplay_instructions(self) -> None:
        assert self.greedy(self.instructions("gpteacher/roleplay-instruct.json")) == (1887, 36)

    def test_alpaca_was_filtered_by_the_same_rule(self) -> None:
        texts = list(dict.fromkeys(self.instructions("alpaca/alpaca_5000.json")))
        assert self.greedy(texts) == (len(texts), 0)

    def test_seeds_to_their_nearest_user_oriented_instruction(self) -> None:
        index = index_of(self.instructions("self_instruct/user_oriented_instructions.jsonl"))
        seeds = self.instructions("self_instruct/seed_tasks.jsonl")
        found = [index.nearest(seed) for seed in seeds]
        scores = [neighbour.score for neighbour in found if neighbour is not None]
        assert (len(index), len(scores)) == (252, 175)
        assert round(sum(scores) / len(scores), 4) == 0.3388
        tenths = Counter(int(score * 10) for score in scores)  # 10 is exactly 1.0
        assert [tenths[i] for i in range(11)] == [0, 15, 52, 70, 22, 13, 0, 2, 0, 0, 1]
