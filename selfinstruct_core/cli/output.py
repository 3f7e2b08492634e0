"""How results are printed."""

import json
from typing import Any


def print_json(content: dict[str, Any]) -> None:
    """One line of JSON. Escaped to ASCII, so that any terminal or pipe can carry it."""
    print(json.dumps(content, ensure_ascii=True), flush=True)


def print_counts(title: str, counts: dict[str, int]) -> None:
    """A title with its total, then one line for each reason, the most frequent first."""
    print(f"{title}: {sum(counts.values()):,}")
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        print(f"  {name:<24}{count:>8,}")
