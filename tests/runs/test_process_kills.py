"""SIGKILL of the worker and of the web process, again and again in the course of one run."""

import contextlib
import http.client
import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import sqlalchemy as sa

from selfinstruct_core.generation import execution
from selfinstruct_core.generation.recipe import default_settings, with_changes
from selfinstruct_core.generation.run_overview import run_overview
from selfinstruct_core.generation.runs import NewRun, start_run, start_run_here
from selfinstruct_core.models import Endpoint, RunState
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database
from tests.support.gated_model import FOR_EVER, GatedModel
from tests.support.killing import (
    calls_in_flight,
    free_port,
    kill,
    kill_all_of,
    let_leases_run_out,
    lost_calls,
    start_web,
    start_worker,
    wait_until,
    workers_of,
)
from tests.support.ledger_check import check_ledger
from tests.support.run_rows import run_rows

AT_ONCE = 16
# Ten processes and more are started one after another, which a busy machine takes minutes for.
pytestmark = pytest.mark.timeout(400)
SOAK = [pytest.mark.soak, pytest.mark.timeout(3600)]


@dataclass(slots=True)
class Ordeal:
    """A run that waits for its worker, and the rows that it must come to."""

    database: Database
    model: GatedModel
    run_id: int
    expected: dict[str, list[tuple[Any, ...]]]
    requests: int

    def finish(self) -> None:
        """Let the run go on to its end, which must be the uninterrupted run's."""
        self.model.allow(FOR_EVER)
        wait_until(lambda: run_overview(self.database, self.run_id).run.state == RunState.FINISHED)
        assert run_rows(self.database, self.run_id) == self.expected


@pytest.fixture
def model() -> Iterator[GatedModel]:
    with GatedModel() as model:
        yield model


@pytest.fixture
def ordeal(tmp_path: Path, model: GatedModel, tasks: int) -> Iterator[Ordeal]:
    """The run is in the queue, the gate is closed, and nobody works yet."""
    settings = with_changes(default_settings(), {"target": tasks, "seed": 11})
    endpoint = Endpoint("demo", base_url=model.base_url)
    new = NewRun(settings=settings, endpoint=endpoint, concurrency=AT_ONCE)
    calm = open_database(f"sqlite:///{tmp_path / 'calm.db'}")
    execution.execute(calm, start_run_here(calm, new, "test"))
    expected, requests = run_rows(calm, 1), model.answered
    model.forget()
    database = open_database(f"sqlite:///{tmp_path / 'killed.db'}")
    try:
        yield Ordeal(database, model, start_run(database, new), expected, requests)
    finally:
        kill_all_of(database)


def _moments(chance: random.Random, ordeal: Ordeal, kills: int) -> list[int]:
    """When to kill: after so many requests were answered, anywhere in the run."""
    # How many requests lie beyond the target differs from run to run.
    return sorted(chance.randrange(1, ordeal.requests - AT_ONCE) for _ in range(kills))


def _reach(ordeal: Ordeal, chance: random.Random, moment: int) -> None:
    """Let the run come to a moment, and a little further: calls are under way, waiting at the
    server, or having their answers stored."""
    if ordeal.model.answered >= moment:
        time.sleep(chance.uniform(0, 1.5))  # while the new process starts
        return
    ordeal.model.allow(moment + chance.randrange(AT_ONCE // 2))
    wait_until(lambda: ordeal.model.answered >= moment)
    time.sleep(chance.uniform(0, 0.05))


def _details(database: Database) -> list[tuple[Any, ...]]:
    with database.read() as connection:
        query = "SELECT outcome, detail, request_id, number FROM attempts WHERE detail <> ''"
        return [tuple(row) for row in connection.execute(sa.text(query))]


def _judge(ordeal: Ordeal, cut_off: set[tuple[int, int]], kills: int) -> str:
    """Assert what is left after the run, and say it in numbers."""
    assert lost_calls(ordeal.database) == cut_off
    assert len(cut_off) <= AT_ONCE * kills
    received = ordeal.model.received
    repeats, outcomes = check_ledger(ordeal.database, ordeal.run_id, received)
    assert set(outcomes) <= {"answered", "lost"}, _details(ordeal.database)
    assert repeats.seen == len(received) - ordeal.model.answered
    return (
        f"{repeats.told} of {outcomes['answered']} calls were in flight and repeated; the server "
        f"saw {repeats.seen} twice, {repeats.never_left} had not left"
    )


@pytest.mark.parametrize(("kills", "tasks"), [(4, 30), pytest.param(50, 200, marks=SOAK)])
def test_a_worker_killed_at_random_moments(ordeal: Ordeal, kills: int) -> None:
    chance = random.Random(kills)
    cut_off: set[tuple[int, int]] = set()
    for moment in _moments(chance, ordeal, kills):
        worker = start_worker(ordeal.database)
        _reach(ordeal, chance, moment)
        kill(worker)
        cut_off |= calls_in_flight(ordeal.database)
        let_leases_run_out(ordeal.database)
    start_worker(ordeal.database)
    ordeal.finish()
    print(f"{kills} kills of the worker: {_judge(ordeal, cut_off, kills)}")


@pytest.mark.parametrize("tasks", [20])
def test_calls_that_the_server_holds_are_repeated_once_each(ordeal: Ordeal) -> None:
    worker = start_worker(ordeal.database)
    ordeal.model.allow(20)
    # Only what waits for the server is under way: nothing is being stored, planned or sent.
    wait_until(lambda: ordeal.model.answered == 20 and ordeal.model.held > 0)
    wait_until(lambda: len(calls_in_flight(ordeal.database)) == ordeal.model.held)
    time.sleep(0.2)
    cut_off = calls_in_flight(ordeal.database)
    assert len(cut_off) == ordeal.model.held
    kill(worker)
    let_leases_run_out(ordeal.database)
    start_worker(ordeal.database)
    ordeal.finish()
    repeats, _ = check_ledger(ordeal.database, ordeal.run_id, ordeal.model.received)
    assert (repeats.told, repeats.seen, repeats.never_left) == (len(cut_off), len(cut_off), 0)


def _answers(port: int) -> bool:
    # Straight to the server: a proxy that the machine has set is not asked.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/_stcore/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False


def _kill_web(ordeal: Ordeal, web: subprocess.Popen[bytes], with_worker: bool) -> int:
    """Kill the web process, and its worker too if so. Returns how many workers were killed."""
    kill(web)
    if not with_worker:
        return 0
    workers = workers_of(ordeal.database)
    for worker in workers:
        with contextlib.suppress(psutil.NoSuchProcess):
            worker.kill()
    wait_until(lambda: not workers_of(ordeal.database))
    return len(workers)


def _claims(ordeal: Ordeal) -> int:
    with ordeal.database.read() as connection:
        return int(connection.execute(sa.text("SELECT claims FROM jobs")).scalar_one())


@pytest.mark.parametrize(("kills", "tasks"), [(3, 30), pytest.param(50, 200, marks=SOAK)])
def test_a_web_process_killed_at_random_moments(ordeal: Ordeal, kills: int) -> None:
    """Every second kill takes the worker along; after the others it goes on by itself."""
    chance = random.Random(kills)
    port = free_port()
    cut_off: set[tuple[int, int]] = set()
    workers = 0
    for number, moment in enumerate(_moments(chance, ordeal, kills)):
        web = start_web(ordeal.database, port)
        if chance.random() < 0.5:
            wait_until(lambda: _answers(port))
        _reach(ordeal, chance, moment)
        killed = _kill_web(ordeal, web, with_worker=number % 2 == 1)
        if killed:
            cut_off |= calls_in_flight(ordeal.database)
            let_leases_run_out(ordeal.database)
        workers += killed
    web = start_web(ordeal.database, port)
    ordeal.finish()
    # Nobody took the run over but where its worker was killed.
    assert 1 <= _claims(ordeal) <= 1 + workers
    words = _judge(ordeal, cut_off, workers)
    wait_until(lambda: _answers(port))
    kill(web)
    # Its worker has no job any more and nobody who wants it.
    wait_until(lambda: not workers_of(ordeal.database))
    print(f"{kills} kills of the web process and {workers} of its worker: {words}")
