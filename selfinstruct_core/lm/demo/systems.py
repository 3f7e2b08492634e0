"""Three fictional systems whose written responses to the user-oriented tasks are replayed.

They are of clearly different quality, so that a rating study can be tried out. What people find
out about them says nothing about any model.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DEFAULT_PATH = Path(__file__).resolve().parents[3] / "seeds" / "user_oriented_tasks.jsonl"

SYSTEMS = ("demo-strong", "demo-medium", "demo-weak")
NO_RESPONSE = (
    "This demo system replays written responses to the user-oriented tasks that ship with the "
    "studio, and has none to this."
)


@dataclass(frozen=True, slots=True)
class WrittenResponses:
    """One task with the response that each of the systems gives."""

    instruction: str
    input: str
    of_system: dict[str, str]


@cache
def load_responses(path: Path = DEFAULT_PATH) -> tuple[WrittenResponses, ...]:
    """The written responses of a file, in order."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return tuple(
        WrittenResponses(
            _folded(row["instruction"]), _folded(row["instances"][0]["input"]), row["responses"]
        )
        for row in rows
    )


def respond(system: str, prompt: str, written: tuple[WrittenResponses, ...]) -> str:
    """What the system answers to a prompt in any form that holds instruction and input of a
    written task; of several such tasks the one that has most in common with the prompt counts."""
    folded = _folded(prompt)
    fitting = [one for one in written if one.instruction in folded and one.input in folded]
    if not fitting:
        return NO_RESPONSE
    best = max(fitting, key=lambda one: len(one.instruction) + len(one.input))
    return best.of_system[system]


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
