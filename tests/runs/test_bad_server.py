"""A server that fails every fifth time, in every way there is, changes no row of a run."""

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest

from selfinstruct_core.generation import retries
from selfinstruct_core.generation.run_overview import run_overview
from selfinstruct_core.models import Endpoint, RunState
from selfinstruct_core.storage.database import Database
from tests.support.demo_script import body_key, demo_answer
from tests.support.ledger_check import check_ledger
from tests.support.run_rows import run_rows
from tests.support.scripted_server import Answer, ScriptedServer, error

Generate = Callable[..., tuple[int, RunState]]

SHARE = 0.2
NEVER = "timeout"
WHOLE = {"choices": [{"text": " Sing a song", "finish_reason": "stop"}]}


def _busy(**headers: str) -> Answer:
    return error(429, "slow down", **headers)


# Each fault with the outcome that the ledger is to show. The server of a Retry-After asks for no
# more than the test can wait; other headers and dates are in tests/lm/test_retry_after.py.
FAULTS: tuple[tuple[str, Callable[[], Answer]], ...] = (
    ("rate_limited", lambda: _busy()),
    ("rate_limited", lambda: _busy(retry_after="0")),
    ("rate_limited", lambda: _busy(retry_after="0.02")),
    ("rate_limited", lambda: _busy(retry_after=formatdate(usegmt=True))),
    ("rate_limited", lambda: _busy(retry_after="soon")),
    ("server_error", lambda: error(500, "out of order")),
    ("server_error", lambda: error(503, "loading the model", retry_after="0")),
    ("server_error", lambda: Answer(b"<html>Bad gateway", 502)),
    (NEVER, lambda: Answer(None)),
    ("connection", lambda: Answer(WHOLE, cut_after=-1)),
    ("connection", lambda: Answer(WHOLE, cut_after=0)),
    ("connection", lambda: Answer(WHOLE, cut_after=25)),
    ("bad_reply", lambda: Answer(b"\x00\xffrubbish")),
    ("bad_reply", lambda: Answer(b"")),
    ("bad_reply", lambda: Answer({"choices": []})),
    ("bad_reply", lambda: Answer({"choices": "none"})),
    ("bad_reply", lambda: Answer({"choices": [{"text": ["a", "b"]}]})),
    ("bad_reply", lambda: Answer({"choices": [{"text": "a", "finish_reason": 1}]})),
    ("bad_reply", lambda: Answer([WHOLE])),
)


class BadServer:
    """The demo model; which attempts fail, and how, follows from a seed, the request and the
    number of the attempt, never from the moment."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._attempts: Counter[str] = Counter()
        self._ended = threading.Event()
        self.faults: Counter[str] = Counter()
        self.server = ScriptedServer(self._answer)

    def __enter__(self) -> "BadServer":
        self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.server.__exit__()

    def _answer(self, number: int, body: dict[str, Any]) -> Answer:
        key = body_key(body)
        self._attempts[key] += 1
        digest = hashlib.sha256(f"{self._seed} {self._attempts[key]} {key}".encode()).digest()
        if int.from_bytes(digest[:4]) >= SHARE * 2**32:
            return demo_answer(number, body)
        outcome, make = FAULTS[int.from_bytes(digest[4:8]) % len(FAULTS)]
        self.faults[outcome] += 1
        if outcome == NEVER:
            self._ended.wait()
            return Answer(b"", cut_after=-1)
        return make()


@pytest.mark.parametrize(
    ("seed", "tasks", "timeout"),
    [
        (1, 40, 1.5),
        *(
            pytest.param(seed, 200, 4.0, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])
            for seed in (2, 3, 4)
        ),
    ],
)
def test_every_fifth_attempt_fails(
    database: Database,
    generate: Generate,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    tasks: int,
    timeout: float,
) -> None:
    monkeypatch.setattr(retries, "FIRST_WAIT", 0.001)
    with ScriptedServer(demo_answer) as healthy:
        endpoint = Endpoint("demo", base_url=healthy.base_url)
        calm, state = generate(target=tasks, seed=7, endpoint=endpoint)
        assert state is RunState.FINISHED
    with BadServer(seed) as bad:
        endpoint = Endpoint("demo", base_url=bad.server.base_url, timeout_seconds=timeout)
        run_id, state = generate(target=tasks, seed=7, endpoint=endpoint)
        received = bad.server.requests
    assert state is RunState.FINISHED
    assert run_rows(database, run_id) == run_rows(database, calm)

    repeats, outcomes = check_ledger(database, run_id, received)
    assert repeats.told == 0
    assert len(received) == sum(outcomes.values())
    answered = outcomes.pop("answered")
    # A machine that is busy with other things can also let a good answer come too late.
    assert outcomes.pop(NEVER, 0) >= bad.faults.pop(NEVER, 0)
    assert outcomes == bad.faults
    assert set(outcomes) == {outcome for outcome, _ in FAULTS} - {NEVER}
    failed = run_overview(database, run_id).traffic.failed
    assert 0.15 < failed / len(received) < 0.25
    print(
        f"bad server: {failed} of {len(received)} attempts failed, {answered} answered; same rows"
    )
