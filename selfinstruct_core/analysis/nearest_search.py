"""Exact search for the most similar of many texts that are all known beforehand.

Scores are ROUGE-L F as in `generation.novelty`, to the last float. `SimilarityIndex` answers the
same question for a pool that grows; as nothing is added here, the elements of the texts, the
pairs (token, k-th occurrence) of `overlap_bounds`, can be split by frequency once. The commonest,
which make up most of all postings, are bits of each text; the others have postings. Together
they give the overlap with every text, an upper bound on the LCS, in a third of the time. The
LCS is computed from the highest bound down until no bound can beat the best score.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import LCSseq

from selfinstruct_core.generation.novelty import Neighbour
from selfinstruct_core.generation.overlap_bounds import FloatArray, IntArray, f_measure, f_measures
from selfinstruct_core.generation.similarity_index import Element, text_elements

_WORDS = 2
_COMMON = 64 * _WORDS
"""How many of the most frequent elements are bits."""
# A search tries the texts with the highest bound first, which ends it in data sets made by
# templates, where thousands share it; then those within this share of it; then all that is left.
_ROUNDS = (1 - 2e-9, 0.9, 0.0)
# Bounds are compared as shares, with a slack for their rounding.
_SLACK = 1 - 1e-9
_AT_ONCE = 64
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
        best, tried = _NOBODY, math.inf
        for share in _ROUNDS:
            # Below half the best score, but for rounding, is none that can beat or equal it.
            limit = max(highest * share, best.score / 2 * _SLACK)
            if limit >= tried:
                break
            untried = np.flatnonzero((shares >= limit) & (shares < tried))
            best = self._best(text, untried, overlaps, best)
            tried = limit
        return best

    def _best(
        self,
        text: array[int],
        positions: IntArray,
        overlaps: IntArray,
        best: Neighbour,
    ) -> Neighbour:
        """`best`, or the text to prefer among those at the positions."""
        bounds = f_measures(overlaps[positions], len(text), self._lengths[positions])
        for position, bound in _descending(positions, bounds):
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


def _descending(positions: IntArray, bounds: FloatArray) -> Iterator[tuple[int, float]]:
    """Positions with their bounds, the highest first, of equals the earliest."""
    order = np.argsort(-bounds, kind="stable")
    # In parts, as few are needed of many.
    for start in range(0, len(order), _AT_ONCE):
        part = order[start : start + _AT_ONCE]
        yield from zip(positions[part].tolist(), bounds[part].tolist(), strict=True)


_NONE: npt.NDArray[np.int64] = np.array([], dtype=np.int64)
