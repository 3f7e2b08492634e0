"""New instructions: the continuation of a numbered list."""

import random

from selfinstruct_core.lm.demo.examples import Examples, WrittenTask, instruction_key
from selfinstruct_core.lm.demo.lookup import task_by_id
from selfinstruct_core.lm.demo.prompts import InstructionPrompt

_FEWEST, _MOST = 5, 8
_DEFECT_SHARE = 1 / 6
_BREAK_SHARE = 1 / 12


def continue_list(
    prompt: InstructionPrompt, examples: Examples, rng: random.Random
) -> tuple[str, bool]:
    """The text right after the open number, and whether it breaks off in its last item."""
    items = _choose(prompt, examples, rng)
    broken = bool(items) and rng.random() < _BREAK_SHARE
    if broken:
        items[-1] = _first_half(items[-1])
    numbered = (
        f"{prompt.label}{prompt.number + offset}{prompt.mark} {item}"
        for offset, item in enumerate(items)
    )
    # The prompt already holds the first number.
    opening = f"{prompt.label}{prompt.number}{prompt.mark}"
    return "\n".join(numbered).removeprefix(opening), broken


def _choose(prompt: InstructionPrompt, examples: Examples, rng: random.Random) -> list[str]:
    shown = {instruction_key(text) for text in prompt.shown}
    tasks = _unshown(_tasks(prompt, examples), shown)
    defects = _unshown(_defects(prompt, examples), shown)
    wanted = _FEWEST + int(rng.random() * (_MOST - _FEWEST + 1))
    chosen: list[str] = []
    while len(chosen) < wanted and tasks:
        spoilt = rng.random() < _DEFECT_SHARE and defects
        chosen.append(_take(defects if spoilt else tasks, rng))
    return chosen


def _tasks(prompt: InstructionPrompt, examples: Examples) -> list[str]:
    return [task.instruction for task in examples.tasks if _allowed(prompt, task)]


def _defects(prompt: InstructionPrompt, examples: Examples) -> list[str]:
    return [
        defective.instruction
        for defective in examples.defects
        if _allowed(prompt, task_by_id(defective.of, examples))
    ]


def _allowed(prompt: InstructionPrompt, task: WrittenTask | None) -> bool:
    if not prompt.only_classification:
        return True
    return task is not None and task.is_classification


def _unshown(texts: list[str], shown: set[str]) -> list[str]:
    # A line break inside an item would end the list for its reader.
    return [" ".join(text.split()) for text in texts if instruction_key(text) not in shown]


def _take(texts: list[str], rng: random.Random) -> str:
    # Only random() is promised to give the same numbers in every version of Python.
    return texts.pop(int(rng.random() * len(texts)))


def _first_half(text: str) -> str:
    words = text.split()
    return " ".join(words[: (len(words) + 1) // 2])
