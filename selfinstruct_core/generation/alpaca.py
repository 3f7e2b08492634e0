"""Alpaca's recipe: one request for whole tasks, each with instruction, input and output.

Below the brief stand a few seed tasks (machine-made ones are never shown), and the next number
is opened. Each task begins after a line "###"; "<noinput>" stands where a task needs no input.
"""

import re
from collections.abc import Iterator, Sequence

from selfinstruct_core.generation import alpaca_improved
from selfinstruct_core.generation.instructions import Candidate
from selfinstruct_core.generation.prompt_set import TaskPrompts
from selfinstruct_core.models import (
    Instance,
    Mode,
    PoolTask,
    Prompt,
    Rejection,
    Reply,
    Verdict,
)

SEPARATOR = "###"
NO_INPUT = "<noinput>"
_PARTS = 7
"""A task of the right form is cut by its three marks into four texts, with the marks' names."""


def render(tasks: Sequence[PoolTask], texts: TaskPrompts, last: int) -> Prompt:
    """The prompt: the brief, the tasks with their first instances, and the next number."""
    shown = [_shown(n, task) for n, task in enumerate(tasks, 1)]
    tail = f"{''.join(shown)}{SEPARATOR}\n{len(tasks) + 1}. Instruction:"
    return Prompt(texts.header.strip().replace("{last}", str(last)) + "\n", tail)


def _shown(number: int, task: PoolTask) -> str:
    instance = task.instance
    assert instance is not None, "a seed task has an instance"
    instruction = re.sub(r"\s+", " ", task.instruction).strip().rstrip(":")
    return (
        f"{SEPARATOR}\n{number}. Instruction: {instruction}\n"
        f"{number}. Input:\n{instance.input or NO_INPUT}\n{number}. Output:\n{instance.output}\n"
    )


def chat_request(texts: TaskPrompts, shown: int, last: int) -> str:
    """What is asked of a chat model before the prompt: to continue its list."""
    return texts.chat_request.replace("{next}", str(shown + 1)).replace("{last}", str(last))


def parse(reply: Reply, mode: Mode, first_number: int = 4) -> list[Candidate]:
    """The candidates of a response in order, before heuristics and novelty, each with its
    instance if it has the form of a task.

    A reply that broke off (finish reason "length") loses its last task. A failed call has no
    candidates.
    """
    if reply.text is None:
        return []
    cut_off = reply.finish_reason == "length"
    if mode is Mode.PAPER:
        return list(_parse_as_reference(reply.text, cut_off, first_number))
    return alpaca_improved.parse(reply.text, cut_off, first_number)


def _parse_as_reference(text: str, cut_off: bool, first: int) -> Iterator[Candidate]:
    """Cut at every "###"; each piece must be numbered by its place. What stands after the last
    "###" is no candidate when it is blank: a stop sequence ended the text there."""
    chunks = text.split(SEPARATOR)
    end = len(chunks) - 1
    for n, chunk in enumerate(chunks):
        opened = f"{first}. Instruction:" if n == 0 else ""
        if not chunk.strip():
            if n == 0 or n < end:
                yield Candidate("", Verdict(Rejection.EMPTY))
        elif n == end and cut_off:
            yield Candidate(chunk.strip(), Verdict(Rejection.TRUNCATED, "the last task"))
        else:
            yield _read_as_reference(opened, chunk, first + n)


def _read_as_reference(opened: str, chunk: str, number: int) -> Candidate:
    # Any three marks with the number do, in any order and anywhere in a line.
    parts = re.split(rf"{number}\.\s+(Instruction|Input|Output):", opened + chunk)
    if len(parts) != _PARTS:
        detail = f"{len(parts)} parts where {_PARTS} are expected"
        return Candidate(chunk.strip(), Verdict(Rejection.MALFORMED, detail))
    instruction, given, output = (part.strip() for part in parts[2::2])
    given = "" if given.lower() == NO_INPUT else given
    return Candidate(instruction, instance=Instance(given, output))
