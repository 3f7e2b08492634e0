"""Sees to it that a worker of this version lives as long as the web process does."""

import asyncio
import contextlib
import logging
import subprocess

from selfinstruct_core.errors import StudioError
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database
from selfinstruct_core.worker import start_worker, worker_lives

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
