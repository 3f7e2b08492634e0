"""What the demo model answers: a pure function of the prompt, the seed and the written examples."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from selfinstruct_core.lm.demo.examples import Examples
from selfinstruct_core.lm.demo.instances import write_instances
from selfinstruct_core.lm.demo.instructions import continue_list
from selfinstruct_core.lm.demo.limits import count_tokens, cut_at_stop, cut_at_tokens
from selfinstruct_core.lm.demo.lookup import find_task
from selfinstruct_core.lm.demo.prompts import (
    ClassificationPrompt,
    InstancePrompt,
    InstructionPrompt,
    TasksPrompt,
    recognise,
)
from selfinstruct_core.lm.demo.systems import load_responses, respond
from selfinstruct_core.lm.demo.tasks import continue_tasks

FinishReason = Literal["stop", "length"]

SELF_DESCRIPTION = (
    "This is the demo model, which replays written examples and is no language model."
)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer as a server reports it; the token counts are estimates."""

    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int


def reply(
    prompt: str,
    seed: int | None,
    max_tokens: int | None,
    stop: Sequence[str],
    examples: Examples,
) -> Reply:
    """The answer to a prompt; without `max_tokens` it is as long as the written text."""
    written, broken = _write(prompt, seed, examples)
    return _within_limits(prompt, written, broken, max_tokens, stop)


def system_reply(system: str, prompt: str, max_tokens: int | None, stop: Sequence[str]) -> Reply:
    """What one of the fictional systems answers to a prompt with a user-oriented task."""
    written = respond(system, prompt, load_responses())
    return _within_limits(prompt, written, False, max_tokens, stop)


def _within_limits(
    prompt: str, written: str, broken: bool, max_tokens: int | None, stop: Sequence[str]
) -> Reply:
    text = cut_at_stop(written, stop)
    finish_reason: FinishReason = "length" if broken and text == written else "stop"
    if max_tokens is not None and count_tokens(text) > max_tokens:
        text = cut_at_tokens(text, max_tokens)
        finish_reason = "length"
    return Reply(text, finish_reason, count_tokens(prompt), count_tokens(text))


def _write(prompt: str, seed: int | None, examples: Examples) -> tuple[str, bool]:
    """The whole text before any limit, and whether it breaks off by itself."""
    match recognise(prompt):
        case InstructionPrompt() as wanted:
            text, broken = continue_list(wanted, examples, _generator(prompt, seed))
            return _after_cue(text, prompt), broken
        case TasksPrompt() as wanted:
            text, broken = continue_tasks(wanted, examples, _generator(prompt, seed))
            return _after_cue(text, prompt), broken
        case ClassificationPrompt(instruction):
            task = find_task(instruction, examples)
            answer = " Yes" if task is not None and task.is_classification else " No"
            return _after_cue(answer, prompt), False
        case InstancePrompt(instruction, output_first):
            task = find_task(instruction, examples)
            answer = "" if task is None else write_instances(task, output_first)
            return _on_new_line(answer, prompt), False
        case _:
            return SELF_DESCRIPTION, False


def _generator(prompt: str, seed: int | None) -> random.Random:
    # Neither hash() nor the time: the same request has to get the same text in every process.
    source = f"{seed}\n{prompt}".encode("utf-8", "surrogatepass")
    return random.Random(int.from_bytes(hashlib.sha256(source).digest()))


def _after_cue(text: str, prompt: str) -> str:
    return text.lstrip() if prompt[-1:].isspace() else text


def _on_new_line(text: str, prompt: str) -> str:
    return f"\n{text}" if text and not prompt.endswith("\n") else text
