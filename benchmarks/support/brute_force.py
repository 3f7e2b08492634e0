"""The novelty filter without any index: what it is compared with."""

from __future__ import annotations

import random
import time
from array import array
from collections.abc import Sequence

import numpy as np
from rapidfuzz.distance import LCSseq
from rapidfuzz.process import cdist
from rouge_score import rouge_scorer, scoring

THRESHOLD = 0.7
SCORER = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)


def seconds_per_pair(texts: Sequence[str], pairs: int) -> float:
    """Seconds that rouge_score takes for one of so many random pairs."""
    chance = random.Random(2)
    chosen = [(chance.choice(texts), chance.choice(texts)) for _ in range(pairs)]
    began = time.process_time()
    for one, other in chosen:
        SCORER.score(one, other)
    return (time.process_time() - began) / pairs


def agrees_with_rouge_score(texts: Sequence[str], verdicts: Sequence[bool]) -> bool:
    """Whether comparing each text with all kept before it by rouge_score gives the verdicts.
    rouge_score's own steps, but each text is cut into tokens once and not for every pair."""
    kept: list[list[str]] = []
    for text, novel in zip(texts, verdicts, strict=True):
        tokens = SCORER._tokenizer.tokenize(text)
        similar = any(_score(tokens, other) > THRESHOLD for other in kept)
        if similar is novel:
            return False
        if novel:
            kept.append(tokens)
    return True


def _score(candidate: Sequence[str], reference: Sequence[str]) -> float:
    score: float = rouge_scorer._score_lcs(reference, candidate).fmeasure
    return score


class AllPairs:
    """Every text of a set against every other by rapidfuzz's LCS, which rouge_score's F of the
    lengths turns into a score."""

    def __init__(self, texts: Sequence[str]) -> None:
        ids: dict[str, int] = {}
        self._texts = [
            array("I", [ids.setdefault(token, len(ids)) for token in SCORER._tokenizer.tokenize(t)])
            for t in texts
        ]
        self._lengths = np.array([len(text) for text in self._texts])

    def agrees(self, verdicts: Sequence[bool], checked: Sequence[int]) -> bool:
        """Whether comparing the texts at these positions with all that were kept before them
        gives the verdicts."""
        kept = np.flatnonzero(verdicts)
        pool = [self._texts[position] for position in kept]
        for position in checked:
            before = int(np.searchsorted(kept, position))
            if self._is_similar(position, pool[:before], kept[:before]) is verdicts[position]:
                return False
        return True

    def _is_similar(self, position: int, pool: list[array[int]], kept: np.ndarray) -> bool:
        text = self._texts[position]
        if not text or not pool:
            return False
        common = cdist([text], pool, scorer=LCSseq.similarity, dtype=np.int32)[0]
        # Far below the threshold F needs no rounding to the last bit; near it, it gets it.
        near = np.flatnonzero(2 * common > 0.69 * (self._lengths[kept] + len(text)))
        return any(
            scoring.fmeasure(int(common[n]) / len(text), int(common[n]) / len(pool[n])) > THRESHOLD
            for n in near
        )
