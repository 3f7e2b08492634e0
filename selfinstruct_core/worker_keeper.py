"""Sees to it that a worker of this version lives as long as the web process does."""

import asyncio
import contextlib
import logging
import os
import subprocess
import sys

from selfinstruct_core.errors import StudioError
from selfinstruct_core.settings import ROOT
from selfinstruct_core.storage import jobs
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database
from selfinstruct_core.version import code_version

log = logging.getLogger("studio.web")

LOOK_SECONDS = 3.0


class WorkerKeeper:
    """Starts a worker whenever none of this version shows a heartbeat."""

    def __init__(self) -> None:
        self._database: Database | None = None
        self._started: subprocess.Popen[bytes] | None = None

    async def keep(self) -> None:
        """Look every few seconds until cancelled; a database that cannot be used is reported
        once for each new reason, and tried again."""
        said = ""
        while True:
            try:
                await asyncio.to_thread(self.look)
                said = ""
            except StudioError as error:
                if str(error) != said:
                    said = str(error)
                    log.error("%s", said)
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Start a worker if there is none. Raises StorageError."""
        if self._database is None:
            self._database = open_database()
        # One that was just started has not registered yet.
        if self._started is not None and self._started.poll() is None:
            return
        if not worker_lives(self._database):
            self._started = start_worker(self._database)

    def let_go(self) -> None:
        """Let the worker end as soon as it has no job."""
        if self._started is not None and self._started.stdin is not None:
            with contextlib.suppress(OSError):
                self._started.stdin.close()


def worker_lives(database: Database) -> bool:
    """Whether a worker of this version has shown a heartbeat lately."""
    with database.read() as connection:
        return bool(jobs.living_workers(connection, code_version()))


def start_worker(database: Database) -> subprocess.Popen[bytes]:
    """Start a worker process that ends with this process, or after the job it then has.

    It notices the end of this process by the end of its standard input.
    """
    url = database.url.render_as_string(hide_password=False)
    return subprocess.Popen(
        [sys.executable, "-m", "selfinstruct_core.worker", "--while-parent-lives"],
        cwd=ROOT,
        # Not on the command line, where every user of the machine could read a password.
        env={**os.environ, "STUDIO_DATABASE_URL": url},
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
