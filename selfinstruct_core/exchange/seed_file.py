"""Reading seed files in the published format: one JSON object per line.

A file is taken whole or not at all; the error names the file, the line and the field.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from selfinstruct_core.errors import BadInput
from selfinstruct_core.exchange.reading import filled_lines, read_text
from selfinstruct_core.models import Instance, SeedTask
from selfinstruct_core.plain_text import storable
from selfinstruct_core.settings import SEEDS_FOLDER

SHIPPED_SEEDS = SEEDS_FOLDER / "seed_tasks.jsonl"
_FORMAT = (
    '{"id": ..., "name": ..., "instruction": ..., "instances": [{"input": ..., "output": ...}], '
    '"is_classification": ...}'
)


def load_seed_file(path: Path = SHIPPED_SEEDS) -> tuple[SeedTask, ...]:
    """The seed tasks of a file, in order. Raises BadInput."""
    return read_seed_tasks(read_text(path), str(path))


def read_seed_tasks(content: str, where: str) -> tuple[SeedTask, ...]:
    """The seed tasks written in a text, in order; `where` names it in errors (BadInput)."""
    seeds: list[SeedTask] = []
    line_of_id: dict[str, int] = {}
    for number, row in _rows(content, where):
        seed = _seed(_Row(row, f"{where}, line {number}"))
        if seed.id in line_of_id:
            raise BadInput(
                f'{where}, line {number}, field id: "{seed.id}" stands in line '
                f"{line_of_id[seed.id]} already; give each task an id of its own."
            )
        line_of_id[seed.id] = number
        seeds.append(seed)
    if not seeds:
        raise BadInput(f"{where}: holds no seed tasks; write one per line as {_FORMAT}.")
    return tuple(seeds)


def _rows(content: str, where: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in filled_lines(content):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadInput(
                f"{where}, line {number}: not a complete JSON object ({error}). "
                f"Write each task on one line as {_FORMAT}."
            ) from error
        if not isinstance(row, dict):
            raise BadInput(f"{where}, line {number}: not a JSON object; write {_FORMAT}.")
        yield number, row


class _Row:
    """One line's object, which names place and field when a value is not usable."""

    def __init__(self, row: dict[str, Any], where: str) -> None:
        self._row = row
        self._where = where

    def get(self, field: str, kind: type, expected: str) -> Any:
        if field not in self._row:
            raise BadInput(f"{self._where}, field {field}: missing; {expected}.")
        value = self._row[field]
        if not isinstance(value, kind):
            found = type(value).__name__
            raise BadInput(f"{self._where}, field {field}: is of type {found}; {expected}.")
        return value

    def text(self, field: str, *, empty: bool = False) -> str:
        value: str = self.get(field, str, "write a text")
        if not empty and not value.strip():
            raise BadInput(f"{self._where}, field {field}: is empty; write a text.")
        if value != storable(value):
            raise BadInput(
                f"{self._where}, field {field}: holds a NUL or half a surrogate pair; remove it."
            )
        return value

    def rows(self, field: str) -> list["_Row"]:
        values = self.get(field, list, "write a list of {input, output}")
        if not values:
            raise BadInput(f"{self._where}, field {field}: is empty; write one instance or more.")
        for value in values:
            if not isinstance(value, dict):
                raise BadInput(f"{self._where}, field {field}: holds no {{input, output}} objects.")
        return [_Row(value, f"{self._where}, instance {n}") for n, value in enumerate(values, 1)]


def _seed(row: _Row) -> SeedTask:
    return SeedTask(
        id=row.text("id"),
        name=row.text("name"),
        instruction=row.text("instruction"),
        instances=tuple(
            Instance(one.text("input", empty=True), one.text("output"))
            for one in row.rows("instances")
        ),
        is_classification=row.get("is_classification", bool, "write true or false"),
    )
