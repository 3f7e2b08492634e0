"""How long instructions, inputs and outputs are, in words (Figure 4 of SELF-INSTRUCT)."""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from selfinstruct_core.analysis.bins import Bin, Distribution, distribute
from selfinstruct_core.analysis.data_set import AnalysedTask, is_blank, words

WIDTH = 5
"""Words of a bin."""
END = 60
"""Where the open bin begins: the paper's axes end there."""


class Field(StrEnum):
    """What is measured: each instruction, each input that is not empty, each output."""

    INSTRUCTION = "instruction"
    INPUT = "input"
    OUTPUT = "output"


def lengths(
    tasks: Iterable[AnalysedTask], field: Field, width: int = WIDTH, end: int = END
) -> Distribution:
    """Lengths in bins of `width` words, named like "5-9", and all from `end` on in one, "60+".

    Inputs and outputs count once for each instance, so several can be behind one task's id.
    Raises ValueError unless `end` is a positive multiple of `width`.
    """
    if width < 1 or end < width or end % width:
        raise ValueError(f"The end {end} must be a positive multiple of the width {width}.")
    bins = [Bin(_name(low, low + width - 1), low, low + width) for low in range(0, end, width)]
    values = ((task.id, words(text)) for task in tasks for text in _texts(task, field))
    return distribute(
        values,
        [*bins, Bin(f"{end}+", end, None)],
        width,
        lambda length: min(int(length), end) // width,
    )


def _name(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _texts(task: AnalysedTask, field: Field) -> Iterator[str]:
    if field is Field.INSTRUCTION:
        yield task.instruction
    elif field is Field.INPUT:
        yield from (i.input for i in task.instances if not is_blank(i.input))
    else:
        yield from (i.output for i in task.instances)
