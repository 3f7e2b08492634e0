"""A model server that answers at the pace that a test sets."""

import threading
from collections.abc import Callable
from typing import Any, Self

from tests.support.scripted_server import Answer, ScriptedServer, completion

PER_RESPONSE = 3
LONGEST_WAIT = 60


def fresh_tasks(number: int) -> list[str]:
    """Instructions that share no word with each other, so that none is too similar."""
    return [
        f"Describe{number}x{n} the{number}x{n} day{number}x{n} once{number}x{n}"
        for n in range(PER_RESPONSE)
    ]


def numbered(instructions: list[str]) -> Answer:
    """Candidates as a model continues the list of eight examples in the prompt."""
    first, *others = instructions
    lines = [f" {first}", *(f"{number}. {text}" for number, text in enumerate(others, 10))]
    return completion("\n".join(lines))


class PacedModel:
    """Answers each request for new tasks only once `release` has let it go, and all other
    requests at once. `write(number)` gives the answer to request `number` for new tasks."""

    def __init__(self, write: Callable[[int], Answer] | None = None) -> None:
        self._write = write or (lambda number: numbered(fresh_tasks(number)))
        self._gate = threading.Semaphore(0)
        self._lock = threading.Lock()
        self.asked = 0
        self._server = ScriptedServer(self._answer)
        self.base_url = self._server.base_url

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.release(1000)  # nothing may wait for a test that has failed
        self._server.__exit__()

    def release(self, responses: int = 1) -> None:
        """Let that many answers go, now or when they are asked for."""
        self._gate.release(responses)

    def _answer(self, _: int, body: dict[str, Any]) -> Answer:
        if body["max_tokens"] < 100:
            return completion(" No")
        if body["max_tokens"] < 1000:
            return completion(" Output: Done as it was asked.")
        with self._lock:
            number = self.asked
            self.asked += 1
        self._gate.acquire(timeout=LONGEST_WAIT)
        return self._write(number)
