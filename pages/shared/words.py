"""The words in which states, reasons and times are shown, the same on every page."""

import time

from selfinstruct_core.analysis.verb_nouns import Reading
from selfinstruct_core.generation.origin import Said
from selfinstruct_core.models import (
    Api,
    DataSetKind,
    Drop,
    Endpoint,
    Recipe,
    Rejection,
    RunState,
    Stage,
    TaskState,
)

REASONS = {
    Rejection.PREAMBLE: "talk before the list",
    Rejection.TRUNCATED: "truncated",
    Rejection.MALFORMED: "not in the form of a task",
    Rejection.EMPTY: "empty",
    Rejection.TOO_SHORT: "too short",
    Rejection.TOO_LONG: "too long",
    Rejection.KEYWORD: "keyword",
    Rejection.WRITE_A_PROGRAM: '"write a program"',
    Rejection.STARTS_WITH_PUNCTUATION: "starts with punctuation",
    Rejection.NOT_ASCII: "not ASCII",
    Rejection.TOO_SIMILAR: "too similar",
    Rejection.NO_TOKENS: "no tokens",
}

VERDICTS = {"kept": "kept", "absent": "not found in the response"} | {
    reason.value: words for reason, words in REASONS.items()
}

DROPS = {
    Drop.PREAMBLE: "talk before the instances",
    Drop.TRUNCATED: "truncated",
    Drop.NO_OUTPUT_FIELD: "no output field",
    Drop.NO_CLASS_LABEL: "no class label",
    Drop.EMPTY_OUTPUT: "empty output",
    Drop.SAME_AS_INPUT: "output same as the input",
    Drop.ENDS_WITH_COLON: "ends with a colon",
    Drop.CONFLICTING: "same input with different outputs",
    Drop.DUPLICATE: "duplicate",
    Drop.OVER_LIMIT: "more than the limit",
}

READINGS = {
    Reading.FIRST: "of the first sentence, as in the paper",
    Reading.TASK: "of the sentence that states the task",
    Reading.PAPER: "by the rule of the reference code",
}

KINDS = {
    DataSetKind.ALL: "all tasks",
    DataSetKind.RUN: "run",
    DataSetKind.IMPORT: "imported",
    DataSetKind.SEEDS: "seed tasks",
}

SAID = {
    Said.PASSED: "passed",
    Said.REJECTED: "rejected",
    Said.NOT_ASKED: "not asked, rejected before",
}

STAGES = {
    Stage.INSTRUCTIONS: "instructions",
    Stage.CLASSIFICATION: "classification",
    Stage.INPUT_FIRST: "instances, input first",
    Stage.OUTPUT_FIRST: "instances, output first",
    Stage.TASKS: "whole tasks",
}

RECIPES = {
    Recipe.SELF_INSTRUCT: "self-instruct: instruction, class and instances one by one",
    Recipe.ALPACA: "alpaca: whole tasks in one request",
}

APIS = {
    Api.COMPLETIONS: "completions, for base models",
    Api.CHAT: "chat, for chat models",
}

STATES = {
    RunState.QUEUED: "waiting for a worker",
    RunState.RUNNING: "running",
    RunState.PAUSED: "paused",
    RunState.STOPPED: "stopped",
    RunState.FINISHED: "finished",
    RunState.BUDGET: "budget used up",
    RunState.EXHAUSTED: "ended without reaching its target",
    RunState.FAILED: "failed",
}

TASK_STATES = {
    TaskState.PENDING: "not finished",
    TaskState.READY: "ready",
    TaskState.NO_INSTANCE: "without a valid instance",
    TaskState.NOT_ASKED: "instances not asked for",
}


def model_name(endpoint: Endpoint) -> str:
    """The model as lists and titles name it."""
    return "demo model (replays written examples)" if endpoint.is_demo else endpoint.model


def duration(seconds: float) -> str:
    """A duration in the one or two units that matter."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes < 10 and rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def ago(moment: float) -> str:
    """How long ago a time was."""
    passed = time.time() - moment
    return "just now" if passed < 5 else f"{duration(passed)} ago"


def exact_time(moment: float) -> str:
    """The time itself, in the server's zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(moment))
