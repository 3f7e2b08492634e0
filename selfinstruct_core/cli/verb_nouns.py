"""`verb-nouns`: the verbs and objects that the instructions of a file ask for."""

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from selfinstruct_core.analysis.parsers import load_parser
from selfinstruct_core.analysis.verb_nouns import Reading, VerbNoun, coverage, verb_nouns
from selfinstruct_core.cli.output import print_json
from selfinstruct_core.exchange.reading import read_instructions

SHOWN = 20
"""Pairs that are printed for people."""


def add_to(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "verb-nouns", parents=[common], help="the verb and the object of each instruction of a file"
    )
    parser.set_defaults(run=run)
    parser.add_argument("file", type=Path, metavar="FILE", help="JSON or JSONL of instructions")
    parser.add_argument(
        "--reading",
        type=Reading,
        choices=list(Reading),
        default=Reading.FIRST,
        help="the first sentence, the one that states the task, or the reference code's rule",
    )
    parser.add_argument(
        "--model",
        metavar="NAME_OR_PATH",
        help="a spaCy pipeline for English (default: the one that ships)",
    )


def run(options: argparse.Namespace) -> int:
    """Read every instruction; print each and the counts, or what is most common."""
    texts = read_instructions(options.file)
    found = verb_nouns(texts, load_parser(options.model), options.reading)
    if not options.json:
        _print(list(found))
        return 0
    seen = []
    for text, one in zip(texts, found, strict=True):
        print_json({"instruction": text, "verb": one.verb, "noun": one.noun})
        seen.append(one)
    counts = coverage(seen)
    print_json({name: getattr(counts, name) for name in ("pair", "verb_only", "neither")})
    return 0


def _print(found: list[VerbNoun]) -> None:
    counts = coverage(found)
    print(f"Instructions: {len(found):,}")
    for name, count in (
        ("verb and object", counts.pair),
        ("verb only", counts.verb_only),
        ("neither", counts.neither),
    ):
        share = f"{count / len(found):>8.1%}" if found else ""
        print(f"  {name:<24}{count:>8,}{share}")
    pairs = Counter((one.verb, one.noun) for one in found if one.noun is not None)
    if not pairs:
        return
    print(f"Pairs: {len(pairs):,} different; the most common:")
    for (verb, noun), count in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:SHOWN]:
        print(f"  {f'{verb} {noun}':<24}{count:>8,}")
