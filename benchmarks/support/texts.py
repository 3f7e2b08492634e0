"""Sets of instructions for the benchmark of the novelty filter."""

import random
from pathlib import Path

from selfinstruct_core.exchange.reading import read_instructions

REAL = (
    "alpaca/alpaca_5000.json",
    "gpteacher/codegen-instruct.json",
    "gpteacher/roleplay-instruct.json",
)


def real(folder: Path) -> list[str]:
    """The instructions of the files that are there, possibly none."""
    present = [folder / name for name in REAL if (folder / name).exists()]
    return [text for path in present for text in read_instructions(path)]


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
