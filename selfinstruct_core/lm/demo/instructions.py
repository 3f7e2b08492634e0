"""New instructions: the continuation of a numbered list."""

import random
from collections.abc import Sequence

from selfinstruct_core.lm.demo.examples import Examples, WrittenTask, instruction_key
from selfinstruct_core.lm.demo.lookup import task_by_id
from selfinstruct_core.lm.demo.prompts import InstructionPrompt

_FEWEST, _MOST = 5, 8
_DEFECT_SHARE = 1 / 6
BREAK_SHARE = 1 / 12


def continue_list(
    prompt: InstructionPrompt, examples: Examples, rng: random.Random
) -> tuple[str, bool]:
    """The text right after the open number, and whether it breaks off in its last item."""
    items = choose(prompt.shown, examples, rng, only_classification=prompt.only_classification)
    broken = bool(items) and rng.random() < BREAK_SHARE
    if broken:
        items[-1] = _first_half(items[-1])
    numbered = (
        f"{prompt.label}{prompt.number + offset}{prompt.mark} {item}"
        for offset, item in enumerate(items)
    )
    # The prompt already holds the first number.
    opening = f"{prompt.label}{prompt.number}{prompt.mark}"
    return "\n".join(numbered).removeprefix(opening), broken


def choose(
    shown_texts: Sequence[str],
    examples: Examples,
    rng: random.Random,
    *,
    only_classification: bool = False,
) -> list[str]:
    """Some instructions that the prompt does not show, with defective ones among them."""
    shown = {instruction_key(text) for text in shown_texts}
    tasks = _unshown(_tasks(examples, only_classification), shown)
    defects = _unshown(_defects(examples, only_classification), shown)
    wanted = _FEWEST + int(rng.random() * (_MOST - _FEWEST + 1))
    chosen: list[str] = []
    while len(chosen) < wanted and tasks:
        spoilt = rng.random() < _DEFECT_SHARE and defects
        chosen.append(_take(defects if spoilt else tasks, rng))
    return chosen


def _tasks(examples: Examples, only_classification: bool) -> list[str]:
    return [task.instruction for task in examples.tasks if _allowed(task, only_classification)]


def _defects(examples: Examples, only_classification: bool) -> list[str]:
    return [
        defective.instruction
        for defective in examples.defects
        if _allowed(task_by_id(defective.of, examples), only_classification)
    ]


def _allowed(task: WrittenTask | None, only_classification: bool) -> bool:
    if not only_classification:
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
