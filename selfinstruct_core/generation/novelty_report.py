"""Novelty of whole files: the greedy filter, and nearest scores against another file."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from selfinstruct_core.errors import BadInput
from selfinstruct_core.generation.novelty import NoveltyIndex, NoveltyState
from selfinstruct_core.generation.tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class FilterCounts:
    """How many texts were kept, and rejected by reason."""

    kept: int
    too_similar: int
    no_tokens: int


def filter_greedily(texts: Sequence[str], tokenizer: Tokenizer, threshold: float) -> FilterCounts:
    """Take the texts in order into a pool that starts empty; a text too similar to one in the
    pool, or without tokens under the tokenizer, is rejected."""
    index = NoveltyIndex(tokenizer, threshold)
    counts = dict.fromkeys(NoveltyState, 0)
    for text in texts:
        state = index.judge(text, nearest=False).state
        counts[state] += 1
        if state is NoveltyState.NOVEL:
            index.add(text)
    return FilterCounts(
        counts[NoveltyState.NOVEL],
        counts[NoveltyState.TOO_SIMILAR],
        counts[NoveltyState.NO_TOKENS],
    )


@dataclass(frozen=True, slots=True)
class NearestScores:
    """Each text's ROUGE-L to its nearest in another list. `histogram` has eleven counts: tenths
    from 0, each without its upper end, and exactly 1.0."""

    mean: float
    max: float
    histogram: tuple[int, ...]


def nearest_scores(
    texts: Sequence[str], others: Sequence[str], tokenizer: Tokenizer
) -> NearestScores:
    """Nearest scores of all texts; a text without tokens scores 0. Raises BadInput when a list
    is empty."""
    if not texts or not others:
        raise BadInput("There are no instructions to compare; both files need at least one.")
    index = NoveltyIndex(tokenizer)
    for other in others:
        index.add(other)
    scores = [
        neighbour.score if (neighbour := index.nearest(text)) is not None else 0.0 for text in texts
    ]
    histogram = [0] * 11
    for score in scores:
        histogram[10 if score == 1.0 else min(9, int(score * 10))] += 1
    return NearestScores(math.fsum(scores) / len(scores), max(scores), tuple(histogram))
