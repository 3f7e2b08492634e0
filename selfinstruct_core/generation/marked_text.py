"""Texts that are cut into parts by marks such as numbers or field names."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

_THINKING = re.compile(r".*</think>|\s*<think>.*", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]*+```.*$", re.MULTILINE)


def readable(text: str) -> str:
    """The text with plain line ends and without the thinking that some models write first."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    thinking = _THINKING.match(plain)
    return plain[thinking.end() :] if thinking else plain


def parts_after(marks: Sequence[re.Match[str]], text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Each mark with the text between it and the next, or the end."""
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    # Without marks there is one end and nothing to pair it with.
    for mark, end in zip(marks, ends, strict=False):
        yield mark, text[mark.end() : end]


class CodeBlocks:
    """Where in a text the blocks between ``` lines are; the last may be left open."""

    def __init__(self, text: str) -> None:
        self._fences = [fence.start() for fence in _FENCE.finditer(text)]

    def holds(self, position: int) -> bool:
        """Whether a block is open at a position."""
        return bisect_left(self._fences, position) % 2 == 1


def without_loose_fence(text: str) -> str:
    """The text without a ``` line at its head or end whose other half is elsewhere."""
    fences = list(_FENCE.finditer(text))
    if len(fences) % 2 == 0:
        return text
    first, last = fences[0], fences[-1]
    if not text[last.end() :].strip():
        return text[: last.start()]
    return text[first.end() :] if not text[: first.start()].strip() else text
