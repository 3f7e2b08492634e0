"""Whole tasks, each with instruction, input and output: Alpaca's form, with its usual faults."""

import random

from selfinstruct_core.lm.demo.examples import Examples, ReplyDefect, WrittenInstance
from selfinstruct_core.lm.demo.instances import spoil
from selfinstruct_core.lm.demo.instructions import BREAK_SHARE, choose
from selfinstruct_core.lm.demo.lookup import find_task
from selfinstruct_core.lm.demo.prompts import TasksPrompt

_OTHER_MARK_SHARE = 1 / 12
_OTHER_NO_INPUT_SHARE = 1 / 4
_NO_INPUT = "<noinput>"
_OTHER_NO_INPUTS = ("No input", "N/A")
_NO_EXAMPLE = WrittenInstance("", "No answer was written for this task.")


def continue_tasks(prompt: TasksPrompt, examples: Examples, rng: random.Random) -> tuple[str, bool]:
    """The text right after the open "N. Instruction:", and whether it breaks off in its last
    task."""
    chosen = choose(prompt.shown, examples, rng)
    broken = bool(chosen) and rng.random() < BREAK_SHARE
    tasks = [
        _write(number, instruction, examples, rng)
        for number, instruction in enumerate(chosen, start=prompt.number)
    ]
    if broken:
        tasks[-1] = tasks[-1][: -len(tasks[-1]) // 2]
    # The prompt already holds the first number and name.
    opening = len(f"{prompt.number}. Instruction:")
    return "\n###\n".join(tasks)[opening:], broken


def _write(number: int, instruction: str, examples: Examples, rng: random.Random) -> str:
    mark = ")" if rng.random() < _OTHER_MARK_SHARE else "."
    task = find_task(instruction, examples)
    instance, defect = _NO_EXAMPLE, None
    if task is not None:
        defect = task.reply_defect
        instance = spoil(task.instances, defect)[0]
    given = instance.input or _no_input(rng)
    lines = [f"{number}{mark} Instruction: {instruction}", f"{number}{mark} Input:", given]
    if defect is not ReplyDefect.NO_MARKER:
        lines.append(f"{number}{mark} Output:")
    return "\n".join([*lines, instance.output])


def _no_input(rng: random.Random) -> str:
    if rng.random() >= _OTHER_NO_INPUT_SHARE:
        return _NO_INPUT
    # Only random() is promised to give the same numbers in every version of Python.
    return _OTHER_NO_INPUTS[int(rng.random() * len(_OTHER_NO_INPUTS))]
