"""How many elements two texts must share before their ROUGE-L can pass a threshold.

An element is a pair (token, k-th occurrence in the text), so a text of n tokens has n distinct
elements. A common subsequence uses each of its tokens once on either side, hence

    LCS <= number of shared elements ("overlap")

Every bound is computed with the library's own formula, F = 2PR/(P+R) in floats, never with
2L/(m+n), which decides 50 of the 86 shapes of exactly 7/10 up to 60 tokens otherwise. Putting
the overlap where the LCS belongs therefore gives a bound without any slack for rounding: for
fixed lengths F grows with L, neighbouring values differ by a factor of (L+1)/L, and the handful
of roundings in the formula (1e-16 each) cannot turn that around.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from rouge_score import scoring

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

# Required overlap of a length that cannot pass whatever it shares.
OUT_OF_REACH = 1 << 40

# Lengths are grouped into bands of a ratio of 2**(1/4). More bands read fewer postings of texts
# that are too short or too long, but look up more of them.
_BANDS_PER_OCTAVE = 4


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """Where texts that pass the threshold against a text of one length can be.

    ``required[n]`` is the smallest overlap with which a text of n tokens can pass; it covers
    all lengths of the bands below.
    ``prefixes`` holds (band, p) for each reachable band: a text there that passes contains at
    least one of any p of the text's elements.
    """

    required: IntArray
    prefixes: tuple[tuple[int, int], ...]


def f_measure(lcs: int, candidate_length: int, reference_length: int) -> float:
    """rouge_score's F in [0, 1] from an LCS and two positive lengths; symmetric in the lengths."""
    f: float = scoring.fmeasure(lcs / candidate_length, lcs / reference_length)
    return f


def f_measures(overlaps: IntArray, length: int, lengths: IntArray) -> FloatArray:
    """`f_measure` over arrays, equal to the last bit; all arguments positive."""
    precision = overlaps / length
    recall = overlaps / lengths
    result: FloatArray = 2 * precision * recall / (precision + recall)
    return result


def length_band(length: int) -> int:
    """The band of a positive length, below 128 up to 2**32 tokens; never falls with length."""
    return int(_BANDS_PER_OCTAVE * math.log2(length))


@lru_cache(maxsize=1024)
def search_plan(length: int, threshold: float, longest: int) -> SearchPlan:
    """The plan for a text of ``length`` tokens against texts of up to ``longest``.

    The prefix of a band is the pigeonhole bound of set-similarity joins: a text that shares o
    of the m elements misses m - o of them, so it contains one of any m - o + 1.
    """
    required = required_overlaps(length, threshold, _reach(length, threshold, longest))
    smallest: dict[int, int] = {}
    for n in np.flatnonzero(required < OUT_OF_REACH).tolist():
        band = length_band(n)
        smallest[band] = min(smallest.get(band, OUT_OF_REACH), int(required[n]))
    prefixes = tuple((band, length - overlap + 1) for band, overlap in smallest.items())
    return SearchPlan(required, prefixes)


def required_overlaps(length: int, threshold: float, longest: int) -> IntArray:
    """For each n up to ``longest``, the smallest overlap whose F is above the threshold.

    Lengths that would need more than min(length, n) shared elements get `OUT_OF_REACH`.
    """
    lengths = np.arange(longest + 1, dtype=np.int64)
    lengths[0] = 1  # avoids a division by zero; corrected below
    # F is 2o/(m+n) but for rounding, so the answer is within one or two of t(m+n)/2.
    needed = np.floor(threshold * (length + lengths) / 2).astype(np.int64) - 1
    needed = np.maximum(needed, 1)
    for _ in range(3):
        needed += f_measures(needed, length, lengths) <= threshold
    needed[needed > np.minimum(length, lengths)] = OUT_OF_REACH
    needed[0] = OUT_OF_REACH
    return needed


def _reach(length: int, threshold: float, longest: int) -> int:
    """The last length a plan must know, so that one very long text does not inflate all plans.

    A text that has all ``length`` elements passes if 2m/(m+n) > t, so n < m(2-t)/t. From there
    on to the end of the band, as a search reads whole bands.
    """
    if length * (2 - threshold) >= threshold * longest:
        return longest
    reach = min(longest, int(length * (2 - threshold) / threshold) + 2)
    while reach < longest and length_band(reach + 1) == length_band(reach):
        reach += 1
    return reach
