"""The novelty filter against comparing every pair with rouge_score, in one run.

    make bench
    PYTHONPATH=. .venv/bin/python benchmarks/bench_novelty.py --full --data path/to/files

Sets are judged in order, each text against all that were kept before it. rouge_score is timed on
random pairs of the same set and scaled to the pairs of that filter; all seconds are the
processor's, which other programs change less than those of the clock. Verdicts are compared with
rouge_score's own for the first texts; for the others with the LCS of all pairs by rapidfuzz, in
a set too large for that those of a random sample of texts, each against all kept before it.
"""

import argparse
import os
import random
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.support.brute_force import AllPairs, agrees_with_rouge_score, seconds_per_pair
from benchmarks.support.load import told_load
from benchmarks.support.texts import REAL, generated, real
from selfinstruct_core.generation.novelty import NoveltyIndex, NoveltyState
from selfinstruct_core.generation.tokenizers import Tokenizer
from selfinstruct_core.settings import ROOT

DATA = Path(os.environ.get("STUDIO_TEST_DATA", ROOT.parent / "shared" / "data"))
SIZES = (10_000, 100_000)
FULL_SIZE = 1_000_000
TIMED_PAIRS = 200_000
BY_ROUGE_SCORE = 500
FULL_BY_ROUGE_SCORE = 3_000
"""How many texts are compared by rouge_score itself: minutes for 3,000."""
MOST_PAIRS = 70_000_000
LATEST = 2_000
"""Texts at the end of a set over which the time per candidate is taken."""


@dataclass(frozen=True, slots=True)
class Filtered:
    """A set after the filter: verdicts, seconds for all, and for each of the last candidates."""

    verdicts: list[bool]
    seconds: float
    last_seconds: float
    nearest_seconds: float


def greedy(texts: Sequence[str]) -> Filtered:
    """The filter over all texts; then the nearest neighbours of the last ones, with the rest
    as their pool."""
    index = NoveltyIndex(Tokenizer.ROUGE)
    verdicts = []
    began = time.process_time()
    for n, text in enumerate(texts):
        if n == len(texts) - LATEST:
            last_began = time.process_time()
        novel = index.judge(text, nearest=False).state is not NoveltyState.TOO_SIMILAR
        verdicts.append(novel)
        if novel:
            index.add(text)
    ended = time.process_time()
    for text in texts[-LATEST:]:
        index.nearest(text)
    nearest = time.process_time() - ended
    return Filtered(verdicts, ended - began, (ended - last_began) / LATEST, nearest / LATEST)


def pairs_of(verdicts: Sequence[bool]) -> int:
    """How many pairs the filter compares when it compares all."""
    pairs, kept = 0, 0
    for novel in verdicts:
        pairs += kept
        kept += novel
    return pairs


def check(texts: Sequence[str], verdicts: Sequence[bool], first: int) -> str:
    """Compare the verdicts with those of brute force, of the first ones by rouge_score. Returns
    what was checked, in words."""
    rest = range(first, len(texts))
    if not agrees_with_rouge_score(texts[:first], verdicts[:first]):
        sys.exit("The verdicts differ from rouge_score's.")
    pairs = pairs_of(verdicts)
    share = min(1.0, MOST_PAIRS / pairs)
    checked = rest if share == 1 else random.Random(3).sample(rest, int(len(rest) * share))
    if not AllPairs(texts).agrees(verdicts, sorted(checked)):
        sys.exit("The verdicts differ from those of comparing all pairs.")
    which = "all" if share == 1 else f"{len(checked):,} random ones"
    return f"the first {first:,} by rouge_score, of the rest {which} against all kept before them"


def report(name: str, texts: Sequence[str], by_rouge_score: int) -> None:
    """A line of figures for a set of texts, and what was checked."""
    done = greedy(texts)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    all_pairs = pairs_of(done.verdicts) * seconds_per_pair(texts, TIMED_PAIRS)
    print(
        f"{name:<10}{len(texts):>10,}{sum(done.verdicts):>9,}{done.seconds:>8.1f}"
        f"{1e6 * done.last_seconds:>14,.0f}{1e6 * done.nearest_seconds:>12,.0f}"
        f"{all_pairs:>14,.0f} s{all_pairs / done.seconds:>11,.0f} x{memory:>9,.0f} MB",
        flush=True,
    )
    print(f"          verdicts equal: {check(texts, done.verdicts, by_rouge_score)}", flush=True)


def main() -> None:
    """Real instructions where they are, then generated ones in growing sizes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the real files")
    parser.add_argument(
        "--full", action="store_true", help="also 1,000,000 generated texts, and more is compared"
    )
    chosen = parser.parse_args()
    print(f"Time per candidate is that of the last {LATEST:,}; {told_load()}")
    print(
        f"{'':<10}{'texts':>10}{'kept':>9}{'s':>8}{'us/candidate':>14}{'us/nearest':>12}"
        f"{'all pairs':>16}{'ratio':>13}{'peak':>12}"
    )
    compared = FULL_BY_ROUGE_SCORE if chosen.full else BY_ROUGE_SCORE
    texts = real(chosen.data)
    if texts:
        report("real", texts, compared)
    else:
        print(f"real      skipped: none of {', '.join(REAL)} in {chosen.data} (see --data)")
    for size in (*SIZES, FULL_SIZE) if chosen.full else SIZES:
        report("generated", generated(size), compared)


if __name__ == "__main__":
    main()
