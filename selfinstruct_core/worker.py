"""The worker: a process that takes jobs from the database and carries them out.

    python -m selfinstruct_core.worker [--database URL]

Started by the web entry when none of its version lives, or by hand, on any machine that reaches
the database. It outlives pages; started by the web entry it also outlives that, but only while
it has a job.
"""

import argparse
import logging
import os
import signal
import socket
import sys
import threading
import uuid
from collections.abc import Callable
from types import FrameType

from selfinstruct_core.data_sets.measuring import measure
from selfinstruct_core.errors import LeaseLost, StudioError
from selfinstruct_core.generation.execution import execute
from selfinstruct_core.models import JobKind
from selfinstruct_core.settings import database_url
from selfinstruct_core.storage import jobs
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.jobs import Worker
from selfinstruct_core.storage.migrations import migrate
from selfinstruct_core.version import code_version

log = logging.getLogger("studio.worker")

POLL_SECONDS = 0.5
BEAT_SECONDS = 2.0
PAUSE_AFTER_ERROR = 5.0


class WorkerProcess:
    """Takes jobs one after another until told to end."""

    def __init__(self, database: Database, wanted: Callable[[], bool]) -> None:
        self._database = database
        self._wanted = wanted
        self._ending = threading.Event()
        self.worker = Worker(uuid.uuid4().hex, code_version(), socket.gethostname(), os.getpid())

    def run(self) -> None:
        """Work until nobody wants this worker any more, or one of another version replaces it."""
        with self._database.write() as connection:
            jobs.register(connection, self.worker)
        beat = threading.Thread(target=self._beat, daemon=True)
        beat.start()
        try:
            while not self._ending.is_set():
                if not self._take_one() and not self._wanted():
                    return
        finally:
            self._ending.set()
            beat.join()
            with self._database.write() as connection:
                jobs.unregister(connection, self.worker)

    def _take_one(self) -> bool:
        """Carry out a job if one is free. Returns whether there was one."""
        try:
            with self._database.write() as connection:
                job = jobs.claim(connection, self.worker.id)
            if job is None:
                self._ending.wait(POLL_SECONDS)
                return False
            if job.kind is JobKind.MEASURE:
                log.info("job %s: measuring %s taken", job.id, job.subject)
                log.info("job %s: measuring %s", job.id, measure(self._database, job))
            else:
                log.info("job %s: run %s taken", job.id, job.run_id)
                state = execute(self._database, job)
                log.info("job %s: run %s is %s", job.id, job.run_id, state)
        except LeaseLost as error:
            log.warning("%s", error)
        except StudioError as error:
            # A full disk or a lost connection: the lease runs out and the job is tried again.
            log.error("%s", error)
            self._ending.wait(PAUSE_AFTER_ERROR)
        return True

    def _beat(self) -> None:
        while not self._ending.wait(BEAT_SECONDS):
            try:
                with self._database.write() as connection:
                    replaced = jobs.beat(connection, self.worker)
            except StudioError as error:
                log.error("%s", error)
                continue
            if replaced:
                log.info("a worker of another version has started; this one ends")
                os.kill(os.getpid(), signal.SIGTERM)
                return


def _parent_watch() -> Callable[[], bool]:
    """A function that tells whether the other end of standard input is still open."""
    gone = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.buffer.read()
        gone.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    return lambda: not gone.is_set()


def _end_by_signal(_number: int, _frame: FrameType | None) -> None:
    # asyncio turns an interrupt into a cancellation of the engine, which then closes what is
    # under way and gives its job back; elsewhere it ends the process as a KeyboardInterrupt.
    signal.raise_signal(signal.SIGINT)


def main() -> int:
    """Run a worker in the foreground. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m selfinstruct_core.worker")
    parser.add_argument("--database", default=database_url(), help="address of the database")
    parser.add_argument("--while-parent-lives", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    # Also where this process was started with interrupts ignored, as shells do in background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _end_by_signal)
    wanted = _parent_watch() if arguments.while_parent_lives else lambda: True
    try:
        database = Database(arguments.database)
        migrate(database)
        WorkerProcess(database, wanted).run()
    except KeyboardInterrupt:
        return 0
    except StudioError as error:
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
