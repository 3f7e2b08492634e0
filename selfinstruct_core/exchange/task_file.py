"""Reading instruction data of others: JSON or JSON Lines with the columns that are in use.

A row has an instruction and an output, or instances as in the published seed format. A file is
taken whole or not at all; the error names the file, the line (in a list: the item) and the field.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from selfinstruct_core.errors import BadInput
from selfinstruct_core.exchange.reading import items
from selfinstruct_core.models import (
    Drop,
    DroppedInstance,
    ImportedTask,
    Instance,
    InstanceReading,
)
from selfinstruct_core.plain_text import storable

MOST_TASKS = 100_000
LONGEST_INSTRUCTION = 100_000
LONGEST_TEXT = 1_000_000
"""Characters; what is longer is not what somebody meant by a task."""
INPUTS = ("input", "context")
OUTPUTS = ("output", "response", "target", "completion")
_SHOWN = 6
_COLUMNS = "Write instruction, input (may be empty) and output into each row."


def read_tasks(content: str, where: str) -> tuple[ImportedTask, ...]:
    """The tasks written in a text, in order; `where` names it in errors (BadInput)."""
    tasks: list[ImportedTask] = []
    for place, item in items(content, where):
        if len(tasks) == MOST_TASKS:
            raise BadInput(f"{place}: more than {MOST_TASKS:,} tasks; split the file.")
        if not isinstance(item, dict):
            raise BadInput(f"{place}: not a JSON object. {_COLUMNS}")
        tasks.append(_Row(item, place).task())
    if not tasks:
        raise BadInput(f"{where}: holds no tasks. {_COLUMNS}")
    return tuple(tasks)


@dataclass(frozen=True, slots=True)
class _Row:
    """One object, which names place and field when a value is not usable."""

    values: Mapping[str, Any]
    where: str

    def task(self) -> ImportedTask:
        if "instruction" not in self.values:
            raise self._without_instruction()
        instruction = self._text("instruction", LONGEST_INSTRUCTION)
        if not instruction.strip():
            raise self._bad("instruction", "is empty; write a text")
        return ImportedTask(
            instruction=instruction,
            reading=_reading(self._instances()),
            is_classification=self._class(),
            source_id=self._label("id"),
            name=self._label("name"),
        )

    def _instances(self) -> Iterator[Instance]:
        if "instances" not in self.values:
            yield self._instance()
            return
        if self._filled(OUTPUTS):
            raise self._bad("instances", "stands beside an output; keep one of the two")
        listed = self.values["instances"]
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise self._bad("instances", "is no list of {input, output}; write one")
        for number, one in enumerate(listed, 1):
            yield _Row(one, f"{self.where}, instance {number}")._instance()

    def _instance(self) -> Instance:
        if not any(name in self.values for name in OUTPUTS):
            raise self._bad("output", f"missing (there is {self._columns()}). {_COLUMNS[:-1]}")
        return Instance(self._one_of(INPUTS), self._one_of(OUTPUTS))

    def _one_of(self, names: tuple[str, ...]) -> str:
        """The text of the one column that is filled, empty if none is."""
        filled = self._filled(names)
        if len({text for _, text in filled}) > 1:
            first, second = filled[0][0], filled[1][0]
            raise self._bad(first, f"differs from {second}, which means the same; keep one")
        return filled[0][1] if filled else ""

    def _filled(self, names: tuple[str, ...]) -> list[tuple[str, str]]:
        texts = [(name, self._text(name)) for name in names if name in self.values]
        return [(name, text) for name, text in texts if text.strip()]

    def _text(self, field: str, longest: int = LONGEST_TEXT) -> str:
        value = self.values[field]
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._bad(field, f"is of type {type(value).__name__}; write a text")
        if len(value) > longest:
            raise self._bad(field, f"is longer than {longest:,} characters; shorten it")
        if value != storable(value):
            raise self._bad(field, "holds a NUL or half a surrogate pair; remove it")
        return value

    def _class(self) -> bool | None:
        value = self.values.get("is_classification")
        if value is not None and not isinstance(value, bool):
            words = f"is of type {type(value).__name__}; write true or false, or leave it out"
            raise self._bad("is_classification", words)
        return value

    def _label(self, field: str) -> str | None:
        """What names the row in its file; other things go by that name too."""
        value = self.values.get(field)
        return storable(str(value))[:200] if isinstance(value, str | int) else None

    def _without_instruction(self) -> BadInput:
        if "prompt" in self.values and "completion" in self.values:
            return self._bad(
                "prompt",
                "holds instruction and input in one text, which nobody can tell apart again. "
                f"{_COLUMNS[:-1]}",
            )
        return self._bad("instruction", f"missing (there is {self._columns()}). {_COLUMNS[:-1]}")

    def _columns(self) -> str:
        names = [storable(name)[:40] for name in self.values]
        more = ", ..." if len(names) > _SHOWN else ""
        return ", ".join(names[:_SHOWN]) + more if names else "nothing"

    def _bad(self, field: str, words: str) -> BadInput:
        return BadInput(f"{self.where}, field {field}: {words}.")


def _reading(instances: Iterator[Instance]) -> InstanceReading:
    kept, dropped = [], []
    for one in instances:
        if one.output.strip():
            kept.append(one)
        else:
            dropped.append(DroppedInstance(one.input, one.output, Drop.EMPTY_OUTPUT))
    return InstanceReading(tuple(kept), tuple(dropped))
