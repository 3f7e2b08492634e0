"""How similar instructions are to the seeds, and to each other (Figure 3 of SELF-INSTRUCT).

Scores are ROUGE-L F in [0, 1], equal to rouge_score's to the last float. Texts with the same
tokens score 1.0. A text without tokens scores 0.0 against everything, even itself: under the
paper's tokenizer that is any text in Korean or Chinese (see `tokenizers`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from selfinstruct_core.analysis.bins import Distribution, unit_distribution
from selfinstruct_core.analysis.data_set import AnalysedTask
from selfinstruct_core.analysis.nearest_search import NearestSearch
from selfinstruct_core.generation.novelty import DEFAULT_THRESHOLD
from selfinstruct_core.generation.tokenizers import Tokenizer, tokenize

PER_UNIT = 20
"""Bins on [0, 1]: each 0.05 wide."""
_TOLD_EVERY = 250

Progress = Callable[[int, int], None]
"""Is told how many texts of how many are done; what it raises ends the search."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The score of a task's most similar text. `position` counts the compared texts from 0, of
    equally similar ones it is the first; it is None where no token is shared. `has_tokens` tells
    whether the task's instruction can be compared at all."""

    id: int
    score: float
    position: int | None
    has_tokens: bool = True


@dataclass(frozen=True, slots=True)
class Similarity:
    """Scores in bins of 0.05, closed below, and exactly 1.0 apart; `above` counts scores above
    0.7, which the novelty filter would reject."""

    distribution: Distribution
    above: int
    without_tokens: int

    @property
    def share_above(self) -> float | None:
        """In [0, 1]; None of nothing."""
        return self.above / self.distribution.n if self.distribution.n else None


def nearest_texts_of(
    tasks: Sequence[AnalysedTask],
    texts: Sequence[str],
    tokenizer: Tokenizer = Tokenizer.ROUGE,
    progress: Progress | None = None,
) -> tuple[Nearest, ...]:
    """The nearest of the texts (those of the seeds, say) for each task; `position` is in these."""
    pool = NearestPool([tuple(tokenize(text, tokenizer)) for text in texts])
    found = []
    for done, task in enumerate(tasks):
        _tell(progress, done, len(tasks))
        found.append(pool.nearest(task.id, tuple(tokenize(task.instruction, tokenizer))))
    _tell(progress, len(tasks), len(tasks))
    return tuple(found)


def nearest_others(
    tasks: Sequence[AnalysedTask],
    tokenizer: Tokenizer = Tokenizer.ROUGE,
    progress: Progress | None = None,
) -> tuple[Nearest, ...]:
    """The nearest other task of the same data set for each; `position` is in `tasks`. A task is
    other by its place: the same text elsewhere is a neighbour with 1.0."""
    tokens = [tuple(tokenize(task.instruction, tokenizer)) for task in tasks]
    pool = NearestPool(tokens)
    found = []
    for done, task in enumerate(tasks):
        _tell(progress, done, len(tasks))
        found.append(pool.nearest(task.id, tokens[done], own=done))
    _tell(progress, len(tasks), len(tasks))
    return tuple(found)


def similarity(nearest: Sequence[Nearest], threshold: float = DEFAULT_THRESHOLD) -> Similarity:
    """The distribution of the scores; `above` is strict, as the novelty filter is."""
    return Similarity(
        distribution=unit_distribution(((one.id, one.score) for one in nearest), PER_UNIT),
        above=sum(one.score > threshold for one in nearest),
        without_tokens=sum(not one.has_tokens for one in nearest),
    )


class NearestPool:
    """Texts as tokens, to be searched for the nearest of each other or of a further one. Those
    that are equal are searched as one."""

    def __init__(self, texts: Sequence[tuple[str, ...]]) -> None:
        self._places: dict[tuple[str, ...], list[int]] = {}
        for position, tokens in enumerate(texts):
            if tokens:
                self._places.setdefault(tokens, []).append(position)
        # In the order of their first places, so that the first of equal scores is the earliest.
        self._first = [places[0] for places in self._places.values()]
        self._number = {tokens: number for number, tokens in enumerate(self._places)}
        self._search = NearestSearch(list(self._places))

    def nearest(self, id_: int, tokens: tuple[str, ...], own: int | None = None) -> Nearest:
        """The nearest text at another place than `own`, for the task of that id."""
        if not tokens:
            return Nearest(id_, 0.0, None, has_tokens=False)
        equal = next((n for n in self._places.get(tokens, ())[:2] if n != own), None)
        if equal is not None:
            return Nearest(id_, 1.0, equal)
        # What is left with these tokens, if anything, is the text itself.
        best = self._search.nearest(tokens, self._number.get(tokens))
        if best is None:
            return Nearest(id_, 0.0, None)
        return Nearest(id_, best.score, self._first[best.index])


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None and (done % _TOLD_EVERY == 0 or done == total):
        progress(done, total)
