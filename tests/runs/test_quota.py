"""A provider that ends a run in its middle: no money left, a key withdrawn."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from selfinstruct_core.generation import execution
from selfinstruct_core.generation.run_overview import run_overview
from selfinstruct_core.generation.runs import resume_run_here
from selfinstruct_core.models import Endpoint, RunState
from selfinstruct_core.storage.database import Database
from tests.support.demo_script import demo_answer
from tests.support.ledger_check import check_ledger
from tests.support.run_rows import run_rows
from tests.support.scripted_server import Answer, ScriptedServer, completion, error

Generate = Callable[..., tuple[int, RunState]]

AT_ONCE = 8
GOOD = 30


class Provider:
    """Answers `good` requests, then nothing but `no` until it is `restored`."""

    def __init__(self, script: Callable[[int, dict[str, Any]], Answer]) -> None:
        self._script = script
        self.good = 1_000_000
        self.no = error(500, "unused")

    def restored(self) -> None:
        self.good = 1_000_000

    def answer(self, number: int, body: dict[str, Any]) -> Answer:
        return self._script(number, body) if number < self.good else self.no


def _resume(database: Database, run_id: int) -> RunState:
    return execution.execute(database, resume_run_here(database, run_id, "test"))


def _recorded(database: Database, run_id: int) -> list[tuple[Any, ...]]:
    with database.read() as connection:
        query = (
            "SELECT s.request_id, s.raw, s.received_at FROM responses s "
            "JOIN requests r ON r.id = s.request_id WHERE r.run_id = :run ORDER BY 1"
        )
        return [tuple(row) for row in connection.execute(sa.text(query), {"run": run_id})]


@pytest.mark.parametrize(
    ("no", "told"),
    [
        (
            error(429, "You exceeded your current quota", "insufficient_quota", retry_after="9"),
            "quota: 429: You exceeded your current quota; "
            "add credit or raise the limit at the provider, then resume",
        ),
        (
            error(401, "The key was withdrawn"),
            "authentication: 401: The key was withdrawn; put the endpoint's key right, then resume",
        ),
        (
            error(403, "This project is closed"),
            "authentication: 403: This project is closed; "
            "put the endpoint's key right, then resume",
        ),
    ],
)
def test_the_run_ends_at_once_and_resumes_to_the_same_rows(
    database: Database, generate: Generate, no: Answer, told: str
) -> None:
    provider = Provider(demo_answer)
    with ScriptedServer(provider.answer) as server:
        endpoint = Endpoint("demo", base_url=server.base_url)
        calm, _ = generate(target=24, seed=7, endpoint=endpoint)
        server.requests.clear()

        provider.good, provider.no = GOOD, no
        run_id, state = generate(target=24, seed=7, concurrency=AT_ONCE, endpoint=endpoint)
        assert state is RunState.FAILED
        overview = run_overview(database, run_id)
        assert overview.run.detail == told
        assert 0 < overview.counts.kept < 24
        assert overview.traffic.in_flight == 0
        # After the first refusal nothing was sent but what was under way with it.
        assert len(server.requests) <= GOOD + AT_ONCE
        before = _recorded(database, run_id)
        assert GOOD - AT_ONCE <= len(before) <= GOOD

        provider.restored()
        assert _resume(database, run_id) is RunState.FINISHED
        received = list(server.requests)
    assert run_rows(database, run_id) == run_rows(database, calm)
    assert set(before) <= set(_recorded(database, run_id))
    repeats, outcomes = check_ledger(database, run_id, received)
    assert outcomes[told.partition(":")[0]] >= 1
    assert repeats.told == outcomes["cancelled"] <= AT_ONCE


def test_a_quota_that_ends_among_fruitless_responses(
    database: Database, generate: Generate
) -> None:
    """The run counts on where it was, so it ends after as many responses as without the break."""

    def same(_: int, body: dict[str, Any]) -> Answer:
        prompt = body["prompt"]
        if prompt.endswith("9."):
            return completion(" Name a river in Asia\n10. Count the vowels in the word")
        return completion(" No" if prompt.endswith("classification?") else "Output: Mekong")

    provider = Provider(same)
    with ScriptedServer(provider.answer) as server:
        options: dict[str, Any] = {
            "target": 9,
            "concurrency": 1,
            "max_fruitless": 8,
            "endpoint": Endpoint("m", base_url=server.base_url),
        }
        calm, state = generate(**options)
        assert state is RunState.EXHAUSTED
        # One response with two tasks, four requests about them, then nothing new.
        assert len(server.requests) == 1 + 4 + 8
        server.requests.clear()
        provider.good, provider.no = 10, error(429, "pay first", "insufficient_quota")
        run_id, state = generate(**options)
        assert state is RunState.FAILED
        provider.restored()
        assert _resume(database, run_id) is RunState.EXHAUSTED
        assert run_rows(database, run_id) == run_rows(database, calm)
        # A run that was exhausted tries as often again when it is resumed.
        sent = len(server.requests)
        assert _resume(database, run_id) is RunState.EXHAUSTED
        assert len(server.requests) == sent + 8
