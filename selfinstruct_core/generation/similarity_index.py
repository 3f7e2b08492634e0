"""Exact search for the text with the highest ROUGE-L in a growing pool.

An inverted index over elements, the pairs (token, k-th occurrence) of `overlap_bounds`, whose
postings are split into bands of text length.

*Above a threshold.* For the lengths of one band, a text that passes shares at least o elements
with the m of the query, so it contains one of any m - o + 1 of them; the rarest are looked up,
which is the prefix filter of set-similarity joins (PPJoin). Rarity is counted now, per query:
the bound holds for any choice, so there is no global order to keep and nothing to rebuild as the
pool grows. (Indexing prefixes of the pool's texts only, in a fixed order, would read a tenth to
a third less, but needs rebuilding, and a second index for what follows.) What was found passes
through a bit signature of each text, and what is left gets a real LCS.

*Nearest whatever its score.* The overlap with every text of the pool is counted, and the LCS is
computed from the highest bound down until no bound can beat the best score.

Not for use by several threads at once.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import LCSseq

from selfinstruct_core.generation.overlap_bounds import (
    IntArray,
    f_measure,
    f_measures,
    length_band,
    search_plan,
)

# A token the pool does not have; it may stand for several, as no text of the pool contains it.
_UNKNOWN = 0xFFFFFFFF

# The index of a score to beat that no text of the pool has.
_NOBODY = -1

# With 128 bits little more passes than by the exact overlap; with 64, ten times as much.
_SIGNATURE_WORDS = 2
_WORD_MASK = (1 << 64) - 1

# Counting the overlap with the whole pool is cheaper (measured) than filtering postings of more
# than this share of it, or computing an LCS with more than that; of a few it never is.
_MOST_FILTERED = 0.5
_MOST_COMPARED = 0.01
_FEW = 16

# The first round of a nearest search tries texts whose bound is within this share of the best.
_FIRST_ROUND = 0.9

Element = str | tuple[str, int]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A text of the pool: its position in order of adding, and its ROUGE-L F in [0, 1]."""

    index: int
    score: float


@dataclass(frozen=True, slots=True)
class _Query:
    """A text in the index's terms."""

    tokens: array[int]  # ids in text order, `_UNKNOWN` where the pool does not have the token
    known: list[int]  # ids of the elements the pool has, the rarest first
    signature: npt.NDArray[np.uint64]

    @property
    def length(self) -> int:
        return len(self.tokens)


class SimilarityIndex:
    """Texts as token lists, added one by one; 0.3 to 1.5 KB each for texts of 15 tokens."""

    def __init__(self) -> None:
        self._ids: dict[Element, int] = {}
        self._frequency = array("I")  # by element id: how many texts contain it
        # By band, then by element id: the positions of texts that contain it, rising.
        self._bands: dict[int, dict[int, array[int]]] = {}
        self._tokens = array("I")  # all texts, one after the other
        self._starts = array("Q", [0])
        # Numpy arrays with spare room, as they are read thousands of entries at a time.
        self._lengths = np.ones(64, dtype=np.int64)
        self._signatures = np.zeros((64, _SIGNATURE_WORDS), dtype=np.uint64)
        self._longest = 64  # a power of two: an upper bound, so that plans stay cached

    def __len__(self) -> int:
        return len(self._starts) - 1

    def add(self, tokens: Sequence[str]) -> int:
        """Append a text and return its position."""
        position = len(self)
        elements = [self._intern(element) for element in text_elements(tokens)]
        self._tokens.extend([self._ids[token] for token in tokens])
        self._starts.append(len(self._tokens))
        self._reserve(position, len(tokens))
        if elements:
            self._lengths[position] = len(elements)
            self._signatures[position] = _signature(elements)
            self._post(position, elements)
        return position

    def above(self, tokens: Sequence[str], threshold: float) -> Neighbour | None:
        """The most similar text whose F is above the threshold; of equals the earliest."""
        query = self._query(tokens)
        if not query.known:
            return None
        found = self._candidates(query, threshold)
        if found is None:
            nearest = self._nearest(query)
            return nearest if nearest is not None and nearest.score > threshold else None
        # Before all positions: a text that only equals the threshold does not replace it.
        nobody = Neighbour(_NOBODY, threshold)
        best = self._best(query, *found, nobody)
        return None if best is nobody else best

    def nearest(self, tokens: Sequence[str]) -> Neighbour | None:
        """The most similar text, of equals the earliest; None if there is nothing to compare."""
        return self._nearest(self._query(tokens))

    def _candidates(self, query: _Query, threshold: float) -> tuple[IntArray, IntArray] | None:
        """All texts that can pass the threshold, and an upper bound on the overlap with each.

        None where it takes less time to count the overlap with the whole pool: many texts can
        pass a low threshold, and signatures tell long texts apart badly.
        """
        plan = search_plan(query.length, threshold, self._longest)
        found = _read(self._prefix_postings(query, plan.prefixes))
        if len(found) > _FEW + _MOST_FILTERED * len(self):
            return None
        overlaps = self._overlap_bounds(query, found)
        passing = np.flatnonzero(overlaps >= plan.required[self._lengths[found]])
        if len(passing) > _FEW + _MOST_COMPARED * len(self):
            return None
        if len(passing) < 2:  # nothing to merge or sort
            return found[passing], overlaps[passing]
        positions, first = np.unique(found[passing], return_index=True)
        return positions, overlaps[passing[first]]

    def _nearest(self, query: _Query) -> Neighbour | None:
        if not query.length or not len(self):
            return None
        all_postings = (self._postings(band, query.known) for band in self._bands)
        counts = np.bincount(_read(all_postings), minlength=len(self))
        # Half the bound on F but for rounding; F itself is computed for the texts tried.
        shares = counts / (self._lengths[: len(self)] + query.length)
        highest = float(shares.max())
        if highest == 0.0:
            return Neighbour(0, 0.0)

        def best_from(limit: float, start: Neighbour) -> Neighbour:
            positions = np.flatnonzero(shares >= limit)
            return self._best(query, positions, counts[positions], start)

        best = best_from(highest * _FIRST_ROUND, Neighbour(_NOBODY, 0.0))
        # All that can beat or equal it; the slack covers the rounding of `shares`.
        return best_from(best.score / 2 * (1 - 1e-9), best)

    def _best(
        self, query: _Query, positions: IntArray, overlaps: IntArray, best: Neighbour
    ) -> Neighbour:
        """``best`` or the one of ``positions`` to prefer: a higher F, or the same and earlier.

        ``overlaps`` bound the LCS from above. Texts are tried by descending bound on F, equal
        bounds by position, so the first that cannot win ends the search.
        """
        if not len(positions):
            return best
        bounds = f_measures(overlaps, query.length, self._lengths[positions])
        order = np.lexsort((positions, -bounds))
        for position, bound in zip(positions[order].tolist(), bounds[order].tolist(), strict=True):
            if (-bound, position) >= (-best.score, best.index):
                break
            score = self._score(query, position)
            if (-score, position) < (-best.score, best.index):
                best = Neighbour(position, score)
        return best

    def _score(self, query: _Query, position: int) -> float:
        text = self._tokens[self._starts[position] : self._starts[position + 1]]
        return f_measure(LCSseq.similarity(query.tokens, text), query.length, len(text))

    def _overlap_bounds(self, query: _Query, positions: IntArray) -> IntArray:
        """Upper bounds on the overlap with each text, from the signatures.

        A bit set in one signature only stands for at least one element of the symmetric
        difference, which has known + n - 2 * overlap elements.
        """
        # `take` reads a row at once, three times as fast as indexing.
        signatures = self._signatures.take(positions, axis=0)
        different = np.bitwise_count(signatures ^ query.signature)
        bounds = self._lengths[positions] + len(query.known)
        for word in range(_SIGNATURE_WORDS):
            bounds -= different[:, word]
        bounds >>= 1
        return bounds

    def _prefix_postings(
        self, query: _Query, prefixes: Iterable[tuple[int, int]]
    ) -> Iterator[Iterable[array[int]]]:
        """Those of the rarest elements; those the pool does not have are the very rarest."""
        unknown = query.length - len(query.known)
        for band, prefix in prefixes:
            if band in self._bands and prefix > unknown:
                yield self._postings(band, query.known[: prefix - unknown])

    def _postings(self, band: int, elements: Iterable[int]) -> Iterable[array[int]]:
        return filter(None, map(self._bands[band].get, elements))

    def _query(self, tokens: Sequence[str]) -> _Query:
        ids = self._ids
        known = [ids[element] for element in text_elements(tokens) if element in ids]
        known.sort(key=self._frequency.__getitem__)
        text = array("I", [ids.get(token, _UNKNOWN) for token in tokens])
        return _Query(text, known, np.array(_signature(known), dtype=np.uint64))

    def _intern(self, element: Element) -> int:
        identifier = self._ids.setdefault(element, len(self._ids))
        if identifier == len(self._frequency):
            self._frequency.append(0)
        return identifier

    def _post(self, position: int, elements: Sequence[int]) -> None:
        by_element = self._bands.setdefault(length_band(len(elements)), {})
        for element in elements:
            self._frequency[element] += 1
            postings = by_element.get(element)
            if postings is None:
                by_element[element] = array("I", (position,))
            else:
                postings.append(position)

    def _reserve(self, position: int, length: int) -> None:
        """Room for one more text."""
        if position == len(self._lengths):
            self._lengths = np.concatenate((self._lengths, np.ones_like(self._lengths)))
            self._signatures = np.concatenate((self._signatures, np.zeros_like(self._signatures)))
        while self._longest < length:
            self._longest *= 2


def _read(postings: Iterable[Iterable[array[int]]]) -> IntArray:
    """All positions in them, one after the other."""
    joined = b"".join(itertools.chain.from_iterable(postings))
    return np.frombuffer(joined, dtype=np.uint32).astype(np.int64)


def text_elements(tokens: Sequence[str]) -> Iterator[Element]:
    """The first occurrence of a token is named by the token, later ones by (token, k)."""
    seen: dict[str, int] = {}
    for token in tokens:
        occurrence = seen.get(token, 0)
        seen[token] = occurrence + 1
        yield (token, occurrence) if occurrence else token


def _signature(elements: Iterable[int]) -> tuple[int, ...]:
    """A bit set of which each element sets one bit, as words of 64 bits."""
    bits = 0
    for element in elements:
        bits |= 1 << element % (64 * _SIGNATURE_WORDS)
    return tuple(bits >> 64 * word & _WORD_MASK for word in range(_SIGNATURE_WORDS))
