"""Nearest tasks, by comparing every pair: also of a data set that has grown."""

import random
from collections.abc import Sequence

import pytest

from selfinstruct_core.analysis.similarity import NearestPool
from selfinstruct_core.data_sets import nearest as nearest_module
from selfinstruct_core.data_sets.nearest import NOTHING, NearestOthers, NearestSeeds
from selfinstruct_core.generation.novelty import rouge_l
from selfinstruct_core.generation.tokenizers import Tokenizer, tokenize
from selfinstruct_core.models import Nearest
from selfinstruct_core.storage.data_sets import TaskText
from selfinstruct_core.storage.measures import Compared


def made_up(count: int, first: int = 1) -> list[TaskText]:
    """Tasks of few words, so that many are alike, and some have no tokens."""
    chance = random.Random(first)
    words = ["write", "a", "poem", "about", "the", "sea", "city", "!"]
    return [
        TaskText(first + 2 * n, 1, " ".join(chance.choices(words, k=chance.randrange(1, 7))))
        for n in range(count)
    ]


def by_all_pairs(task: TaskText, others: list[TaskText]) -> Nearest:
    tokens = tokenize(task.instruction, Tokenizer.ROUGE)
    scores = [rouge_l(tokens, tokenize(one.instruction, Tokenizer.ROUGE)) for one in others]
    best = max(scores, default=0.0)
    return Nearest(others[scores.index(best)].id, best) if best else NOTHING


def others_of(tasks: list[TaskText], position: int) -> list[TaskText]:
    return tasks[:position] + tasks[position + 1 :]


def found_in(
    tasks: list[TaskText], known: dict[int, Compared] | None = None
) -> dict[int, Compared]:
    nearest = NearestOthers(tasks, Tokenizer.ROUGE)
    return {task.id: nearest.of(n, (known or {}).get(task.id)) for n, task in enumerate(tasks)}


def test_seeds() -> None:
    seeds, tasks = made_up(30, 1000), made_up(60)
    nearest = NearestSeeds(seeds, Tokenizer.ROUGE)
    assert [nearest.of(task) for task in tasks] == [by_all_pairs(task, seeds) for task in tasks]


def test_others() -> None:
    tasks = made_up(80)
    assert found_in(tasks) == {
        task.id: Compared(by_all_pairs(task, others_of(tasks, n)), 80, tasks[-1].id)
        for n, task in enumerate(tasks)
    }


@pytest.mark.parametrize("steps", [(1, 2, 40), (30, 31, 80), (10, 10, 11)])
def test_others_of_a_data_set_that_grows(steps: tuple[int, ...]) -> None:
    tasks = made_up(80)
    known: dict[int, Compared] = {}
    for size in steps:
        known = found_in(tasks[:size], known)
        assert known == found_in(tasks[:size])


def test_what_was_cut_off_in_between_is_taken_up() -> None:
    tasks = made_up(60)
    known = found_in(tasks[:20])
    half = found_in(tasks[:40], known)
    mixed = {id_: half[id_] if n % 3 else known[id_] for n, id_ in enumerate(known)}
    assert found_in(tasks, mixed) == found_in(tasks)


def test_only_what_is_new_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = made_up(60)
    known = found_in(tasks[:50])
    pools: list[list[tuple[str, ...]]] = []

    class Counted(NearestPool):
        def __init__(self, texts: Sequence[tuple[str, ...]]) -> None:
            pools.append(list(texts))
            super().__init__(texts)

    monkeypatch.setattr(nearest_module, "NearestPool", Counted)
    nearest = NearestOthers(tasks, Tokenizer.ROUGE)
    for position in range(50):
        nearest.of(position, known[tasks[position].id])
    # One pool, of the new texts alone.
    new = [tuple(tokenize(task.instruction, Tokenizer.ROUGE)) for task in tasks[50:]]
    assert pools == [new]


def test_a_task_that_was_seen_later_than_a_higher_one() -> None:
    """Two transactions: the one that took the lower id was committed last."""
    tasks = made_up(20)
    known = found_in([*tasks[:4], *tasks[5:]])
    nearest = NearestOthers(tasks, Tokenizer.ROUGE)
    assert {nearest.covered(one) for one in known.values()} == {0}
    assert found_in(tasks, known) == found_in(tasks)


def test_one_task() -> None:
    (task,) = made_up(1)
    assert found_in([task]) == {task.id: Compared(NOTHING, 1, task.id)}
