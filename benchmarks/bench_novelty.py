"""The novelty filter against comparing every pair with rouge_score, in one run.

    make bench                    (files of real instructions where there are, and generated ones)
    STUDIO_BENCH_SIZE=1000000 make bench

rouge_score is timed on random pairs of the same texts and scaled to all pairs that a greedy
filter compares; its verdicts are compared with ours on the first texts of each set.
"""

import os
import random
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rouge_score import rouge_scorer

from selfinstruct_core.exchange.reading import read_instructions
from selfinstruct_core.generation.novelty import NoveltyIndex, NoveltyState
from selfinstruct_core.generation.tokenizers import Tokenizer
from selfinstruct_core.settings import ROOT

DATA = Path(os.environ.get("STUDIO_TEST_DATA", ROOT.parent / "shared" / "data"))
REAL = (
    "alpaca/alpaca_5000.json",
    "gpteacher/codegen-instruct.json",
    "gpteacher/roleplay-instruct.json",
)
SIZE = int(os.environ.get("STUDIO_BENCH_SIZE", "100000"))
PAIRS = 20_000
COMPARED = 400


def generated(size: int) -> list[str]:
    """Instructions of 4 to 30 words from 20,000 words of a Zipf-like frequency; one in ten is an
    earlier one with a word replaced."""
    chance = random.Random(1)
    words = [f"w{n}" for n in range(20_000)]
    weights = [1 / (n + 5) for n in range(len(words))]
    stock = chance.choices(words, weights, k=size * 16)
    texts: list[str] = []
    at = 0
    for _ in range(size):
        if texts and chance.random() < 0.1:
            tokens = chance.choice(texts).split()
            tokens[chance.randrange(len(tokens))] = chance.choice(words)
        else:
            length = chance.randint(4, 27)
            tokens = [stock[(at + n) % len(stock)] for n in range(length)]
            at += length
        texts.append(" ".join(tokens))
    return texts


def greedy(texts: Sequence[str], *, nearest: bool) -> tuple[float, list[bool]]:
    """Seconds for the filter over all texts, and its verdicts."""
    index = NoveltyIndex(Tokenizer.ROUGE)
    verdicts = []
    began = time.perf_counter()
    for text in texts:
        novel = index.judge(text, nearest=nearest).state is NoveltyState.NOVEL
        verdicts.append(novel)
        if novel:
            index.add(text)
    return time.perf_counter() - began, verdicts


def seconds_per_pair(texts: Sequence[str]) -> float:
    """Seconds that rouge_score takes for one random pair."""
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
    chance = random.Random(2)
    pairs = [(chance.choice(texts), chance.choice(texts)) for _ in range(PAIRS)]
    began = time.perf_counter()
    for one, other in pairs:
        scorer.score(one, other)
    return (time.perf_counter() - began) / PAIRS


def reference_verdicts(texts: Sequence[str]) -> list[bool]:
    """The verdicts by comparing with everything kept."""
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
    kept: list[str] = []
    verdicts = []
    for text in texts:
        novel = all(scorer.score(text, other)["rougeL"].fmeasure <= 0.7 for other in kept)
        verdicts.append(novel)
        if novel:
            kept.append(text)
    return verdicts


def report(name: str, texts: Sequence[str]) -> None:
    """One line of figures for a set of texts."""
    seconds, verdicts = greedy(texts, nearest=False)
    agree = reference_verdicts(texts[:COMPARED]) == verdicts[:COMPARED]
    pairs, kept = 0, 0
    for novel in verdicts:
        pairs += kept
        kept += novel
    all_pairs = pairs * seconds_per_pair(texts)
    with_nearest = ""
    if len(texts) <= 100_000:
        with_nearest = f", with nearest neighbours {greedy(texts, nearest=True)[0]:.1f} s"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name}: {len(texts):,} texts, {kept:,} kept, {seconds:.1f} s "
        f"({1e6 * seconds / len(texts):.0f} us a text){with_nearest}; all pairs by rouge_score "
        f"{all_pairs:,.0f} s, {all_pairs / seconds:,.0f} times as long; first {COMPARED} verdicts "
        f"{'equal' if agree else 'DIFFERENT'}; peak memory {memory:,.0f} MB",
        flush=True,
    )
    if not agree:
        sys.exit("The verdicts differ from rouge_score's.")


def main() -> None:
    """Real instructions where they are, then generated ones in growing sizes."""
    real = [
        text for file in REAL if (DATA / file).exists() for text in read_instructions(DATA / file)
    ]
    if real:
        report("real instructions", real)
    size = 1_000
    while size <= SIZE:
        report("generated", generated(size))
        size *= 10


if __name__ == "__main__":
    main()
