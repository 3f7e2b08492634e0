"""Exact search for the most similar of many texts that are all known beforehand.

Scores are ROUGE-L F as in `generation.novelty`, to the last float. `SimilarityIndex` answers the
same question for a pool that grows; as nothing is added here, the elements of the texts, the
pairs (token, k-th occurrence) of `overlap_bounds`, can be split by frequency once. The commonest,
which make up most of all postings, are bits of each text; the others have postings. Together
they give the overlap with every text, an upper bound on the LCS, in a third of the time. The
LCS is computed from the highest bound down until no bound can beat the best score.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import LCSseq

from selfinstruct_core.generation.novelty import Neighbour
from selfinstruct_core.generation.overlap_bounds import FloatArray, IntArray, f_measure, f_measures
from selfinstruct_core.generation.similarity_index import Element, text_elements

_WORDS = 2
_COMMON = 64 * _WORDS
"""How many of the most frequent elements are bits."""
# The first round of a search tries texts whose bound is within this share of the best.
_FIRST_ROUND = 0.9
_NOBODY = Neighbour(-1, 0.0)


class NearestSearch:
    """The texts as token lists, each with at least one token; positions count from 0."""

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        ids: dict[Element, int] = {}
        self._lengths = np.array([len(text) for text in texts], dtype=np.int64)
        self._tokens = [array("I", [ids.setdefault(t, len(ids)) for t in text]) for text in texts]
        flat = array("Q")
        for text in texts:
            flat.extend([ids.setdefault(element, len(ids)) for element in text_elements(text)])
        self._ids = ids
        self._sort(np.array(flat, dtype=np.int64))

    def _sort(self, flat: IntArray) -> None:
        """Postings of all elements, and the bits of the commonest."""
        owners = np.repeat(np.arange(len(self._lengths)), self._lengths)
        frequency = np.bincount(flat, minlength=len(self._ids))
        self._starts = np.concatenate(([0], np.cumsum(frequency))).tolist()
        self._postings = owners[np.argsort(flat, kind="stable")]
        commonest = np.argsort(-frequency, kind="stable")[:_COMMON].tolist()
        self._bit_of = {element: bit for bit, element in enumerate(commonest)}
        self._bits = np.zeros((_WORDS, len(self._lengths)), dtype=np.uint64)
        for element, bit in self._bit_of.items():
            self._bits[bit // 64, self._having(element)] |= np.uint64(1 << bit % 64)

    def __len__(self) -> int:
        return len(self._tokens)

    def nearest(self, tokens: Sequence[str], excluded: int | None = None) -> Neighbour | None:
        """The most similar text but for the one at the excluded position, of equals the
        earliest; None if no other shares a token."""
        if not len(self):
            return None
        overlaps = self._overlaps(tokens)
        if excluded is not None:
            overlaps[excluded] = 0
        # Half the bound on F but for rounding; F itself is computed for the texts tried.
        shares: FloatArray = overlaps / (self._lengths + len(tokens))
        highest = float(shares.max())
        if highest == 0.0:
            return None
        # No token of a text has the number of one that no text has.
        text = array("I", [self._ids.get(token, len(self._ids)) for token in tokens])
        best = self._best(text, shares, highest * _FIRST_ROUND, overlaps, _NOBODY)
        # All that can beat or equal it; the slack covers the rounding of `shares`.
        return self._best(text, shares, best.score / 2 * (1 - 1e-9), overlaps, best)

    def _best(
        self,
        text: array[int],
        shares: FloatArray,
        limit: float,
        overlaps: IntArray,
        best: Neighbour,
    ) -> Neighbour:
        """`best`, or the text to prefer among those whose share reaches the limit."""
        positions = np.flatnonzero(shares >= limit)
        bounds = f_measures(overlaps[positions], len(text), self._lengths[positions])
        order = np.argsort(-bounds, kind="stable")
        for position, bound in zip(positions[order].tolist(), bounds[order].tolist(), strict=True):
            if (-bound, position) >= (-best.score, best.index):
                break
            other = self._tokens[position]
            score = f_measure(LCSseq.similarity(text, other), len(text), len(other))
            if (-score, position) < (-best.score, best.index):
                best = Neighbour(position, score)
        return best

    def _overlaps(self, tokens: Sequence[str]) -> IntArray:
        """How many elements each text shares with these tokens."""
        bits = [0] * _WORDS
        postings: list[IntArray] = [_NONE]
        for element in text_elements(tokens):
            known = self._ids.get(element)
            bit = self._bit_of.get(known) if known is not None else None
            if bit is not None:
                bits[bit // 64] |= 1 << bit % 64
            elif known is not None:
                postings.append(self._having(known))
        overlaps: IntArray = np.bincount(np.concatenate(postings), minlength=len(self))
        for word, mask in zip(self._bits, bits, strict=True):
            overlaps += np.bitwise_count(word & np.uint64(mask))
        return overlaps

    def _having(self, element: int) -> IntArray:
        """The positions of the texts that have an element, rising."""
        return self._postings[self._starts[element] : self._starts[element + 1]]


_NONE: npt.NDArray[np.int64] = np.array([], dtype=np.int64)
