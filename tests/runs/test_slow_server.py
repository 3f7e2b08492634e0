"""Servers that drip, never answer or send far too much, over real sockets: a run that meets
them ends with the rows that it has without them."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from selfinstruct_core.generation import execution, retries
from selfinstruct_core.generation.recipe import default_settings, with_changes
from selfinstruct_core.generation.runs import NewRun, start_run_here
from selfinstruct_core.models import Endpoint, RunState
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database
from tests.support.demo_script import demo_answer
from tests.support.run_rows import run_rows
from tests.support.scripted_server import Answer, ScriptedServer

Generate = Callable[..., tuple[int, RunState]]
Script = Callable[[int, dict[str, Any]], Answer]
Run = Callable[..., int]

TEN_MEGABYTES = 10_000_000
SEVEN_MEGABYTES = 7_000_000
RUN = {"target": 12, "seed": 7}
EVERY = 8
LEAST_FAULTS = 3
"""A run of 12 tasks sends about thirty requests."""


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_WAIT", 0.001)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The rows of the same run where nothing goes wrong."""
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('calm') / 'studio.db'}")
    with ScriptedServer(demo_answer) as server:
        endpoint = Endpoint("demo", base_url=server.base_url)
        new = NewRun(settings=with_changes(default_settings(), RUN), endpoint=endpoint)
        job = start_run_here(database, new, "test")
        assert execution.execute(database, job) is RunState.FINISHED
    yield run_rows(database, job.run_id)
    database.dispose()


@pytest.fixture
def run(generate: Generate) -> Run:
    """Run it against a server that answers so; returns the run's number."""

    def run(script: Script, timeout: float = 60.0) -> int:
        with ScriptedServer(script) as server:
            endpoint = Endpoint("demo", base_url=server.base_url, timeout_seconds=timeout)
            run_id, state = generate(concurrency=4, endpoint=endpoint, **RUN)
        assert state is RunState.FINISHED
        return run_id

    return run


def _outcomes(database: Database, run_id: int) -> dict[str, int]:
    with database.read() as connection:
        query = (
            "SELECT outcome, count(*) AS times FROM attempts a JOIN requests r "
            "ON r.id = a.request_id WHERE r.run_id = :run GROUP BY outcome"
        )
        rows = connection.execute(sa.text(query), {"run": run_id})
        return {row.outcome: row.times for row in rows}


def _padded(answer: Answer, size: int) -> Answer:
    """The same good answer in a body of this many bytes and more."""
    answer.body["system_fingerprint"] = "x" * size
    return answer


class SometimesFaulty:
    """A script that answers every eighth request by another; `faults` counts those."""

    def __init__(self, fault: Script) -> None:
        self._fault = fault
        self.faults = 0

    def script(self, number: int, body: dict[str, Any]) -> Answer:
        if number % EVERY:
            return demo_answer(number, body)
        self.faults += 1
        return self._fault(number, body)


def test_no_answer_ever(database: Database, run: Run, calm: dict[str, Any]) -> None:
    ended = threading.Event()

    def silence(_: int, __: dict[str, Any]) -> Answer:
        ended.wait()
        return Answer(b"", cut_after=-1)

    server = SometimesFaulty(silence)
    try:
        run_id = run(server.script, timeout=1.0)
    finally:
        ended.set()
    assert run_rows(database, run_id) == calm
    # On a busy machine a good answer may come too late as well.
    assert _outcomes(database, run_id)["timeout"] >= server.faults >= LEAST_FAULTS


def test_a_byte_now_and_then_is_given_up(
    database: Database, run: Run, calm: dict[str, Any]
) -> None:
    def drip(number: int, body: dict[str, Any]) -> Answer:
        # Each byte comes in time, all of them would take half a minute.
        return Answer(demo_answer(number, body).body, drip=0.2)

    server = SometimesFaulty(drip)
    run_id = run(server.script, timeout=1.0)
    assert run_rows(database, run_id) == calm
    # On a busy machine a good answer may come too late as well.
    assert _outcomes(database, run_id)["timeout"] >= server.faults >= LEAST_FAULTS


def test_a_byte_at_a_time_is_read_to_its_end(
    database: Database, run: Run, calm: dict[str, Any]
) -> None:
    def drip(number: int, body: dict[str, Any]) -> Answer:
        return Answer(demo_answer(number, body).body, drip=0.0001)

    server = SometimesFaulty(drip)
    run_id = run(server.script)
    assert run_rows(database, run_id) == calm
    assert server.faults >= LEAST_FAULTS
    assert set(_outcomes(database, run_id)) == {"answered"}


def test_ten_megabytes_are_refused_and_seven_taken(
    database: Database, run: Run, calm: dict[str, Any]
) -> None:
    too_large = SometimesFaulty(lambda n, body: _padded(demo_answer(n, body), TEN_MEGABYTES))
    run_id = run(too_large.script)
    assert run_rows(database, run_id) == calm
    assert _outcomes(database, run_id)["bad_reply"] == too_large.faults >= LEAST_FAULTS

    large = SometimesFaulty(lambda n, body: _padded(demo_answer(n, body), SEVEN_MEGABYTES))
    run_id = run(large.script)
    assert run_rows(database, run_id) == calm
    assert set(_outcomes(database, run_id)) == {"answered"}
    with database.read() as connection:
        query = (
            "SELECT count(*) FROM responses s JOIN requests r ON r.id = s.request_id "
            f"WHERE r.run_id = :run AND length(s.raw) > {SEVEN_MEGABYTES}"
        )
        assert connection.scalar(sa.text(query), {"run": run_id}) == large.faults >= LEAST_FAULTS
