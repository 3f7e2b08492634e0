"""`novelty`: the greedy novelty filter over any file of instructions."""

import argparse
from pathlib import Path
from typing import Any

from selfinstruct_core.cli.output import print_counts, print_json
from selfinstruct_core.cli.types import share
from selfinstruct_core.exchange.reading import read_instructions
from selfinstruct_core.generation.novelty import DEFAULT_THRESHOLD
from selfinstruct_core.generation.novelty_report import (
    NearestScores,
    filter_greedily,
    nearest_scores,
)
from selfinstruct_core.generation.tokenizers import Tokenizer


def add_to(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "novelty", parents=[common], help="which instructions of a file are too similar to earlier"
    )
    parser.set_defaults(run=run)
    parser.add_argument("file", type=Path, metavar="FILE", help="JSON or JSONL of instructions")
    parser.add_argument("--against", type=Path, metavar="FILE", help="nearest scores in this file")
    parser.add_argument("--threshold", type=share, default=DEFAULT_THRESHOLD)
    parser.add_argument(
        "--tokenizer", type=Tokenizer, choices=list(Tokenizer), default=Tokenizer.ROUGE
    )


def run(options: argparse.Namespace) -> int:
    """Filter in file order with a pool that starts empty, and print the counts."""
    texts = read_instructions(options.file)
    others = None if options.against is None else read_instructions(options.against)
    counted = filter_greedily(texts, options.tokenizer, options.threshold)
    content: dict[str, Any] = {
        "kept": counted.kept,
        "rejected": counted.too_similar + counted.no_tokens,
        "too_similar": counted.too_similar,
        "no_tokens": counted.no_tokens,
    }
    scores = None if others is None else nearest_scores(texts, others, options.tokenizer)
    if scores is not None:
        content |= {"mean": scores.mean, "max": scores.max, "histogram": list(scores.histogram)}
    if options.json:
        print_json(content)
    else:
        _print(content, scores)
    return 0


def _print(content: dict[str, Any], scores: NearestScores | None) -> None:
    print(f"Kept: {content['kept']:,}")
    print_counts("Rejected", {name: content[name] for name in ("too_similar", "no_tokens")})
    if scores is None:
        return
    print(f"Nearest in the other file: mean {scores.mean:.4f}, max {scores.max:.4f}")
    for tenth, count in enumerate(scores.histogram):
        label = "1.0 exactly" if tenth == 10 else f"{tenth / 10:.1f} to {(tenth + 1) / 10:.1f}"
        print(f"  {label:<24}{count:>8,}")
