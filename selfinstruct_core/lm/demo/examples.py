"""The written examples the demo model replays, read from one JSON Lines file."""

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import cast

DEFAULT_PATH = Path(__file__).resolve().parents[3] / "seeds" / "demo_tasks.jsonl"

_TASK_KEYS = {"id", "instruction", "is_classification", "instances", "reply_defect", "checked_by"}
_DEFECTIVE_KEYS = {"id", "instruction", "defect", "of"}
_INSTANCE_KEYS = {"input", "output"}


class ReplyDefect(StrEnum):
    """What spoils the instances written for a task, so that the filters have something to find."""

    NO_MARKER = "no_marker"
    EMPTY_OUTPUT = "empty_output"
    SAME_AS_INPUT = "same_as_input"
    CONFLICTING = "conflicting"
    DUPLICATE = "duplicate"
    ENDS_WITH_COLON = "ends_with_colon"


class InstructionDefect(StrEnum):
    """Why an instruction is meant to be rejected."""

    TOO_SIMILAR = "too_similar"
    KEYWORD = "keyword"
    TOO_SHORT = "too_short"
    WRITE_A_PROGRAM = "write_a_program"
    STARTS_WITH_PUNCTUATION = "starts_with_punctuation"
    NOT_ASCII = "not_ascii"


@dataclass(frozen=True, slots=True)
class WrittenInstance:
    """One written input (may be empty) with its output."""

    input: str
    output: str


@dataclass(frozen=True, slots=True)
class WrittenTask:
    """One written task; `reply_defect` spoils what is answered for it."""

    id: str
    instruction: str
    is_classification: bool
    instances: tuple[WrittenInstance, ...]
    reply_defect: ReplyDefect | None


@dataclass(frozen=True, slots=True)
class DefectiveInstruction:
    """One written instruction to be rejected; `of` is the id of the task it resembles."""

    id: str
    instruction: str
    defect: InstructionDefect
    of: str | None


@dataclass(frozen=True, slots=True)
class Examples:
    """Everything the demo model can say, in the order of the file."""

    tasks: tuple[WrittenTask, ...]
    defects: tuple[DefectiveInstruction, ...]


def instruction_key(text: str) -> str:
    """The form in which two spellings of one instruction are equal.

    Prompts collapse white space and drop a trailing colon; the paper's filters change capitals.
    """
    return " ".join(text.split()).rstrip(": ").casefold()


def load_examples(path: Path = DEFAULT_PATH) -> Examples:
    """Reads the written examples; a bad line raises ValueError naming file and line."""
    reader = _Reader()
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if line.strip():
            try:
                reader.add(number, line)
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: {error}") from error
    for number, defective in reader.defects:
        if defective.of is not None and defective.of not in reader.task_ids:
            raise ValueError(f"{path}, line {number}: 'of' names no task: {defective.of!r}")
    if not reader.tasks:
        raise ValueError(f"{path}: holds no task")
    return Examples(tuple(reader.tasks), tuple(defective for _, defective in reader.defects))


class _Reader:
    """Collects entries and refuses an id or an instruction that was there before."""

    def __init__(self) -> None:
        self.tasks: list[WrittenTask] = []
        self.defects: list[tuple[int, DefectiveInstruction]] = []
        self.task_ids: set[str] = set()
        self._ids: set[str] = set()
        self._instructions: set[str] = set()

    def add(self, number: int, line: bytes) -> None:
        entry = _object(json.loads(line.decode("utf-8")), "the line")
        if "defect" in entry:
            defective = _defective(entry)
            self._claim(defective.id, defective.instruction)
            self.defects.append((number, defective))
        else:
            task = _task(entry)
            self._claim(task.id, task.instruction)
            self.tasks.append(task)
            self.task_ids.add(task.id)

    def _claim(self, entry_id: str, instruction: str) -> None:
        if entry_id in self._ids:
            raise ValueError(f"the id {entry_id!r} was used before")
        # Replies are looked up by the instruction, so it has to be unique as well.
        if instruction_key(instruction) in self._instructions:
            raise ValueError(f"the instruction {instruction!r} was used before")
        self._ids.add(entry_id)
        self._instructions.add(instruction_key(instruction))


def _task(entry: dict[str, object]) -> WrittenTask:
    _only(entry, _TASK_KEYS)
    is_classification = entry.get("is_classification")
    if not isinstance(is_classification, bool):
        raise ValueError("'is_classification' must be true or false")
    instances = entry.get("instances")
    if not isinstance(instances, list) or not instances:
        raise ValueError("'instances' must be a list with at least one instance")
    task = WrittenTask(
        id=_filled(entry, "id"),
        instruction=_filled(entry, "instruction"),
        is_classification=is_classification,
        instances=tuple(_instance(instance) for instance in instances),
        reply_defect=_reply_defect(entry),
    )
    _check_defect_has_an_input(task)
    return task


def _reply_defect(entry: dict[str, object]) -> ReplyDefect | None:
    return ReplyDefect(_filled(entry, "reply_defect")) if "reply_defect" in entry else None


def _check_defect_has_an_input(task: WrittenTask) -> None:
    needs_input = {ReplyDefect.SAME_AS_INPUT, ReplyDefect.CONFLICTING}
    if task.reply_defect in needs_input and not any(each.input for each in task.instances):
        raise ValueError(f"'reply_defect' {task.reply_defect} needs an instance with an input")


def _instance(value: object) -> WrittenInstance:
    entry = _object(value, "an instance")
    _only(entry, _INSTANCE_KEYS)
    return WrittenInstance(input=_text(entry, "input"), output=_filled(entry, "output"))


def _defective(entry: dict[str, object]) -> DefectiveInstruction:
    _only(entry, _DEFECTIVE_KEYS)
    return DefectiveInstruction(
        id=_filled(entry, "id"),
        instruction=_filled(entry, "instruction"),
        defect=InstructionDefect(_filled(entry, "defect")),
        of=_filled(entry, "of") if "of" in entry else None,
    )


def _object(value: object, what: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} must be a JSON object")
    return cast(dict[str, object], value)  # keys of a JSON object are always strings


def _only(entry: dict[str, object], known: set[str]) -> None:
    # A misspelt optional field would otherwise be overlooked for good.
    unknown = sorted(set(entry) - known)
    if unknown:
        raise ValueError(f"unknown field {unknown[0]!r}")


def _text(entry: dict[str, object], name: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name!r} must be a text")
    return value


def _filled(entry: dict[str, object], name: str) -> str:
    value = _text(entry, name)
    if not value.strip():
        raise ValueError(f"{name!r} must not be empty")
    return value
