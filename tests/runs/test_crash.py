"""SIGKILL in the middle of a run: nothing recorded is lost, sent again, or different."""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from selfinstruct_core.lm.demo.examples import load_examples
from selfinstruct_core.lm.demo.replies import reply
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database
from tests.support import commands
from tests.support.run_rows import run_rows
from tests.support.scripted_server import Answer, ScriptedServer, completion

MOST_REQUESTS_BETWEEN_KILLS = 10


@pytest.fixture(scope="module")
def server() -> Any:
    """The demo model's replies, slowly enough that kills hit every phase of a run."""
    examples = load_examples()

    def script(_: int, body: dict[str, Any]) -> Answer:
        time.sleep(0.05)
        said = reply(body["prompt"], body["seed"], body["max_tokens"], body["stop"], examples)
        tokens = (said.prompt_tokens, said.completion_tokens)
        return completion(said.text, said.finish_reason, tokens)

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
    [(6, 60), pytest.param(50, 200, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])],
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
    lost = _assert_nothing_recorded_was_sent_again(database, server)
    print(f"{kills} kills: {lost} calls were in flight and repeated, of {done['requests']}")


def _url(database: Database) -> str:
    return database.url.render_as_string()


def _expire_leases(database: Database) -> None:
    # A resume would otherwise wait until the killed owner's lease runs out.
    with database.write() as connection:
        connection.execute(sa.text("UPDATE jobs SET lease_until = 0 WHERE lease_until IS NOT NULL"))


def _assert_nothing_recorded_was_sent_again(database: Database, server: ScriptedServer) -> int:
    """Returns how many attempts were lost to kills."""
    with database.read() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT p.text || r.tail AS prompt, r.parameters, r.answered, a.number, a.outcome "
                "FROM requests r JOIN prompt_prefixes p ON p.hash = r.prefix_hash "
                "JOIN attempts a ON a.request_id = r.id ORDER BY r.id, a.number"
            )
        ).all()
    attempts = Counter(row.prompt for row in rows)
    received = Counter(body["prompt"] for body in server.requests)
    assert set(received) <= set(attempts)
    for prompt, times in received.items():
        assert times <= attempts[prompt], "each call to the server was written down before"
    outcomes = Counter(row.outcome for row in rows)
    assert set(outcomes) <= {"answered", "lost"}
    assert outcomes["answered"] == len({row.prompt for row in rows if row.answered})
    # An attempt after one that was answered would be a recorded completion sent again.
    last: dict[str, str] = {}
    for row in rows:
        assert last.get(row.prompt) != "answered"
        last[row.prompt] = row.outcome
    return outcomes["lost"]
