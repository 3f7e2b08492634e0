"""The novelty filter of instruction generation (paper section 2.2, and the reference code).

A candidate is rejected when its ROUGE-L F-measure with any text of the pool is above the
threshold, strictly: an F of exactly 0.7 is kept, as in the reference code. F is the library's
own 2PR/(P+R) in floats, so (LCS, m, n) = (7, 10, 10) is kept and (7, 9, 11) is rejected. The
results equal those of comparing with every text by rouge_score; `similarity_index` explains
how most of the comparisons are avoided.
"""

import heapq
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz.distance import LCSseq

from selfinstruct_core.generation.overlap_bounds import f_measure
from selfinstruct_core.generation.similarity_index import Neighbour, SimilarityIndex
from selfinstruct_core.generation.tokenizers import Tokenizer, tokenize

__all__ = [
    "DEFAULT_THRESHOLD",
    "Neighbour",
    "NoveltyIndex",
    "NoveltyState",
    "NoveltyVerdict",
    "nearest_texts",
    "rouge_l",
]

DEFAULT_THRESHOLD = 0.7


class NoveltyState(StrEnum):
    """Outcome of the filter; the values are stored with candidates and must not change."""

    NOVEL = "novel"
    TOO_SIMILAR = "too_similar"
    NO_TOKENS = "no_tokens"


@dataclass(frozen=True, slots=True)
class NoveltyVerdict:
    """Outcome for one text and, where one was looked for and exists, its nearest in the pool.

    ``no_tokens`` means that the tokenizer leaves nothing of the text to compare. The reference
    scores it 0 against everything and accepts it.
    """

    state: NoveltyState
    neighbour: Neighbour | None


def rouge_l(candidate_tokens: Sequence[str], reference_tokens: Sequence[str]) -> float:
    """ROUGE-L F in [0, 1]; 0.0 if either has no tokens.

    Equal to the last bit to ``RougeScorer(["rougeL"], use_stemmer=False)`` on the same tokens.
    """
    if not candidate_tokens or not reference_tokens:
        return 0.0
    # Over ids, as LCSseq compares hashes, and those of different strings can be equal.
    ids: dict[str, int] = {}
    candidate, reference = (
        array("I", [ids.setdefault(token, len(ids)) for token in tokens])
        for tokens in (candidate_tokens, reference_tokens)
    )
    return f_measure(LCSseq.similarity(candidate, reference), len(candidate), len(reference))


def nearest_texts(
    text: str, others: Sequence[str], tokenizer: Tokenizer, most: int
) -> list[Neighbour]:
    """The most similar of the other texts, best first, at most `most`; of equals the earlier
    ones, and none that shares no token. Compares with every one of them."""
    tokens = tokenize(text, tokenizer)
    scored = (
        Neighbour(n, rouge_l(tokens, tokenize(other, tokenizer))) for n, other in enumerate(others)
    )
    return heapq.nsmallest(
        most, (one for one in scored if one.score > 0), key=lambda one: (-one.score, one.index)
    )


class NoveltyIndex:
    """A pool of texts that judges candidates; positions count from 0 in order of adding.

    Judging does not add. Not for use by several threads at once.
    """

    def __init__(self, tokenizer: Tokenizer, threshold: float = DEFAULT_THRESHOLD) -> None:
        """``threshold`` in [0, 1]: 1.0 rejects nothing, 0.0 whatever shares one token."""
        if not 0.0 <= threshold <= 1.0:
            raise ValueError(
                f"The novelty threshold must be between 0 and 1, got {threshold}. "
                f"Use {DEFAULT_THRESHOLD} for the paper's filter."
            )
        self._tokenizer = Tokenizer(tokenizer)
        self._threshold = float(threshold)
        self._index = SimilarityIndex()

    def __len__(self) -> int:
        return len(self._index)

    def add(self, text: str) -> int:
        """Append a text to the pool and return its position; texts without tokens count too."""
        return self._index.add(self._tokens(text))

    def above_threshold(self, text: str) -> Neighbour | None:
        """The most similar text whose F is above the threshold; of equals the earliest."""
        return self._index.above(self._tokens(text), self._threshold)

    def nearest(self, text: str) -> Neighbour | None:
        """The most similar text whatever its score; of equals the earliest.

        Index 0 with score 0.0 if nothing is shared with any text; None for an empty pool or a
        text without tokens. Costs more than `above_threshold`.
        """
        return self._index.nearest(self._tokens(text))

    def judge(self, text: str, *, nearest: bool = True) -> NoveltyVerdict:
        """The filter's verdict with the nearest text of the pool.

        ``nearest=False`` leaves the neighbour of a novel text out, which is cheaper; that of
        one too similar is given in any case.
        """
        tokens = self._tokens(text)
        if not tokens:
            return NoveltyVerdict(NoveltyState.NO_TOKENS, None)
        similar = self._index.above(tokens, self._threshold)
        if similar is not None:
            return NoveltyVerdict(NoveltyState.TOO_SIMILAR, similar)
        neighbour = self._index.nearest(tokens) if nearest else None
        return NoveltyVerdict(NoveltyState.NOVEL, neighbour)

    def _tokens(self, text: str) -> list[str]:
        return tokenize(text, self._tokenizer)
