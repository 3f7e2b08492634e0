"""Processes that a test kills, and what a test does instead of waiting for their leases."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import sqlalchemy as sa

from selfinstruct_core.storage.database import Database
from tests.support.commands import ROOT, environment

WORKER_MODULE = "selfinstruct_core.worker"
PATIENCE = 100.0
"""Seconds after which something that has not happened is taken for stuck."""


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.002)


def start_worker(database: Database) -> subprocess.Popen[bytes]:
    """Start a worker as by hand; the database's address goes by the environment."""
    return _start(database, "-m", WORKER_MODULE)


def start_web(database: Database, port: int) -> subprocess.Popen[bytes]:
    """Start the web process as `make app` does; it starts a worker if none lives."""
    return _start(database, "-m", "streamlit", "run", "app.py", "--server.port", str(port))


def _start(database: Database, *command: str) -> subprocess.Popen[bytes]:
    url = database.url.render_as_string()
    folder = str(Path(str(database.url.database)).parent)
    env = environment(
        STUDIO_DATABASE_URL=url, STUDIO_DATA_DIR=folder, STUDIO_ENV_FILE=f"{folder}/no.env"
    )
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL a process that is still running."""
    assert process.poll() is None, "it ended before it was killed"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL


def workers_of(database: Database) -> list[psutil.Process]:
    """The worker processes that use this database, whoever started them."""
    return [one for one in _processes_of(database) if WORKER_MODULE in _command(one)]


def _processes_of(database: Database) -> Iterator[psutil.Process]:
    url = database.url.render_as_string()
    for process in psutil.process_iter():
        # It may have ended meanwhile, or be somebody else's.
        with contextlib.suppress(psutil.Error):
            if process.environ().get("STUDIO_DATABASE_URL") == url:
                yield process


def _command(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []


def kill_all_of(database: Database) -> None:
    """End everything that was started for this database."""
    for process in _processes_of(database):
        with contextlib.suppress(psutil.Error):
            process.kill()


def let_leases_run_out(database: Database) -> None:
    """As if time had passed since every worker was killed: its lease and its last heartbeat are
    old. Only for when all of them are dead."""
    with database.write() as connection:
        connection.execute(sa.text("UPDATE jobs SET lease_until = 0 WHERE lease_until IS NOT NULL"))
        connection.execute(sa.text("UPDATE workers SET heartbeat_at = 0"))


def calls_in_flight(database: Database) -> set[tuple[int, int]]:
    """The attempts that have no outcome, by request and number."""
    with database.read() as connection:
        query = "SELECT request_id, number FROM attempts WHERE outcome = 'in_flight'"
        return {(row[0], row[1]) for row in connection.execute(sa.text(query))}


def lost_calls(database: Database) -> set[tuple[int, int]]:
    """The attempts that are marked as lost, by request and number."""
    with database.read() as connection:
        query = "SELECT request_id, number FROM attempts WHERE outcome = 'lost'"
        return {(row[0], row[1]) for row in connection.execute(sa.text(query))}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])
