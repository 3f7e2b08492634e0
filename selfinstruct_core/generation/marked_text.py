"""Texts that are cut into parts by marks such as numbers or field names."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

_THINKING = re.compile(r".*</think>|\s*<think>.*", re.DOTALL | re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_FENCE = re.compile(r"^[ \t]*+```.*$", re.MULTILINE)

# What chat models say before and after what they were asked for.
_OPENING_LINE = (
    r"(?:sure(?: thing)?|certainly|absolutely|of course|okay|ok|alright|got it|great|understood)"
    r"[,.!:][^\n]*|(?:here|below)(?:['’]s| is| are)\b(?=[^\n]*\b(?:tasks|instructions|examples?"
    r"|instances?|labels|inputs?|outputs?|continu\w*)\b)[^\n]*:|(?:i['’]m|i am) sorry\b[^\n]*"
    r"|i apologi[sz]e\b[^\n]*|as an ai\b[^\n]*"
)
_OPENING = re.compile(rf"\s*+(?:(?:{_OPENING_LINE})[ \t]*+(?:\n\s*+|\Z))+", re.IGNORECASE)
_CLOSING = re.compile(
    r"\s*(?:please |do )?(?:let me know|feel free|i hope|would you like|these (?:tasks|examples)"
    r"|if you(?:['’]d| would)? (?:need|want|like))\b",
    re.IGNORECASE,
)


def opening_talk(text: str) -> int:
    """How many characters at the start are words to the reader ("Sure, here are ...:")."""
    talk = _OPENING.match(text)
    return talk.end() if talk else 0


def is_closing_talk(text: str) -> bool:
    """Whether the text starts like words to the reader after the work is done."""
    return _CLOSING.match(text) is not None


def readable(text: str) -> str:
    """The text with plain line ends, without control characters, and without the thinking that
    some models write first."""
    plain = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return plain[length_of_thinking(plain) :]


def length_of_thinking(text: str) -> int:
    """How many characters at the start are the thinking that some models write first."""
    thinking = _THINKING.match(text)
    return thinking.end() if thinking else 0


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

    @property
    def all_closed(self) -> bool:
        """Whether every block has both its lines."""
        return len(self._fences) % 2 == 0


def without_loose_fence(text: str) -> str:
    """The text without a ``` line at its head or end whose other half is elsewhere."""
    fences = list(_FENCE.finditer(text))
    if len(fences) % 2 == 0:
        return text
    first, last = fences[0], fences[-1]
    if not text[last.end() :].strip():
        return text[: last.start()]
    return text[first.end() :] if not text[: first.start()].strip() else text
