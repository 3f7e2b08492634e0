"""Table 1 and the nearest scores of a data set, against comparing all pairs with rouge_score.

    make bench
    PYTHONPATH=. .venv/bin/python benchmarks/bench_analysis.py --data path/to/files

Seconds are the processor's, which other programs change less than those of the clock. rouge_score
is timed on random pairs of the same set and scaled: to each text with each seed, and to each pair
of texts once. The scores of some texts are compared with rouge_score's own. Ends with an error
when one differs, or when both searches take more than a minute.
"""

import argparse
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from benchmarks.support.brute_force import SCORER, seconds_per_pair
from benchmarks.support.load import told_load
from benchmarks.support.texts import generated, real
from selfinstruct_core.analysis.data_set import AnalysedTask
from selfinstruct_core.analysis.similarity import Nearest, nearest_others, nearest_texts_of
from selfinstruct_core.analysis.table1 import table1
from selfinstruct_core.models import Instance
from selfinstruct_core.settings import ROOT

Result = TypeVar("Result")
DATA = Path(os.environ.get("STUDIO_TEST_DATA", ROOT.parent / "shared" / "data"))
SIZES = (1_000, 10_000, 50_000)
TIMED_PAIRS = 20_000
SEEDS = 175
"""As many as the paper has: the last texts of each set."""
CHECKED = 5
"""Texts of a set whose scores are compared with rouge_score's."""
COMPARED = 12_000
"""The largest set in which a checked text is compared with all others."""
MOST_SECONDS = 60.0


def tasks_of(texts: Sequence[str]) -> list[AnalysedTask]:
    """Tasks with one instance each, made of the same texts."""
    return [
        AnalysedTask(n, text, (Instance(text, texts[-n]),), None) for n, text in enumerate(texts)
    ]


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """The processor's seconds, and the result."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def check(tasks: Sequence[AnalysedTask], found: Sequence[Nearest], others: Sequence[str]) -> None:
    """Compare some scores with rouge_score's: the nearest score is that of the text it names, and
    no text of a small set has a higher one."""
    for n in random.Random(6).sample(range(len(tasks)), CHECKED):
        text, one = tasks[n].instruction, found[n]
        own = others[n : n + 1] == [text] and len(others) == len(tasks)
        places = set(range(len(others))) if len(others) <= COMPARED else {one.position or 0}
        scores = [score(text, others[k]) for k in places - ({n} if own else set())]
        if one.position is not None and max(scores) != one.score:
            sys.exit(f"The score {one.score} differs from rouge_score's {max(scores)}.")


def score(text: str, other: str) -> float:
    """rouge_score's ROUGE-L F."""
    return float(SCORER.score(text, other)["rougeL"].fmeasure)


def report(name: str, texts_and_seeds: list[str]) -> None:
    """A line of figures for a set of texts."""
    texts, seeds = texts_and_seeds[:-SEEDS], texts_and_seeds[-SEEDS:]
    tasks = tasks_of(texts)
    table, _ = timed(lambda: table1(tasks))
    by_seed, nearest_seed = timed(lambda: nearest_texts_of(tasks, seeds))
    by_other, nearest_other = timed(lambda: nearest_others(tasks))
    check(tasks, nearest_seed, seeds)
    check(tasks, nearest_other, texts)
    pair = seconds_per_pair(texts, TIMED_PAIRS)
    all_seeds = pair * len(texts) * len(seeds)
    all_others = pair * len(texts) * (len(texts) - 1) / 2
    print(
        f"{name:<10}{len(texts):>8,}{table:>9.2f}{by_seed:>9.2f}{all_seeds / by_seed:>10,.0f} x"
        f"{by_other:>9.2f}{all_others / by_other:>10,.0f} x",
        flush=True,
    )
    if by_seed + by_other > MOST_SECONDS:
        sys.exit(f"Both searches take more than {MOST_SECONDS:.0f} seconds.")


def main() -> None:
    """Generated instructions in growing sizes, and real ones where they are."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the real files")
    chosen = parser.parse_args()
    print(f"{SEEDS} seeds; {told_load()}")
    print(
        f"{'':<10}{'texts':>8}{'table1':>9}{'seeds':>9}{'all pairs':>12}{'others':>9}"
        f"{'all pairs':>12}"
    )
    for size in SIZES:
        report("generated", generated(size + SEEDS))
    texts = real(chosen.data)
    if texts:
        report("real", texts)
    else:
        print(f"real      skipped: no real files in {chosen.data} (see --data)")


if __name__ == "__main__":
    main()
