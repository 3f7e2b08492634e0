"""Verb-noun pairs per second through `verb_nouns`, against the parser alone, in one run.

    make bench
    STUDIO_BENCH_TEXTS=5000 make bench

Both read the same texts, in turns. Measured is the time of the processor, which other work on the
machine hardly changes, and the best turn counts. Ends with an error when reading the trees costs
more than a tenth of the parser's speed.
"""

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from selfinstruct_core.analysis.parsers import Parser, load_parser
from selfinstruct_core.analysis.verb_nouns import Reading, coverage, verb_nouns
from selfinstruct_core.exchange.reading import read_instructions
from selfinstruct_core.settings import ROOT, SEEDS_FOLDER

DATA = Path(os.environ.get("STUDIO_TEST_DATA", ROOT.parent / "shared" / "data"))
REAL = DATA / "alpaca" / "alpaca_5000.json"
TEXTS = int(os.environ.get("STUDIO_BENCH_TEXTS", "2000"))
TURNS = 3
LEAST = 0.9
"""Of the parser's own speed."""


def texts() -> list[str]:
    """Real instructions where there are, else the seed tasks that ship, over and over."""
    if REAL.exists():
        return read_instructions(REAL)[:TEXTS]
    seeds = read_instructions(next(SEEDS_FOLDER.glob("*.jsonl")))
    return (seeds * (TEXTS // len(seeds) + 1))[:TEXTS]


def raw(parser: Parser, instructions: list[str]) -> None:
    """The parser alone."""
    for _ in parser.nlp.pipe(instructions, batch_size=256):
        pass


def ours(parser: Parser, instructions: list[str], reading: Reading) -> None:
    """Verbs and nouns of the same."""
    for _ in verb_nouns(instructions, parser, reading):
        pass


def seconds(work: Callable[[], None]) -> float:
    """The processor's time for the work."""
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    """Measure all readings and print a table."""
    began = time.perf_counter()
    parser = load_parser()
    loading = time.perf_counter() - began
    instructions = texts()
    works: dict[str, Callable[[], None]] = {"nlp.pipe alone": partial(raw, parser, instructions)}
    for reading in Reading:
        works[reading] = partial(ours, parser, instructions, reading)
    best = {name: float("inf") for name in works}
    for _ in range(TURNS):
        for name, work in works.items():
            best[name] = min(best[name], seconds(work))
    words = sum(len(text.split()) for text in instructions)
    print(f"{len(instructions):,} instructions of {words:,} words; loaded in {loading:.2f} s")
    print(f"{'':<16}{'instructions/s':>16}{'of nlp.pipe':>14}{'pairs/s':>10}")
    alone = best["nlp.pipe alone"]
    print(f"{'nlp.pipe alone':<16}{len(instructions) / alone:>16,.0f}{1:>14.2f}")
    for reading in Reading:
        taken = best[reading]
        pairs = coverage(verb_nouns(instructions, parser, reading)).pair
        rate = len(instructions) / taken
        print(f"{reading:<16}{rate:>16,.0f}{alone / taken:>14.2f}{pairs / taken:>10,.0f}")
    slowest = min(alone / best[reading] for reading in Reading)
    if slowest < LEAST:
        sys.exit(f"Reading takes too long: {slowest:.2f} of the parser's own speed.")


if __name__ == "__main__":
    main()
