"""Instance responses read tolerantly: field names count at the start of a line only, in any
case, numbered or not, with or without Markdown around them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from selfinstruct_core.generation.marked_text import parts_after
from selfinstruct_core.models import Drop, DroppedInstance, Instance, InstanceReading


class _Field(Enum):
    EXAMPLE = "example"
    INPUT = "input"
    OUTPUT = "output"


_BEFORE = r"^[ \t]*(?:#{1,6}[ \t]*|[-*>][ \t]+)?(?:\*\*|__)?[ \t]*"
_COLON = r"[ \t]*(?:\*\*|__)?[ \t]*:[ \t]*(?:\*\*|__)?[ \t]*"
_BREAK = r"[ \t]*(?:\*\*|__)?[ \t]*[.:)]?[ \t]*(?:\*\*|__)?[ \t]*$"
_EXAMPLE_FIELDS = re.compile(
    rf"{_BEFORE}(?:(?P<example>example)[ \t]*\d*(?:{_COLON}|{_BREAK})"
    rf"|(?:(?P<input>input)|(?P<output>output))[ \t]*\d*{_COLON})",
    re.IGNORECASE | re.MULTILINE,
)
_LABEL_FIELDS = re.compile(
    rf"{_BEFORE}(?P<label>class[ \t]+label)[ \t]*\d*{_COLON}", re.IGNORECASE | re.MULTILINE
)
_INPUT_FIELD = re.compile(rf"{_BEFORE}input[ \t]*\d*{_COLON}", re.IGNORECASE)


@dataclass(slots=True)
class _Record:
    """An instance while it is being read; `output` is None until its field has come."""

    numbered: bool = False
    before: list[str] = field(default_factory=list)
    output: str | None = None


def input_first(text: str) -> InstanceReading:
    """Read fields in order: "Example" opens an instance, so does an "Input:" after an output;
    lines without a field name before "Output:" belong to the input, as in the demonstrations."""
    instances: list[Instance] = []
    dropped: list[DroppedInstance] = []
    records = [record for record in _records(text) if _has_text(record)]
    for record in records:
        told = "\n".join(record.before).strip()
        if record.output is not None:
            instances.append(Instance(told, record.output.strip()))
        else:
            opens = record is records[0] and not record.numbered and len(records) > 1
            reason = Drop.PREAMBLE if opens else Drop.NO_OUTPUT_FIELD
            dropped.append(DroppedInstance("", told, reason))
    return InstanceReading(tuple(instances), tuple(dropped))


def _records(text: str) -> Iterator[_Record]:
    record = _Record()
    for kind, content in _fields(text):
        if kind is _Field.EXAMPLE or (kind is _Field.INPUT and record.output is not None):
            yield record
            record = _Record(numbered=kind is _Field.EXAMPLE)
        if kind is not _Field.OUTPUT:
            record.before.append(content)
        elif record.output is None:
            record.output = content
        # A second "Output:" of one instance is left out, as in the reference code.
    yield record


def _fields(text: str) -> Iterator[tuple[_Field, str]]:
    marks = list(_EXAMPLE_FIELDS.finditer(text))
    if not marks or marks[0].start() > 0:
        yield _Field.INPUT, text[: marks[0].start() if marks else len(text)].strip()
    for mark, content in parts_after(marks, text):
        yield _Field(str(mark.lastgroup)), content.strip()


def _has_text(record: _Record) -> bool:
    return record.output is not None or any(part.strip() for part in record.before)


def output_first(text: str) -> InstanceReading:
    """Split at lines that start with "Class label:"; the label is the rest of that line."""
    marks = list(_LABEL_FIELDS.finditer(text))
    if not marks:
        return InstanceReading((), (DroppedInstance("", text.strip(), Drop.NO_CLASS_LABEL),))
    instances = []
    for _, content in parts_after(marks, text):
        label, _, rest = content.strip().partition("\n")
        input_ = _INPUT_FIELD.sub("", rest.strip(), count=1).strip()
        instances.append(Instance(input_, label.strip(" \t*_")))
    preamble = text[: marks[0].start()].strip()
    dropped = (DroppedInstance("", preamble, Drop.PREAMBLE),) if preamble else ()
    return InstanceReading(tuple(instances), dropped)
