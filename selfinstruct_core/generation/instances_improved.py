"""Instance responses read tolerantly: instances put together from the fields of a reply, in the
order and the dress in which models write them (see instance_fields)."""

import re
from collections.abc import Iterator, Sequence

from selfinstruct_core.generation.instance_fields import (
    TASK,
    Field,
    Part,
    cut_into_parts,
    tidy,
)
from selfinstruct_core.generation.instance_filters import without_truncated
from selfinstruct_core.generation.marked_text import opening_talk, readable
from selfinstruct_core.models import Drop, DroppedInstance, Instance, InstanceReading

_OUTPUT_INSIDE = re.compile(
    r"(?:(?:[-=]>|→|[|,;])[ \t]*+)?(?:\*\*)?\bOutput[ \t]*+\d*+(?:\*\*)?:(?:\*\*)?"
)


def input_first(text: str, *, cut_off: bool = False) -> InstanceReading:
    """Read fields in order: "Example" opens an instance, so does an "Input:" after an output;
    lines without a field name before "Output:" belong to the input, as in the demonstrations.
    Of a text that was cut off the last instance is dropped."""
    kinds = {Field.EXAMPLE, Field.INPUT, Field.OUTPUT}
    lead, *parts = _with_outputs_beside(_with_examples_of_prose(cut_into_parts(text, kinds)))
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
    lead, *parts = cut_into_parts(text, {Field.EXAMPLE, Field.INPUT, Field.LABEL})
    parts = _without_example_headings(parts)
    if not any(part.kind is Field.LABEL for part in parts):
        whole = readable(text).strip()
        return InstanceReading((), (DroppedInstance("", whole, Drop.NO_CLASS_LABEL),))
    dropped = (DroppedInstance("", lead.text, Drop.PREAMBLE),) if lead.text else ()
    pairs: list[tuple[str, list[Part]]] = []
    told: list[Part] = []
    swapped = parts[0].kind is Field.INPUT
    for part in parts:
        if part.kind is not Field.LABEL:
            told.append(part)
            continue
        label, _, rest = part.text.partition("\n")
        after = Part(Field.LEAD, lines=[rest])
        pairs.append((_unmarked(label), told if swapped else [after]))
        told = [] if swapped else pairs[-1][1]
    instances = tuple(Instance(_joined(told), label) for label, told in pairs)
    if swapped and told:
        reason = Drop.TRUNCATED if cut_off else Drop.NO_CLASS_LABEL
        unlabelled = DroppedInstance(_joined(told), "", reason)
        return InstanceReading(instances, (*dropped, unlabelled))
    reading = InstanceReading(instances, dropped)
    return without_truncated(reading) if cut_off else reading


def _with_examples_of_prose(parts: Sequence[Part]) -> list[Part]:
    """A line such as "Example: ..." inside an output opens no instance unless an "Output:"
    follows it; its lines go back to the output."""
    kept: list[Part] = []
    for n, part in enumerate(parts):
        is_prose = (
            part.kind is Field.EXAMPLE
            and not part.numbered
            and kept[-1].kind is Field.OUTPUT
            and _next_kind(parts, n) is not Field.OUTPUT
        )
        if is_prose:
            kept[-1].lines += [part.line, *part.lines[1:]]
        else:
            kept.append(part)
    return kept


def _with_outputs_beside(parts: Sequence[Part]) -> list[Part]:
    """An "Output:" in the line of an input counts when no line of its own follows."""
    found: list[Part] = []
    for n, part in enumerate(parts):
        found.append(part)
        named = _OUTPUT_INSIDE.search(part.lines[0]) if part.lines and n > 0 else None
        kinds = {one.kind for one in parts[n : n + 2]}
        if named and Field.OUTPUT not in kinds:
            output = [part.lines[0][named.end() :], *part.lines[1:]]
            part.lines = [part.lines[0][: named.start()]]
            found.append(Part(Field.OUTPUT, lines=output))
    return found


def _next_kind(parts: Sequence[Part], n: int) -> Field | None:
    following = (part.kind for part in parts[n + 1 :])
    return next((kind for kind in following if kind is not Field.INPUT), None)


def _without_example_headings(parts: Sequence[Part]) -> list[Part]:
    """Labels and inputs only. An "Example" with a text of its own belongs to what it stands in."""
    kept: list[Part] = []
    for part in parts:
        if part.kind is not Field.EXAMPLE:
            kept.append(part)
        elif part.text and kept:
            kept[-1].lines += [part.line, *part.lines[1:]]
    return kept


def _preamble(lead: str, first: Field) -> str:
    """What of the text before the first field is not part of an input."""
    if first is Field.EXAMPLE or (first is Field.INPUT and lead.endswith(":")):
        return lead
    talk = lead[: opening_talk(lead)]
    if not talk.rstrip().endswith(":"):
        talk = ""  # It may as well be what somebody says in an input.
    again = TASK.match(lead, len(talk))
    return talk + (again[0] if again else "")


def _records(parts: Sequence[Part]) -> Iterator[tuple[list[Part], Part | None]]:
    """The parts of each instance: those of its input, and its output if it has one."""
    told: list[Part] = []
    output: Part | None = None
    for part in parts:
        if part.kind is Field.EXAMPLE or (part.kind is Field.INPUT and output is not None):
            yield told, output
            told, output = [], None
        if part.kind is not Field.OUTPUT:
            told.append(part)
        elif output is None:
            output = part
        # A second "Output:" of one instance is left out, as in the reference code.
    yield told, output


def _joined(told: Sequence[Part]) -> str:
    """The input. Names are left out where there is one field only; a title beside "Example 1" is
    left out where an "Input:" follows."""
    texts = [(part.name, part.text) for part in told]
    if len(told) > 1 and told[0].kind is Field.EXAMPLE and told[1].kind is Field.INPUT:
        texts[0] = ("", tidy(told[0].lines[1:]))
    filled = [(name, text) for name, text in texts if text]
    if len(filled) == 1:
        return filled[0][1]
    return "\n".join(f"{name}: {text}" if name else text for name, text in filled)


def _unmarked(label: str) -> str:
    return re.sub(r"^(\*{1,3}|`)(.+)\1$", r"\2", label.strip()).strip()
