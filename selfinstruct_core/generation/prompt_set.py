"""The prompt texts of a run: headers, demonstrations and what is asked of chat models.

They are data, read from a TOML file that a run can replace by the user's own (the papers'
originals, another language). Their hash is stored with the run.
"""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfinstruct_core.errors import BadInput
from selfinstruct_core.models import Instance
from selfinstruct_core.settings import SEEDS_FOLDER

SHIPPED = SEEDS_FOLDER / "prompts.toml"


@dataclass(frozen=True, slots=True)
class InstructionPrompts:
    """Texts of stage 1."""

    header: str
    classification_header: str
    chat_request: str


@dataclass(frozen=True, slots=True)
class ClassificationDemonstration:
    """A task with the answer to whether it is a classification task."""

    instruction: str
    is_classification: bool


@dataclass(frozen=True, slots=True)
class ClassificationPrompts:
    """Texts of stage 2; a `template` replaces header and demonstrations word for word."""

    header: str
    chat_request: str
    demonstrations: tuple[ClassificationDemonstration, ...]
    template: str | None = None


@dataclass(frozen=True, slots=True)
class InstanceDemonstration:
    """A task with the instances that show the model what is wanted."""

    instruction: str
    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True)
class InstancePrompts:
    """Texts of stage 3, input-first or output-first; `template` as in stage 2."""

    header: str
    chat_request: str
    demonstrations: tuple[InstanceDemonstration, ...]
    template: str | None = None


@dataclass(frozen=True, slots=True)
class TaskPrompts:
    """Texts of Alpaca's recipe: the brief above the tasks, and what is asked of a chat model."""

    header: str
    chat_request: str


@dataclass(frozen=True, slots=True)
class PromptSet:
    """All prompt texts of a run. `source` is the TOML text they were read from; `tasks` is None
    in files from before Alpaca's recipe, or made for the other one alone."""

    name: str
    source: str
    instructions: InstructionPrompts
    classification: ClassificationPrompts
    input_first: InstancePrompts
    output_first: InstancePrompts
    tasks: TaskPrompts | None = None

    @property
    def hash(self) -> str:
        """SHA-256 of the source, 64 hexadecimal digits."""
        return hashlib.sha256(self.source.encode()).hexdigest()


def load_prompt_set(path: Path = SHIPPED) -> PromptSet:
    """Read a prompts file. Raises BadInput naming the file and the field that is not usable."""
    try:
        source = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read as UTF-8 text ({error}).") from error
    return read_prompt_set(source, str(path))


def read_prompt_set(source: str, where: str) -> PromptSet:
    """The prompt set written in a TOML text; `where` names it in errors (BadInput)."""
    try:
        content = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{where}: not valid TOML: {error}. Correct that place.") from error
    table = _Table(content, where)
    return PromptSet(
        name=table.text("name"),
        source=source,
        instructions=_instructions(table.table("instructions")),
        classification=_classification(table.table("classification")),
        input_first=_instances(table.table("input_first")),
        output_first=_instances(table.table("output_first")),
        tasks=_tasks(table.table("tasks")) if table.has("tasks") else None,
    )


class _Table:
    """A TOML table that says which file and field is wrong when something is."""

    def __init__(self, content: dict[str, Any], where: str) -> None:
        self._content = content
        self._where = where

    def _get(self, field: str, kind: type, expected: str) -> Any:
        value = self._content.get(field)
        if not isinstance(value, kind):
            found = "missing" if value is None else f"of type {type(value).__name__}"
            raise BadInput(f"{self._where}: field {field} is {found}; {expected}.")
        return value

    def has(self, field: str) -> bool:
        return field in self._content

    def text(self, field: str) -> str:
        text: str = self._get(field, str, "write a text")
        if not text.strip():
            raise BadInput(f"{self._where}: field {field} is empty; write a text.")
        return text

    def text_or_empty(self, field: str) -> str:
        return str(self._get(field, str, 'write a text; "" is allowed'))

    def flag(self, field: str) -> bool:
        return bool(self._get(field, bool, "write true or false"))

    def table(self, field: str) -> "_Table":
        content = self._get(field, dict, f"add a table [{field}]")
        return _Table(content, f"{self._where}: [{field}]")

    def tables(self, field: str) -> list["_Table"]:
        rows = self._get(field, list, f"add tables [[{field}]]")
        if not rows or not all(isinstance(row, dict) for row in rows):
            raise BadInput(f"{self._where}: {field} holds no tables; add at least one.")
        return [_Table(row, f"{self._where}: {field} {n}") for n, row in enumerate(rows, 1)]

    def template(self) -> str | None:
        return self.text("template") if self.has("template") else None


def _instructions(table: _Table) -> InstructionPrompts:
    fields = ("header", "classification_header", "chat_request")
    return InstructionPrompts(*(table.text(field) for field in fields))


def _tasks(table: _Table) -> TaskPrompts:
    return TaskPrompts(table.text("header"), table.text("chat_request"))


def _classification(table: _Table) -> ClassificationPrompts:
    template = table.template()
    if template is not None:
        return ClassificationPrompts("", table.text("chat_request"), (), template)
    demonstrations = tuple(
        ClassificationDemonstration(row.text("instruction"), row.flag("is_classification"))
        for row in table.tables("demonstrations")
    )
    return ClassificationPrompts(table.text("header"), table.text("chat_request"), demonstrations)


def _instances(table: _Table) -> InstancePrompts:
    template = table.template()
    if template is not None:
        return InstancePrompts("", table.text("chat_request"), (), template)
    demonstrations = tuple(
        InstanceDemonstration(
            row.text("instruction"),
            tuple(
                Instance(one.text_or_empty("input").strip(), one.text("output").strip())
                for one in row.tables("instances")
            ),
        )
        for row in table.tables("demonstrations")
    )
    return InstancePrompts(table.text("header"), table.text("chat_request"), demonstrations)
