"""A database that fills up in the middle of a run."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from selfinstruct_core.errors import StorageError
from selfinstruct_core.generation import execution
from selfinstruct_core.generation.recipe import default_settings, with_changes
from selfinstruct_core.generation.run_overview import run_overview
from selfinstruct_core.generation.runs import (
    NewRun,
    resume_run_here,
    start_run,
    start_run_here,
)
from selfinstruct_core.models import Endpoint, RunState
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database
from tests.support.commands import ROOT, environment
from tests.support.demo_script import demo_answer
from tests.support.killing import wait_until
from tests.support.ledger_check import check_ledger
from tests.support.run_rows import run_rows
from tests.support.scripted_server import ScriptedServer

# A worker on a disk with so many pages, until a file says that there is space again.
WORKER = """
import os, sys
from pathlib import Path
import sqlalchemy as sa
from selfinstruct_core import worker
worker.PAUSE_AFTER_ERROR = 0.05
def limit(connection, *_):
    pages = 1_000_000 if Path(os.environ["SPACE"]).exists() else os.environ["PAGES"]
    connection.execute(f"PRAGMA max_page_count={pages}")
sa.event.listen(sa.pool.Pool, "checkout", limit)
sys.exit(worker.main())
"""

TRIES = 15
NEW = NewRun(settings=with_changes(default_settings(), {"target": 60, "seed": 5}))


def test_what_was_stored_stays_and_the_run_goes_on_with_space(tmp_path: Path) -> None:
    calm = open_database(f"sqlite:///{tmp_path / 'calm.db'}")
    execution.execute(calm, start_run_here(calm, NEW, "test"))

    url = f"sqlite:///{tmp_path / 'full.db'}"
    database = open_database(url)
    job = start_run_here(database, NEW, "test")
    with database.read() as connection:
        pages = connection.scalar(sa.text("PRAGMA page_count"))
    database.dispose()
    limited = open_database(url)
    sa.event.listen(
        limited.engine,
        "connect",
        lambda connection, _: connection.execute(f"PRAGMA max_page_count={pages + 40}"),
    )
    limited.dispose()
    with pytest.raises(StorageError, match="database or disk is full") as told:
        execution.execute(limited, job)
    assert "Free some space" in str(told.value)
    stored = run_rows(limited, job.run_id)
    assert 0 < len(stored["tasks"]) < 60

    roomy = open_database(url)
    job = resume_run_here(roomy, job.run_id, "test")
    assert execution.execute(roomy, job) is RunState.FINISHED
    rows = run_rows(roomy, job.run_id)
    # Ordinal, position and instruction; whether it is a classification may have come later.
    before = [task[:3] for task in stored["tasks"]]
    assert [task[:3] for task in rows["tasks"]][: len(before)] == before
    assert rows == run_rows(calm, 1)
    assert run_overview(roomy, 1).traffic.in_flight == 0


def test_a_worker_goes_on_by_itself_and_sends_little_in_vain_meanwhile(tmp_path: Path) -> None:
    with ScriptedServer(demo_answer) as server:
        settings = with_changes(default_settings(), {"target": 60, "seed": 5})
        new = NewRun(settings=settings, endpoint=Endpoint("demo", base_url=server.base_url))
        calm = open_database(f"sqlite:///{tmp_path / 'calm.db'}")
        execution.execute(calm, start_run_here(calm, new, "test"))
        server.requests.clear()

        database = open_database(f"sqlite:///{tmp_path / 'full.db'}")
        run_id = start_run(database, new)
        log, space = tmp_path / "log", tmp_path / "space"
        with _limited_worker(database, log, space) as worker:
            wait_until(lambda: log.read_text().count("disk is full") >= TRIES)
            assert 0 < run_overview(database, run_id).counts.kept < 60
            space.touch()
            wait_until(lambda: run_overview(database, run_id).run.state is RunState.FINISHED)
            assert worker.poll() is None
    assert run_rows(database, run_id) == run_rows(calm, 1)
    repeats, outcomes = check_ledger(database, run_id, server.requests)
    assert set(outcomes) <= {"answered", "lost", "cancelled"}
    # Soon there is no room even for the row without which nothing is sent.
    assert repeats.told <= 5 * new.concurrency < TRIES * new.concurrency


@contextlib.contextmanager
def _limited_worker(
    database: Database, log: Path, space: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with database.read() as connection:
        pages = connection.scalar(sa.text("PRAGMA page_count"))
    env = environment(
        STUDIO_DATABASE_URL=database.url.render_as_string(),
        PAGES=str(pages + 25),
        SPACE=str(space),
    )
    with log.open("wb") as stderr:
        worker = subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, env=env, stderr=stderr)
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()
