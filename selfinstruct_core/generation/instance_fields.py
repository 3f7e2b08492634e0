"""Instance responses cut at the lines that name a field.

A name counts at the start of a line only, in any case, numbered or not, with or without Markdown
around it, and not inside a code block of another field.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from selfinstruct_core.generation.marked_text import (
    is_closing_talk,
    readable,
    without_loose_fence,
)


class Field(Enum):
    """What a line can name; `LEAD` is the text before the first name."""

    LEAD = "lead"
    EXAMPLE = "example"
    INPUT = "input"
    OUTPUT = "output"
    LABEL = "label"


# Before a name: a heading sign, a bullet or a number. A single "#" opens a comment in code more
# often than a heading.
_SIGN = re.compile(
    r"[ \t]*+(?P<heading>#{2,6}[ \t]*+|#[ \t]++(?=\W*example[ \t]+\d))?"
    r"(?P<bullet>(?:[-*+•>]|\(?\d{1,2}[.)])[ \t]++)?",
    re.IGNORECASE,
)
_EMPHASIS = re.compile(r"(\*{1,3}|_{1,2})(?=\S)")
_NUMBER = r"[ \t]*+#?\d*+(?:[ \t]*+\([^()]*\))?"
_EXAMPLE = re.compile(
    r"example(?:[ \t]*+#?(?P<number>\d++))?(?:[ \t]*+\([^()]*\))?[ \t]*+"
    r"(?:[.:：)]?[ \t]*+$|[:：]|(?(number)(?:[.)]|[-–—])(?=[ \t])|(?!)))",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?:(?:example(?:[ \t]*+\d++)?|expected|sample)[ \t]++)?"
    rf"(?P<name>(?:(?P<input>input)|(?P<output>output)|(?P<label>class[ \t]++label)){_NUMBER})"
    r"[ \t]*+(?P<colon>[:：]|$)",
    re.IGNORECASE,
)
_FENCE = re.compile(r"[ \t]*+```")
_RULES = re.compile(r"(?:\n[ \t]*+(?:-{3,}|\*{3,}|_{3,})[ \t]*+)+\Z")
TASK = re.compile(
    r"[ \t]*+(?:#{1,6}[ \t]*+)?(?:\*\*|__)?task[ \t]*+\d*+(?:\*\*|__)?[:：][^\n]*+(?:\n\s*+|\Z)",
    re.IGNORECASE,
)
"""A line that states a task: before the first field the model repeats its own, after an output
it goes on with another."""


def tidy(lines: Sequence[str]) -> str:
    """The lines as one text, without what only sets it off from the next."""
    return _RULES.sub("", without_loose_fence("\n".join(lines)).rstrip()).strip()


@dataclass(slots=True)
class Part:
    """A field with the lines that belong to it; `lines[0]` stands beside the name."""

    kind: Field
    line: str = ""
    """The line that names the field, as it was written."""
    name: str = ""
    numbered: bool = False
    bullet: bool = False
    in_block: bool = False
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return tidy(self.lines)


def cut_into_parts(text: str, kinds: set[Field]) -> list[Part]:
    """The text cut at the lines that name one of the fields; the first part has no name."""
    parts = [Part(Field.LEAD)]
    in_block = False
    with_bullets: bool | None = None
    for line in _without_closing_talk(readable(text)).split("\n"):
        if parts[-1].kind in (Field.OUTPUT, Field.LABEL) and TASK.match(line):
            break
        named = [part for part in _named(line, in_block) if part.kind in kinds]
        fields = [part for part in named if part.kind is not Field.EXAMPLE]
        if fields and with_bullets is None:
            with_bullets = fields[0].bullet
        # A list in a text may have items such as "- Input: ...".
        listed = any(part.bullet for part in fields) and not with_bullets
        if named and not listed and not _in_own_block(parts[-1], in_block):
            parts += named
            line = "".join(parts[-1].lines)
        else:
            parts[-1].lines.append(line)
        in_block ^= _FENCE.match(line) is not None
    return parts


def _in_own_block(part: Part, in_block: bool) -> bool:
    """Whether a field's text has a code block open; one around several fields does not count."""
    return in_block and not part.in_block and part.kind not in (Field.LEAD, Field.EXAMPLE)


def _named(line: str, in_block: bool) -> list[Part]:
    """The fields that a line names, with what stands beside the name: none, one, or an example
    and the field that opens it ("Example 1: Input: ...")."""
    rest, bullet, marked = _without_signs(line)
    named = _NAME.match(rest)
    if named and (named["colon"] or marked):
        return [_field(named, line, rest, bullet, in_block)]
    example = _EXAMPLE.match(rest)
    if example is None:
        return []
    beside = rest[example.end() :].lstrip()
    part = Part(Field.EXAMPLE, line, "", example["number"] is not None, bullet, in_block)
    opened = _NAME.match(beside)
    if opened and opened["colon"]:
        return [part, _field(opened, line, beside, bullet, in_block)]
    part.lines.append(beside)
    return [part]


def _without_signs(line: str) -> tuple[str, bool, bool]:
    """A line without the Markdown before it and the emphasis that it starts with; whether there
    was a bullet or number, and whether there was a heading sign or emphasis."""
    sign = _SIGN.match(line)
    assert sign is not None, "every part of the sign may be missing"
    rest = line[sign.end() :]
    emphasis = _EMPHASIS.match(rest)
    if emphasis:
        rest = rest[emphasis.end() :].replace(emphasis[1], "", 1)
    marked = emphasis is not None or sign["heading"] is not None
    return rest, sign["bullet"] is not None, marked


def _field(named: re.Match[str], line: str, rest: str, bullet: bool, in_block: bool) -> Part:
    kind = next(kind for kind in Field if named.groupdict().get(kind.value))
    beside = rest[named.end() :]
    return Part(kind, line, named["name"].strip(), False, bullet, in_block, [beside])


def _without_closing_talk(text: str) -> str:
    before, gap, last = text.rstrip().rpartition("\n\n")
    about_examples = re.search(r"\b(?:examples?|instances?|inputs?|labels?)\b", last, re.IGNORECASE)
    is_talk = gap and "\n" not in last and about_examples and is_closing_talk(last)
    return before if is_talk else text
