"""Nearest scores: by hand, and against rouge_score itself."""

import random
from collections.abc import Sequence

import numpy as np
import pytest
from rouge_score import rouge_scorer

from selfinstruct_core.analysis.similarity import (
    Nearest,
    nearest_others,
    nearest_texts_of,
    similarity,
)
from selfinstruct_core.generation.novelty import NoveltyIndex
from selfinstruct_core.generation.tokenizers import Tokenizer
from tests.analysis.real_tasks import alpaca, instructions_of, needs_real_data, task

SCORER = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)


def rouge(one: str, other: str) -> float:
    return float(SCORER.score(one, other)["rougeL"].fmeasure)


def tasks_of(texts: Sequence[str], start: int = 100) -> list[object]:
    return [task(start + n, text) for n, text in enumerate(texts)]


def best(text: str, others: dict[int, str]) -> tuple[float, int | None]:
    """The highest score and the first position that has it."""
    scores = {n: rouge(text, other) for n, other in others.items()}
    highest = max(scores.values(), default=0.0)
    return highest, next((n for n, s in scores.items() if s == highest > 0), None)


def test_by_hand() -> None:
    tasks = tasks_of(["a b c d", "a b", "A b!", "x", "b a", "다음"])
    assert nearest_others(tasks) == (
        # "a b" is 2 of 4 and 2 of 2: P = 2/4, R = 1, F = 2/3.
        Nearest(100, 2 * 0.5 * 1 / 1.5, 1),
        Nearest(101, 1.0, 2),
        Nearest(102, 1.0, 1),
        Nearest(103, 0.0, None),
        # One of 2 and 2 words in order: 1/2, as with position 2.
        Nearest(104, 0.5, 1),
        Nearest(105, 0.0, None, has_tokens=False),
    )
    assert nearest_texts_of(tasks[:2], ["b", "", "c d", "d c"]) == (
        Nearest(100, 2 * 0.5 * 1 / 1.5, 2),
        Nearest(101, 2 * 0.5 * 1 / 1.5, 0),
    )


def test_itself_is_excluded_by_its_place_only() -> None:
    same = tasks_of(["Sing a song."] * 3)
    assert nearest_others(same) == (
        Nearest(100, 1.0, 1),
        Nearest(101, 1.0, 0),
        Nearest(102, 1.0, 0),
    )
    assert nearest_others(same[:1]) == (Nearest(100, 0.0, None),)
    assert nearest_others([]) == ()
    assert nearest_texts_of(same[:1], []) == (Nearest(100, 0.0, None),)


@pytest.mark.parametrize("seed", range(5))
def test_as_rouge_score_to_the_last_bit(seed: int) -> None:
    rng = random.Random(seed)
    # Few words, so that many scores are equal; more kinds of words than there are bits for.
    texts = [
        " ".join(f"w{int(rng.paretovariate(0.4)) % 400}" for _ in range(rng.randint(1, 9)))
        for _ in range(150)
    ]
    texts += ["", "?!", "다음", "unlike the others", "w1 w1 w1 w1", "w1 w1", texts[3]]
    rng.shuffle(texts)
    found = nearest_others(tasks_of(texts))
    for n, text in enumerate(texts):
        others = {k: other for k, other in enumerate(texts) if k != n}
        assert (found[n].score, found[n].position) == best(text, others)
    seeds = texts[::5]
    for n, one in enumerate(nearest_texts_of(tasks_of(texts), seeds)):
        assert (one.score, one.position) == best(texts[n], dict(enumerate(seeds)))


def test_where_many_texts_have_the_same_bound() -> None:
    rng = random.Random(8)
    # Of the same words in any order, and made by a template.
    texts = [" ".join(rng.sample(["a", "b", "c", "d", "e", "f"], 6)) for _ in range(90)]
    texts += [f"translate the word w{n} into l{n % 5} for me" for n in range(90)]
    found = nearest_others(tasks_of(texts))
    for n, text in enumerate(texts):
        others = {k: other for k, other in enumerate(texts) if k != n}
        assert (found[n].score, found[n].position) == best(text, others)


def test_other_scripts_need_their_tokenizer() -> None:
    tasks = tasks_of(["노래", "노래하다", "춤"])
    assert [one.has_tokens for one in nearest_others(tasks)] == [False] * 3
    assert similarity(nearest_others(tasks)).without_tokens == 3
    found = nearest_others(tasks, Tokenizer.SCRIPTS)
    # 2 of 2 and 2 of 4 syllables.
    assert [one.score for one in found] == [2 * 0.5 * 1 / 1.5, 2 * 0.5 * 1 / 1.5, 0.0]
    assert nearest_texts_of(tasks[:1], ["노래"], Tokenizer.SCRIPTS)[0].score == 1.0


def test_odd_texts() -> None:
    long = " ".join(f"w{n % 700}" for n in range(22_000))
    assert len(long) > 100_000
    texts = [long, long + " end", "w1\x00w2", "\x00\x1b", "w1 w2\ud800"]
    found = nearest_others(tasks_of(texts))
    assert found[0].score == found[1].score == rouge_of(22_000, 22_000, 22_001)
    assert [one.score for one in found[2:]] == [1.0, 0.0, 1.0]


def rouge_of(common: int, one: int, other: int) -> float:
    precision, recall = common / one, common / other
    return 2 * precision * recall / (precision + recall)


def test_bins_by_hand() -> None:
    scores = [0.0, 0.049, 0.05, 0.7, rouge_of(7, 9, 11), 0.7, 0.95, 0.999999999999, 1.0, 1.0]
    assert scores[4] == 0.7000000000000001
    found = similarity([Nearest(n, score, 0) for n, score in enumerate(scores)])
    shown = found.distribution
    assert [(one.name, one.low, one.high) for one in shown.bins][:2] == [
        ("0.00-0.05", 0.0, 0.05),
        ("0.05-0.10", 0.05, 0.1),
    ]
    assert [(one.name, one.ids) for one in shown.bins if one.count] == [
        ("0.00-0.05", (0, 1)),
        ("0.05-0.10", (2,)),
        ("0.70-0.75", (3, 4, 5)),
        ("0.95-1.00", (6, 7)),
        ("1", (8, 9)),
    ]
    assert (len(shown.bins), shown.width, shown.n) == (21, 0.05, 10)
    assert shown.mean == pytest.approx(sum(scores) / 10, abs=1e-15)
    assert shown.median == (0.7 + 0.7000000000000001) / 2
    # Above 0.7 strictly: the 7 of 9 and 11, 0.95, almost 1, and 1 twice.
    assert (found.above, found.share_above) == (5, 0.5)


def test_no_scores() -> None:
    found = similarity([])
    assert (found.distribution.n, found.distribution.mean, found.share_above) == (0, None, None)


def test_progress_is_told_and_can_end_the_search() -> None:
    told: list[tuple[int, int]] = []
    tasks = tasks_of([f"w{n}" for n in range(600)])
    nearest_others(tasks, progress=lambda *step: told.append(step))
    nearest_texts_of(tasks[:10], ["x"], progress=lambda *step: told.append(step))
    assert told == [(0, 600), (250, 600), (500, 600), (600, 600), (0, 10), (10, 10)]

    class Stopped(Exception):
        pass

    def stop(done: int, _: int) -> None:
        if done:
            raise Stopped

    with pytest.raises(Stopped):
        nearest_others(tasks, progress=stop)


@needs_real_data
def test_the_seeds_against_the_252() -> None:
    seeds = instructions_of("self_instruct/seed_tasks.jsonl")
    others = instructions_of("self_instruct/user_oriented_instructions.jsonl")
    found = nearest_texts_of(tasks_of(seeds), others)
    shown = similarity(found).distribution
    assert round(shown.mean or 0, 4) == 0.3388
    counts = [one.count for one in shown.bins]
    tenths = [counts[n] + counts[n + 1] for n in range(0, 20, 2)]
    assert [*tenths, counts[20]] == [0, 15, 52, 70, 22, 13, 0, 2, 0, 0, 1]
    for one, text in list(zip(found, seeds, strict=True))[::7]:
        assert (one.score, one.position) == best(text, dict(enumerate(others)))


@needs_real_data
class TestRealTasks:
    def test_nearest_seed_as_the_novelty_index(self) -> None:
        seeds = instructions_of("self_instruct/seed_tasks.jsonl")
        index = NoveltyIndex(Tokenizer.ROUGE)
        for text in seeds:
            index.add(text)
        for one, found in zip(alpaca(), nearest_texts_of(alpaca(), seeds), strict=True):
            expected = index.nearest(one.instruction)
            assert expected is not None
            assert found.score == expected.score
            assert found.position == (expected.index if expected.score else None)

    def test_nearest_other(self) -> None:
        tasks = alpaca()
        found = nearest_others(tasks)
        scores = np.array([one.score for one in found])
        # What a task is nearest to is at least as near to something.
        for n, one in enumerate(found):
            assert one.position is not None
            assert one.position != n
            assert scores[one.position] >= one.score
        for n in random.Random(4).sample(range(len(tasks)), 10):
            text = tasks[n].instruction
            others = {k: t.instruction for k, t in enumerate(tasks) if k != n}
            assert (found[n].score, found[n].position) == best(text, others)
        shown = similarity(found)
        # A greedy filter rejects none of them, in any order: no pair is above the threshold.
        assert shown.above == int((scores > 0.7).sum()) == 0
        counted = np.histogram(np.floor(scores * 20), bins=np.arange(22))[0]
        assert [one.count for one in shown.distribution.bins] == counted.tolist()
        assert shown.distribution.mean == pytest.approx(scores.mean(), abs=1e-12)
        assert shown.distribution.median == np.median(scores)
