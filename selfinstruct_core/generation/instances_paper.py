"""Instance responses read exactly as the reference code reads them, quirks included."""

import re

from selfinstruct_core.generation.instance_filters import without_truncated
from selfinstruct_core.models import Drop, DroppedInstance, Instance, InstanceReading

_EXAMPLE = re.compile(r"Example\s?\d*\.?")
_OUTPUT = re.compile(r"Output\s*+\d*+\s*+:")
_INPUT = re.compile(r"Input\s*+\d*+\s*+:")
_CLASS_LABEL = "Class label:"


def input_first(text: str, *, cut_off: bool = False) -> InstanceReading:
    """Split on "Example" wherever it stands, else expect one "Output:"."""
    text = text.strip()
    if _EXAMPLE.search(text):
        chunks = [chunk.strip() for chunk in _EXAMPLE.split(text) if chunk.strip()]
    elif _OUTPUT.search(text):
        chunks = [text]
    else:
        return InstanceReading((), (DroppedInstance("", text, Drop.NO_OUTPUT_FIELD),))
    reading = InstanceReading(tuple(_input_and_output(chunk) for chunk in chunks))
    return without_truncated(reading) if cut_off else reading


def _input_and_output(chunk: str) -> Instance:
    parts = _OUTPUT.split(chunk)
    before, output = (parts[0].strip(), parts[1].strip()) if len(parts) > 1 else ("", chunk.strip())
    output = _INPUT.split(output)[0].strip()
    first = _INPUT.match(before)
    return Instance((before[first.end() :] if first else before).strip(), output)


def output_first(text: str, *, cut_off: bool = False) -> InstanceReading:
    """Split on "Class label:"; the rest of the line is the label, what follows the input."""
    preamble, *chunks = text.strip().split(_CLASS_LABEL)
    if not chunks:
        return InstanceReading((), (DroppedInstance("", preamble, Drop.NO_CLASS_LABEL),))
    instances = []
    for chunk in chunks:
        label, _, rest = chunk.strip().partition("\n")
        instances.append(Instance(rest.strip(), label.strip()))
    reading = InstanceReading(tuple(instances))
    return without_truncated(reading) if cut_off else reading
