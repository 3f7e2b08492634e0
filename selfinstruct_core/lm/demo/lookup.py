"""Which written task an instruction means."""

import re
from collections import Counter

from selfinstruct_core.lm.demo.examples import Examples, WrittenTask, instruction_key

_WORD = re.compile(r"\w+")


def find_task(instruction: str, examples: Examples) -> WrittenTask | None:
    """The task with this text, the one a defective text is made of, or the most similar one."""
    key = instruction_key(instruction)
    for task in examples.tasks:
        if instruction_key(task.instruction) == key:
            return task
    return _base_task(key, examples) or _most_similar(key, examples)


def task_by_id(task_id: str | None, examples: Examples) -> WrittenTask | None:
    """The task with this id, if there is one."""
    return next((task for task in examples.tasks if task.id == task_id), None)


def _base_task(key: str, examples: Examples) -> WrittenTask | None:
    for defective in examples.defects:
        if instruction_key(defective.instruction) == key:
            return task_by_id(defective.of, examples)
    return None


def _most_similar(key: str, examples: Examples) -> WrittenTask | None:
    asked = _tokens(key)
    best: WrittenTask | None = None
    best_similarity = 0.0
    for task in examples.tasks:
        written = _tokens(instruction_key(task.instruction))
        shared = (asked & written).total()
        similarity = 2 * shared / ((asked.total() + written.total()) or 1)
        # Strictly greater: of equally similar tasks the first in the file is taken.
        if 2 * shared >= asked.total() and similarity > best_similarity:
            best, best_similarity = task, similarity
    return best


def _tokens(key: str) -> Counter[str]:
    return Counter(_WORD.findall(key))
