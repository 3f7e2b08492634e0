"""SIGKILL in the middle of a run: nothing recorded is lost, sent again, or different."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database
from tests.support import commands
from tests.support.demo_script import demo_answer
from tests.support.ledger_check import check_ledger
from tests.support.run_rows import run_rows
from tests.support.scripted_server import Answer, ScriptedServer

MOST_REQUESTS_BETWEEN_KILLS = 10


@pytest.fixture(scope="module")
def server() -> Any:
    """The demo model's replies, slowly enough that kills hit every phase of a run."""

    def script(number: int, body: dict[str, Any]) -> Answer:
        time.sleep(0.05)
        return demo_answer(number, body)

    with ScriptedServer(script) as running:
        yield running


def _new(url: str, server: ScriptedServer, tasks: int) -> list[str]:
    endpoint = ("--endpoint", server.base_url, "--model", "demo")
    return ["generate", "--database", url, "--tasks", str(tasks), "--seed", "11", *endpoint]


def _kill_when(process: subprocess.Popen[str], due: Callable[[], bool], pause: float) -> None:
    """Kill the process a moment after that is so; it must still be at work then."""
    while not due():
        assert process.poll() is None, process.communicate()
        time.sleep(0.001)
    time.sleep(pause)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("kills", "tasks"),
    [
        # Eight processes, one after another: on a busy machine they take minutes to start.
        pytest.param(6, 60, marks=pytest.mark.timeout(400)),
        pytest.param(50, 200, marks=[pytest.mark.soak, pytest.mark.timeout(1800)]),
    ],
)
def test_killed_at_random_moments(
    tmp_path: Path, server: ScriptedServer, kills: int, tasks: int
) -> None:
    calm = open_database(f"sqlite:///{tmp_path / 'calm.db'}")
    commands.run_json(*_new(_url(calm), server, tasks))
    expected = run_rows(calm, 1)

    server.requests.clear()
    database = open_database(f"sqlite:///{tmp_path / 'killed.db'}")
    resume = ["generate", "--database", _url(database), "--resume", "1"]
    chance = random.Random(kills)
    for kill in range(kills):
        process = commands.start(*(resume if kill else _new(_url(database), server, tasks)))
        # Between two requests, in the middle of one, or while its answer is being stored.
        enough = len(server.requests) + chance.randint(1, MOST_REQUESTS_BETWEEN_KILLS)
        pause = chance.uniform(0, 0.05)
        _kill_when(process, lambda n=enough: len(server.requests) >= n, pause)
        _expire_leases(database)
    done = commands.run_json(*resume)

    assert done["status"] == "finished"
    assert run_rows(database, 1) == expected
    repeats, outcomes = check_ledger(database, 1, server.requests)
    assert set(outcomes) <= {"answered", "lost"}
    assert done["repeated"] == repeats.told
    print(
        f"{kills} kills: {repeats.told} of {done['requests']} calls were in flight and repeated; "
        f"the server saw {repeats.seen} twice, {repeats.never_left} had not left"
    )


def _url(database: Database) -> str:
    return database.url.render_as_string()


def _expire_leases(database: Database) -> None:
    # A resume would otherwise wait until the killed owner's lease runs out.
    with database.write() as connection:
        connection.execute(sa.text("UPDATE jobs SET lease_until = 0 WHERE lease_until IS NOT NULL"))
