"""Instance responses read tolerantly: field names count at the start of a line only, in any
case, numbered or not, with or without Markdown around them, and not inside a field's code block."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from selfinstruct_core.generation.instance_filters import without_truncated
from selfinstruct_core.generation.marked_text import (
    is_closing_talk,
    opening_talk,
    readable,
    without_loose_fence,
)
from selfinstruct_core.models import Drop, DroppedInstance, Instance, InstanceReading


class _Field(Enum):
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
_TASK_AGAIN = re.compile(r"\W*task\W*\d*\W*:[^\n]*+(?:\n\s*+|\Z)", re.IGNORECASE)


@dataclass(slots=True)
class _Part:
    """A field with the lines that belong to it; `lines[0]` stands beside the name."""

    kind: _Field
    line: str = ""
    """The line that names the field, as it was written."""
    name: str = ""
    numbered: bool = False
    bullet: bool = False
    in_block: bool = False
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return _tidy(self.lines)


def input_first(text: str, *, cut_off: bool = False) -> InstanceReading:
    """Read fields in order: "Example" opens an instance, so does an "Input:" after an output;
    lines without a field name before "Output:" belong to the input, as in the demonstrations.
    Of a text that was cut off the last instance is dropped."""
    kinds = {_Field.EXAMPLE, _Field.INPUT, _Field.OUTPUT}
    lead, *parts = _with_examples_of_prose(_parts(text, kinds))
    if not parts:
        return InstanceReading((), (DroppedInstance("", lead.text, Drop.NO_OUTPUT_FIELD),))
    preamble = _preamble(lead.text, parts[0].kind)
    lead.lines = [lead.text.removeprefix(preamble)]
    instances: list[Instance] = []
    dropped = [DroppedInstance("", preamble.strip(), Drop.PREAMBLE)] if preamble.strip() else []
    records = list(_records([lead, *parts]))
    for told, output in records:
        if output is not None:
            instances.append(Instance(_joined(told), output.text))
        elif content := _joined(told):
            cut = cut_off and told is records[-1][0]
            reason = Drop.TRUNCATED if cut else Drop.NO_OUTPUT_FIELD
            dropped.append(DroppedInstance("", content, reason))
    reading = InstanceReading(tuple(instances), tuple(dropped))
    return without_truncated(reading) if cut_off and records[-1][1] is not None else reading


def output_first(text: str, *, cut_off: bool = False) -> InstanceReading:
    """Read "Class label:" lines with the lines of the input after them; when the reply starts
    with an "Input:", the input before each label. Of a text that was cut off the last instance
    is dropped."""
    lead, *parts = _parts(text, {_Field.EXAMPLE, _Field.INPUT, _Field.LABEL})
    parts = _without_example_headings(parts)
    if not any(part.kind is _Field.LABEL for part in parts):
        whole = readable(text).strip()
        return InstanceReading((), (DroppedInstance("", whole, Drop.NO_CLASS_LABEL),))
    dropped = (DroppedInstance("", lead.text, Drop.PREAMBLE),) if lead.text else ()
    pairs: list[tuple[str, list[_Part]]] = []
    told: list[_Part] = []
    swapped = parts[0].kind is _Field.INPUT
    for part in parts:
        if part.kind is not _Field.LABEL:
            told.append(part)
            continue
        label, _, rest = part.text.partition("\n")
        after = _Part(_Field.LEAD, lines=[rest])
        pairs.append((_unmarked(label), told if swapped else [after]))
        told = [] if swapped else pairs[-1][1]
    instances = tuple(Instance(_joined(told), label) for label, told in pairs)
    if swapped and told:
        reason = Drop.TRUNCATED if cut_off else Drop.NO_CLASS_LABEL
        unlabelled = DroppedInstance(_joined(told), "", reason)
        return InstanceReading(instances, (*dropped, unlabelled))
    reading = InstanceReading(instances, dropped)
    return without_truncated(reading) if cut_off else reading


def _parts(text: str, kinds: set[_Field]) -> list[_Part]:
    """The text cut at the lines that name one of the fields; the first part has no name."""
    parts = [_Part(_Field.LEAD)]
    in_block = False
    with_bullets: bool | None = None
    for line in _without_closing_talk(readable(text)).split("\n"):
        named = [part for part in _named(line, in_block) if part.kind in kinds]
        fields = [part for part in named if part.kind is not _Field.EXAMPLE]
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


def _in_own_block(part: _Part, in_block: bool) -> bool:
    """Whether a field's text has a code block open; one around several fields does not count."""
    return in_block and not part.in_block and part.kind not in (_Field.LEAD, _Field.EXAMPLE)


def _named(line: str, in_block: bool) -> list[_Part]:
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
    part = _Part(_Field.EXAMPLE, line, "", example["number"] is not None, bullet, in_block)
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


def _field(named: re.Match[str], line: str, rest: str, bullet: bool, in_block: bool) -> _Part:
    kind = next(kind for kind in _Field if named.groupdict().get(kind.value))
    beside = rest[named.end() :]
    return _Part(kind, line, named["name"].strip(), False, bullet, in_block, [beside])


def _with_examples_of_prose(parts: Sequence[_Part]) -> list[_Part]:
    """A line such as "Example: ..." inside an output opens no instance unless an "Output:"
    follows it; its lines go back to the output."""
    kept: list[_Part] = []
    for n, part in enumerate(parts):
        is_prose = (
            part.kind is _Field.EXAMPLE
            and not part.numbered
            and kept[-1].kind is _Field.OUTPUT
            and _next_kind(parts, n) is not _Field.OUTPUT
        )
        if is_prose:
            kept[-1].lines += [part.line, *part.lines[1:]]
        else:
            kept.append(part)
    return kept


def _next_kind(parts: Sequence[_Part], n: int) -> _Field | None:
    following = (part.kind for part in parts[n + 1 :])
    return next((kind for kind in following if kind is not _Field.INPUT), None)


def _without_example_headings(parts: Sequence[_Part]) -> list[_Part]:
    """Labels and inputs only. An "Example" with a text of its own belongs to what it stands in."""
    kept: list[_Part] = []
    for part in parts:
        if part.kind is not _Field.EXAMPLE:
            kept.append(part)
        elif part.text and kept:
            kept[-1].lines += [part.line, *part.lines[1:]]
    return kept


def _preamble(lead: str, first: _Field) -> str:
    """What of the text before the first field is not part of an input."""
    if first is _Field.EXAMPLE or (first is _Field.INPUT and lead.endswith(":")):
        return lead
    talk = lead[: opening_talk(lead)]
    if not talk.rstrip().endswith(":"):
        talk = ""  # It may as well be what somebody says in an input.
    again = _TASK_AGAIN.match(lead, len(talk))
    return talk + (again[0] if again else "")


def _records(parts: Sequence[_Part]) -> Iterator[tuple[list[_Part], _Part | None]]:
    """The parts of each instance: those of its input, and its output if it has one."""
    told: list[_Part] = []
    output: _Part | None = None
    for part in parts:
        if part.kind is _Field.EXAMPLE or (part.kind is _Field.INPUT and output is not None):
            yield told, output
            told, output = [], None
        if part.kind is not _Field.OUTPUT:
            told.append(part)
        elif output is None:
            output = part
        # A second "Output:" of one instance is left out, as in the reference code.
    yield told, output


def _joined(told: Sequence[_Part]) -> str:
    """The input. Names are left out where there is one field only; a title beside "Example 1" is
    left out where an "Input:" follows."""
    texts = [(part.name, part.text) for part in told]
    if len(told) > 1 and told[0].kind is _Field.EXAMPLE and told[1].kind is _Field.INPUT:
        texts[0] = ("", _tidy(told[0].lines[1:]))
    filled = [(name, text) for name, text in texts if text]
    if len(filled) == 1:
        return filled[0][1]
    return "\n".join(f"{name}: {text}" if name else text for name, text in filled)


def _tidy(lines: Sequence[str]) -> str:
    return _RULES.sub("", without_loose_fence("\n".join(lines)).rstrip()).strip()


def _without_closing_talk(text: str) -> str:
    before, gap, last = text.rstrip().rpartition("\n\n")
    about_examples = re.search(r"\b(?:examples?|instances?|inputs?|labels?)\b", last, re.IGNORECASE)
    is_talk = gap and "\n" not in last and about_examples and is_closing_talk(last)
    return before if is_talk else text


def _unmarked(label: str) -> str:
    return re.sub(r"^(\*{1,3}|`)(.+)\1$", r"\2", label.strip()).strip()
