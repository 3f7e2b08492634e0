"""Texts that are cut into parts by marks such as numbers or field names."""

import re
from collections.abc import Iterator, Sequence


def parts_after(marks: Sequence[re.Match[str]], text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Each mark with the text between it and the next, or the end."""
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    # Without marks there is one end and nothing to pair it with.
    for mark, end in zip(marks, ends, strict=False):
        yield mark, text[mark.end() : end]
