"""Nearest scores of tasks: to seeds, and to the other tasks of a data set that may grow."""

import bisect
from collections.abc import Sequence

from selfinstruct_core.analysis.similarity import Nearest as NearestText
from selfinstruct_core.analysis.similarity import NearestPool
from selfinstruct_core.generation.tokenizers import Tokenizer, tokenize
from selfinstruct_core.models import Nearest
from selfinstruct_core.storage.data_sets import TaskText
from selfinstruct_core.storage.measures import Compared

NOTHING = Nearest(None, 0.0)


class NearestSeeds:
    """Finds the nearest of some seeds."""

    def __init__(self, seeds: Sequence[TaskText], tokenizer: Tokenizer) -> None:
        self._ids = [seed.id for seed in seeds]
        self._tokenizer = tokenizer
        self._pool = _pool(seeds, tokenizer)

    def of(self, task: TaskText) -> Nearest:
        """The seed that the task resembles most."""
        found = self._pool.nearest(task.id, _tokens(task, self._tokenizer))
        return _nearest(found, self._ids)


class NearestOthers:
    """Finds the nearest other task of a data set, whose tasks are in order of their ids.

    What was found among the first of them is taken up: ROUGE-L of two texts is the same in
    either direction, so a task has to be compared with those that came later only.
    """

    def __init__(self, tasks: Sequence[TaskText], tokenizer: Tokenizer) -> None:
        self._tasks = tasks
        self._ids = [task.id for task in tasks]
        self._tokenizer = tokenizer
        self._first = -1

    def covered(self, compared: Compared | None) -> int:
        """Among how many of the first tasks the nearest is known. Ids are given before they can
        be seen: where one came later than a higher one, nothing is taken up."""
        if compared is None or bisect.bisect_right(self._ids, compared.up_to) != compared.among:
            return 0
        return compared.among

    def of(self, position: int, before: Compared | None) -> Compared:
        """The nearest other of the task at a position, of which `before` is known.
        Fast when calls with equally much before follow each other."""
        first = self.covered(before)
        itself = position - first if position >= first else None
        task = self._tasks[position]
        nearest = self._pool_from(first).nearest(task.id, _tokens(task, self._tokenizer), itself)
        found = _nearest(nearest, self._ids[first:])
        known = before.nearest if before is not None and first else NOTHING
        # Of equals the earlier one.
        best = found if found.score > known.score else known
        return Compared(best, len(self._ids), self._ids[-1])

    def _pool_from(self, first: int) -> NearestPool:
        if first != self._first:
            self._pool, self._first = _pool(self._tasks[first:], self._tokenizer), first
        return self._pool


def _pool(texts: Sequence[TaskText], tokenizer: Tokenizer) -> NearestPool:
    return NearestPool([_tokens(text, tokenizer) for text in texts])


def _tokens(text: TaskText, tokenizer: Tokenizer) -> tuple[str, ...]:
    return tuple(tokenize(text.instruction, tokenizer))


def _nearest(found: NearestText, ids: Sequence[int]) -> Nearest:
    return NOTHING if found.position is None else Nearest(ids[found.position], found.score)
