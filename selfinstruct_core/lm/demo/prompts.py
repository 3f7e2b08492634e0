"""What a prompt asks for, told by its end as a completion model would see it."""

import re
from dataclasses import dataclass

_OPEN_ITEM = re.compile(r"(?P<label>(?:Task )?)(?P<number>\d+)(?P<mark>[.:)])")
_OPEN_TASK = re.compile(r"(?P<number>\d+)\. Instruction:")
_SHOWN_TASK = re.compile(r"^\d+\. Instruction:[ \t]+(\S.*)$", re.MULTILINE)
_TASK_CUE = re.compile(r"^Task:", re.MULTILINE)
_CLASSIFICATION_CUE = "Is it classification?"
_CLASS_LABEL_LINE = re.compile(r"^Class label:", re.MULTILINE)
# A task followed by one of these lines has already been answered.
_ANSWER_LINE = re.compile(
    r"^(?:(?:Input|Output|Class label)(?: \d+)?:|Example \d+$|Is it classification\?)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class InstructionPrompt:
    """Numbered tasks and an open number: more tasks are wanted."""

    label: str
    number: int
    mark: str
    shown: tuple[str, ...]
    only_classification: bool


@dataclass(frozen=True, slots=True)
class TasksPrompt:
    """Whole tasks and an open number: more of them are wanted, with input and output."""

    number: int
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClassificationPrompt:
    """Whether a task is a classification."""

    instruction: str


@dataclass(frozen=True, slots=True)
class InstancePrompt:
    """Instances of a task are wanted, inputs first or class labels first."""

    instruction: str
    output_first: bool


@dataclass(frozen=True, slots=True)
class OtherPrompt:
    """Anything else."""


Prompt = InstructionPrompt | TasksPrompt | ClassificationPrompt | InstancePrompt | OtherPrompt


def recognise(prompt: str) -> Prompt:
    """The kind of a prompt and what it asks about."""
    text = prompt.rstrip()
    return (
        _instruction_prompt(text)
        or _tasks_prompt(text)
        or _classification_prompt(text)
        or _instance_prompt(text)
        or OtherPrompt()
    )


def _instruction_prompt(text: str) -> InstructionPrompt | None:
    *before, last = text.split("\n")
    cue = _OPEN_ITEM.fullmatch(last)
    if cue is None:
        return None
    label, mark = cue["label"], cue["mark"]
    header, shown = _numbered_tasks(before, label, mark)
    if not shown:
        return None
    return InstructionPrompt(
        label=label,
        number=int(cue["number"]),
        mark=mark,
        shown=shown,
        only_classification="classification tasks" in header.casefold(),
    )


def _numbered_tasks(lines: list[str], label: str, mark: str) -> tuple[str, tuple[str, ...]]:
    start = re.compile(rf"{re.escape(label)}\d+{re.escape(mark)}[ \t]+(?P<text>\S.*)")
    header: list[str] = []
    tasks: list[list[str]] = []
    for line in lines:
        item = start.fullmatch(line)
        if item is not None:
            tasks.append([item["text"]])
        else:
            (tasks[-1] if tasks else header).append(line)
    return "\n".join(header), tuple("\n".join(task) for task in tasks)


def _tasks_prompt(text: str) -> TasksPrompt | None:
    before, _, last = text.rpartition("\n")
    cue = _OPEN_TASK.fullmatch(last)
    shown = tuple(_SHOWN_TASK.findall(before))
    return TasksPrompt(int(cue["number"]), shown) if cue and shown else None


def _classification_prompt(text: str) -> ClassificationPrompt | None:
    if not text.endswith(_CLASSIFICATION_CUE):
        return None
    instruction = _last_task(text.removesuffix(_CLASSIFICATION_CUE))
    return ClassificationPrompt(instruction) if instruction else None


def _instance_prompt(text: str) -> InstancePrompt | None:
    instruction = _last_task(text)
    if not instruction or _ANSWER_LINE.search(instruction):
        return None
    return InstancePrompt(instruction, output_first=_CLASS_LABEL_LINE.search(text) is not None)


def _last_task(text: str) -> str:
    cues = list(_TASK_CUE.finditer(text))
    return text[cues[-1].end() :].strip() if cues else ""
