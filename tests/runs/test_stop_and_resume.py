"""Stopping, resuming, and the end of a run."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from selfinstruct_core.errors import BadInput, NotFound
from selfinstruct_core.exchange.seed_file import load_seed_file
from selfinstruct_core.generation import engine, execution
from selfinstruct_core.generation.recipe import default_settings, with_changes
from selfinstruct_core.generation.run_overview import run_overview
from selfinstruct_core.generation.runs import (
    NewRun,
    resume_run,
    resume_run_here,
    start_run,
    start_run_here,
    stop_run,
)
from selfinstruct_core.lm.demo.server import DemoServer
from selfinstruct_core.models import Endpoint, RunState
from selfinstruct_core.storage.database import Database
from tests.support.run_rows import run_rows

Generate = Callable[..., tuple[int, RunState]]


def _new(target: int, base_url: str | None = None) -> NewRun:
    settings = with_changes(default_settings(), {"target": target, "seed": 5})
    return NewRun(settings=settings, endpoint=Endpoint("demo", base_url=base_url))


def _scalar(database: Database, query: str) -> Any:
    with database.read() as connection:
        return connection.scalar(sa.text(query))


@pytest.mark.usefixtures("_fast_heartbeat")
def test_stopped_and_resumed_equals_uninterrupted(database: Database, generate: Generate) -> None:
    calm, _ = generate(target=60, seed=5)
    with DemoServer(latency=0.03) as server:
        job = start_run_here(database, _new(60, server.base_url), "test")
        threading.Thread(target=_stop_when_some_are_kept, args=(database, job.run_id)).start()
        assert execution.execute(database, job) is RunState.STOPPED
        stopped = run_overview(database, job.run_id)
        assert 0 < stopped.counts.kept < 60
        assert stopped.traffic.in_flight == 0
        answered = stopped.traffic.answered

        job = resume_run_here(database, job.run_id, "test")
        assert execution.execute(database, job) is RunState.FINISHED
    assert run_rows(database, job.run_id) == run_rows(database, calm)
    # What was answered before the stop was not asked again.
    assert run_overview(database, job.run_id).traffic.answered >= answered
    assert _scalar(database, "SELECT max(number) FROM attempts") == 1


@pytest.fixture
def _fast_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "HEARTBEAT_SECONDS", 0.05)


def _stop_when_one_is_sent(database: Database, run_id: int) -> None:
    while run_overview(database, run_id).traffic.in_flight == 0:
        time.sleep(0.02)
    stop_run(database, run_id)


def _stop_when_some_are_kept(database: Database, run_id: int) -> None:
    while run_overview(database, run_id).counts.kept < 10:
        time.sleep(0.02)
    stop_run(database, run_id)


@pytest.mark.usefixtures("_fast_heartbeat")
def test_a_stop_does_not_wait_for_ever(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "STOP_PATIENCE", 0.2)
    with DemoServer(latency=60) as server:
        job = start_run_here(database, _new(60, server.base_url), "test")
        threading.Thread(target=_stop_when_one_is_sent, args=(database, job.run_id)).start()
        assert execution.execute(database, job) is RunState.STOPPED
    assert _scalar(database, "SELECT outcome FROM attempts") == "cancelled"
    assert _scalar(database, "SELECT state FROM jobs") == "done"


def test_a_queued_run_stops_at_once(database: Database) -> None:
    run_id = start_run(database, _new(10))
    stop_run(database, run_id)
    overview = run_overview(database, run_id)
    assert overview.run.state is RunState.STOPPED
    assert not overview.stopping
    assert _scalar(database, "SELECT count(*) FROM requests") == 0
    resume_run(database, run_id)
    assert run_overview(database, run_id).run.state is RunState.QUEUED


def test_a_finished_run_has_a_data_set_and_nothing_to_resume(
    database: Database, generate: Generate
) -> None:
    run_id, _ = generate(target=10)
    with pytest.raises(BadInput, match="has reached its target"):
        resume_run(database, run_id)
    kept = run_overview(database, run_id).counts.kept
    members = "SELECT count(*) FROM data_set_items i JOIN data_sets s ON s.id = i.data_set_id"
    assert _scalar(database, f"{members} WHERE s.kind = 'run'") == kept
    assert _scalar(database, f"{members} WHERE s.kind = 'seeds'") == len(load_seed_file())


def test_the_seeds_are_stored_once_a_project(database: Database, generate: Generate) -> None:
    generate(target=5)
    generate(target=5, seed=1)
    assert _scalar(database, "SELECT count(*) FROM tasks WHERE origin = 'seed'") == len(
        load_seed_file()
    )


def test_runs_that_do_not_exist(database: Database) -> None:
    for use in (run_overview, stop_run, resume_run):
        with pytest.raises(NotFound, match="There is no run 9"):
            use(database, 9)


def test_a_run_that_another_worker_holds_cannot_be_taken(database: Database) -> None:
    job = start_run_here(database, _new(10), "somebody")
    with pytest.raises(BadInput, match="A worker is at this run already"):
        resume_run_here(database, job.run_id, "somebody else")


def test_a_model_without_new_ideas_ends_the_run(database: Database, generate: Generate) -> None:
    # The demo model knows about 250 tasks; after them every candidate is a repetition.
    run_id, state = generate(target=1000, max_fruitless=12)
    assert state is RunState.EXHAUSTED
    overview = run_overview(database, run_id)
    assert overview.counts.kept > 200
    assert overview.counts.pending == 0
    assert overview.derivation.fruitless == 12
