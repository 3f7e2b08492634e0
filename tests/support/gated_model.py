"""The demo model behind a gate, by which a test decides how far a run gets."""

import threading
import time
from typing import Any, Self

from tests.support.demo_script import body_key, demo_answer
from tests.support.scripted_server import Answer, ScriptedServer

LATENCY = 0.02
FOR_EVER = 1_000_000_000


class GatedModel:
    """Answers only the first `allow`ed different requests; it holds the others, and answers
    what is asked again like the first time. So a run cannot get ahead of a test, whatever the
    machine's pace."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._answered: set[str] = set()
        self._allowed = FOR_EVER
        self._changed = threading.Condition()
        self._server = ScriptedServer(self._answer)
        self.base_url = self._server.base_url

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.allow(FOR_EVER)  # nothing may wait for a test that has failed
        self._server.__exit__()

    @property
    def received(self) -> list[dict[str, Any]]:
        """The bodies of all requests in the order in which they came."""
        return list(self._server.requests)

    @property
    def answered(self) -> int:
        """How many different requests have been answered."""
        return len(self._answered)

    @property
    def held(self) -> int:
        """How many different requests wait at the gate."""
        return len(self._numbers) - len(self._answered)

    def forget(self) -> None:
        """Begin anew, with a closed gate."""
        with self._changed:
            self._numbers.clear()
            self._answered.clear()
            self._server.requests.clear()
            self._allowed = 0

    def allow(self, requests: int) -> None:
        """Let so many different requests through in all, never fewer than before."""
        with self._changed:
            self._allowed = max(self._allowed, requests)
            self._changed.notify_all()

    def _answer(self, number: int, body: dict[str, Any]) -> Answer:
        time.sleep(LATENCY)
        key = body_key(body)
        with self._changed:
            place = self._numbers.setdefault(key, len(self._numbers))
            self._changed.wait_for(lambda: place < self._allowed)
            self._answered.add(key)
        return demo_answer(number, body)
