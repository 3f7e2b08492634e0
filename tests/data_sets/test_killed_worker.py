"""A worker process that measures, killed in the middle; and one that has a run to do as well."""

import contextlib
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from selfinstruct_core.data_sets.catalogue import data_set_tasks_with_instances
from selfinstruct_core.data_sets.measures import (
    MeasureProgress,
    measure_progress,
    request_measures,
    stored_measures,
)
from selfinstruct_core.generation.recipe import default_settings, with_changes
from selfinstruct_core.generation.run_overview import run_overview
from selfinstruct_core.generation.runs import NewRun, start_run
from selfinstruct_core.models import DataSetKey, RunState
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.schema import jobs, other_scores, parsed_texts
from tests.storage.stored import count, rows_of
from tests.support.commands import ROOT, environment
from tests.support.killing import kill, let_leases_run_out

BATCH = 8
# A worker that stores small batches. It stays in the transaction of the one that gets so far; and
# while it parses there may be a gate to wait at. Its parser is none, as loading one takes long.
WORKER = f"""
import pathlib, sys, time
from selfinstruct_core import worker
from selfinstruct_core.analysis.verb_nouns import VerbNoun
from selfinstruct_core.data_sets import measuring
measuring._parser = lambda: None
def verb_nouns(texts, *_):
    while gate.exists() and stored:
        time.sleep(0.01)
    return [VerbNoun("write", None) for text in texts]
measuring.verb_nouns = verb_nouns
measuring.TEXTS_AT_ONCE = {BATCH}
gate, last = pathlib.Path(sys.argv.pop()), int(sys.argv.pop())
stored, set_progress = [], measuring.jobs.set_progress
def held(connection, job, done, total):
    set_progress(connection, job, done, total)
    stored.extend([done] if done else [])
    time.sleep(1000 if done >= last else 0)
measuring.jobs.set_progress = held
sys.exit(worker.main())
"""
TEXTS = 120
FOR_EVER = 1_000_000
Start = Callable[..., subprocess.Popen[bytes]]
# Every row that is written, also one that turns out to be there already.
LOG = "CREATE TABLE written (what TEXT)"
TRIGGERS = (
    "CREATE TRIGGER parsed BEFORE INSERT ON parsed_texts BEGIN "
    "INSERT INTO written VALUES (NEW.text_hash); END",
    "CREATE TRIGGER compared BEFORE INSERT ON other_scores BEGIN "
    "INSERT INTO written VALUES ('task ' || NEW.task_id); END",
)


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A file; while it exists, a worker that has stored something does not go on."""
    return tmp_path / "gate"


@pytest.fixture
def start(database: Database, gate: Path) -> Iterator[Start]:
    running: list[subprocess.Popen[bytes]] = []

    def start(last: int = FOR_EVER) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(last), str(gate)],
            cwd=ROOT,
            env=environment(STUDIO_DATABASE_URL=database.url.render_as_string()),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture
def key(database: Database, imported: Callable[..., DataSetKey]) -> DataSetKey:
    """A data set to be measured, and a log of all rows that are written."""
    with database.write() as connection:
        for statement in (LOG, *TRIGGERS):
            connection.execute(sa.text(statement))
    return imported(*(f"Write poem number {n} about the sea." for n in range(TEXTS)))


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for the worker, and leave it the processor meanwhile."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def written(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.scalars(sa.text("SELECT what FROM written")))


def progress(database: Database, key: DataSetKey) -> MeasureProgress:
    found = measure_progress(database, key)
    assert found is not None
    return found


def is_being_written(database: Database, key: DataSetKey, done: int) -> bool:
    """Whether a transaction that leads to so much done has begun."""
    if progress(database, key).done < done - BATCH:
        return False
    with contextlib.closing(sqlite3.connect(str(database.url.database), timeout=0)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        return False


def test_nothing_is_lost_or_done_twice(database: Database, start: Start, key: DataSetKey) -> None:
    request_measures(database, key)
    # Once while it parses, once while it compares.
    for done in (5 * BATCH, TEXTS + 5 * BATCH):
        worker = start(done)
        wait_until(lambda done=done: is_being_written(database, key, done))
        kill(worker)
        so_far = done - BATCH
        assert progress(database, key) == MeasureProgress(True, True, so_far, 2 * TEXTS, "")
        assert count(database, parsed_texts) + count(database, other_scores) == so_far
        let_leases_run_out(database)
    start()
    wait_until(lambda: not progress(database, key).open)

    assert progress(database, key) == MeasureProgress(False, False, 2 * TEXTS, 2 * TEXTS, "")
    assert (count(database, parsed_texts), count(database, other_scores)) == (TEXTS, TEXTS)
    rows = written(database)
    assert len(rows) == len(set(rows)) == 2 * TEXTS
    (job,) = rows_of(database, jobs)
    assert (job["claims"], job["state"], job["error"]) == (3, "done", "")
    tasks = data_set_tasks_with_instances(database, key)
    assert stored_measures(database, key, tasks).complete
    assert request_measures(database, key) is None


def test_a_run_that_is_started_comes_first(
    database: Database, start: Start, gate: Path, key: DataSetKey
) -> None:
    request_measures(database, key)
    gate.touch()
    start()
    wait_until(lambda: progress(database, key).done > 0)
    settings = with_changes(default_settings(), {"target": 5})
    run_id = start_run(database, NewRun(settings=settings))
    gate.unlink()
    wait_until(lambda: run_overview(database, run_id).run.state is RunState.FINISHED)
    wait_until(lambda: not progress(database, key).open)
    measuring, generating = rows_of(database, jobs)
    assert (measuring["claims"], generating["claims"]) == (2, 1)
    assert generating["ended_at"] < measuring["ended_at"]
    rows = written(database)
    assert len(rows) == len(set(rows)) == 2 * TEXTS
