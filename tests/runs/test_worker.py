"""Worker processes: one after another, killed, replaced, told to end."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from selfinstruct_core.generation.recipe import default_settings, with_changes
from selfinstruct_core.generation.run_overview import run_overview
from selfinstruct_core.generation.runs import NewRun, start_run
from selfinstruct_core.models import RunState
from selfinstruct_core.storage import jobs
from selfinstruct_core.storage.database import Database
from selfinstruct_core.version import code_version
from tests.support.commands import ROOT, environment
from tests.support.run_rows import run_rows

# A worker whose leases and heartbeats are short, so that tests need not wait for long ones.
WORKER = """
import sys
from selfinstruct_core import version, worker
from selfinstruct_core.generation import engine
from selfinstruct_core.storage import jobs
jobs.LEASE_SECONDS, engine.HEARTBEAT_SECONDS, worker.BEAT_SECONDS = 1.5, 0.3, 0.3
if len(sys.argv) > 1 and sys.argv[1].startswith("version="):
    worker.code_version = lambda name=sys.argv.pop(1)[8:]: name
sys.exit(worker.main())
"""


@pytest.fixture
def start(database: Database) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    running: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, *arguments],
            cwd=ROOT,
            env=environment(
                STUDIO_DATABASE_URL=database.url.render_as_string(), STUDIO_DEMO_LATENCY="0.05"
            ),
            stdin=subprocess.PIPE,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()


def _wait(condition: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def _run(database: Database, target: int = 40) -> int:
    settings = with_changes(default_settings(), {"target": target, "seed": 5})
    return start_run(database, NewRun(settings=settings))


def _state(database: Database, run_id: int) -> RunState:
    return run_overview(database, run_id).run.state


def _kept(database: Database, run_id: int) -> int:
    return run_overview(database, run_id).counts.kept


def _claims(database: Database, run_id: int) -> int:
    with database.read() as connection:
        query = sa.text("SELECT claims FROM jobs WHERE run_id = :run")
        return connection.execute(query, {"run": run_id}).scalar_one()


def test_a_killed_worker_is_replaced_and_the_run_is_the_same(
    database: Database, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    calm, run_id = _run(database), _run(database)
    first = start()
    _wait(lambda: _state(database, calm) is RunState.FINISHED)
    _wait(lambda: _kept(database, run_id) > 5)
    first.kill()
    first.wait()
    assert _state(database, run_id) is RunState.RUNNING
    second = start()
    _wait(lambda: _state(database, run_id) is RunState.FINISHED)
    assert _claims(database, run_id) == 2
    assert run_rows(database, run_id) == run_rows(database, calm)
    second.terminate()
    assert second.wait(20) == 0
    with database.read() as connection:
        assert [worker.pid for worker in jobs.living_workers(connection)] in ([], [first.pid])


def test_a_terminated_worker_gives_its_job_back(
    database: Database, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    run_id = _run(database)
    worker = start()
    _wait(lambda: _kept(database, run_id) > 5)
    worker.terminate()
    assert worker.wait(20) == 0
    overview = run_overview(database, run_id)
    assert (overview.run.state, overview.run.detail) == (RunState.QUEUED, "waits for a worker")
    assert overview.traffic.in_flight == 0
    start()
    _wait(lambda: _state(database, run_id) is RunState.FINISHED)


def _freeze(process: subprocess.Popen[bytes], database: Database) -> None:
    """Stop the process between two of its transactions: inside one it would hold the lock."""
    path = str(database.url.database)
    while True:
        os.kill(process.pid, signal.SIGSTOP)
        other = sqlite3.connect(path, timeout=0.1, isolation_level=None)
        with contextlib.closing(other), contextlib.suppress(sqlite3.OperationalError):
            other.execute("BEGIN IMMEDIATE")
            return
        os.kill(process.pid, signal.SIGCONT)
        time.sleep(0.01)


def test_a_frozen_worker_notices_that_it_was_replaced(
    database: Database, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    calm, run_id = _run(database), _run(database)
    first = start()
    _wait(lambda: _kept(database, run_id) > 5)
    _freeze(first, database)
    second = start()
    _wait(lambda: _claims(database, run_id) == 2)
    os.kill(first.pid, signal.SIGCONT)
    _wait(lambda: _state(database, run_id) is RunState.FINISHED)
    assert run_rows(database, run_id) == run_rows(database, calm)
    assert first.poll() is None, "it goes on with other jobs"
    assert second.poll() is None


def test_a_worker_of_another_version_takes_over(
    database: Database, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    run_id = _run(database)
    old = start("version=old")
    _wait(lambda: _kept(database, run_id) > 5)
    start()
    assert old.wait(20) == 0
    _wait(lambda: _state(database, run_id) is RunState.FINISHED)
    with database.read() as connection:
        assert len(jobs.living_workers(connection, code_version())) == 1
        assert jobs.living_workers(connection, "old") == []


def test_it_ends_with_its_parent_but_finishes_its_job(
    database: Database, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    run_id = _run(database, 20)
    worker = start("--while-parent-lives")
    _wait(lambda: _state(database, run_id) is RunState.RUNNING)
    assert worker.stdin is not None
    worker.stdin.close()
    assert worker.wait(60) == 0
    assert _state(database, run_id) is RunState.FINISHED
