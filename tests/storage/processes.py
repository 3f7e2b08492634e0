"""Real processes that work on one database, and the work they do.

Functions that processes call stand here, where a process finds them by name.
"""

import contextlib
import multiprocessing
import os
import resource
import tempfile
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from selfinstruct_core.errors import StudioError
from selfinstruct_core.exchange.importing import import_tasks
from selfinstruct_core.models import RunState
from selfinstruct_core.storage import jobs, migrations, projects, runs
from selfinstruct_core.storage.backup import backup
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.migrations import current_version
from selfinstruct_core.storage.open import open_database

# Each process is a fork of one that has imported this module and opened nothing.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])
PATIENCE = 60.0
NOBODY = 65534
"""A user that may do nothing in particular."""


class _Process:
    """A process that does one piece of work, when it is let go."""

    def __init__(self, work: Callable[..., Any], arguments: tuple[Any, ...], line: bool) -> None:
        self._pipe, other = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(
            target=_serve, args=(other, work, arguments, line), daemon=True
        )
        self._process.start()
        other.close()

    def let_go(self) -> None:
        self._pipe.send("go")

    def tell_to_stop(self) -> None:
        # It may have failed and gone already; then its result says so.
        with contextlib.suppress(BrokenPipeError):
            self._pipe.send("stop")

    def receive(self) -> Any:
        """What it says next."""
        if not self._pipe.poll(PATIENCE):
            raise AssertionError("a process did not answer")
        return self._pipe.recv()

    def result(self) -> Any:
        """What the work has returned, once the process has ended."""
        result, failure = self.receive()
        self._process.join(PATIENCE)
        self._pipe.close()
        assert failure is None, failure
        return result


def _serve(pipe: Pipe, work: Callable[..., Any], arguments: tuple[Any, ...], line: bool) -> None:
    pipe.send("ready")
    pipe.recv()
    try:
        pipe.send((work(*arguments, Line(pipe)) if line else work(*arguments), None))
    except BaseException:
        pipe.send((None, traceback.format_exc()))


def _let_go(processes: list[_Process]) -> None:
    """Let all begin at one moment."""
    for process in processes:
        process.receive()
    for process in processes:
        process.let_go()


def together(work: Callable[..., Any], *calls: tuple[Any, ...]) -> list[Any]:
    """Call the function in one process for each tuple of arguments, all at once. Returns what
    they returned, in order of the calls."""
    processes = [_Process(work, arguments, line=False) for arguments in calls]
    _let_go(processes)
    return [process.result() for process in processes]


def apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """Call the function in a process of its own, which it may change as it likes."""
    return together(work, arguments)[0]


class Line:
    """What a process in the background has of who started it."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def started(self) -> None:
        """Let the other side go on."""
        self._pipe.send("started")

    def told_to_stop(self, seconds: float = 0.0) -> bool:
        """Whether the word has come, waiting for it that long."""
        return self._pipe.poll(seconds)


class Background:
    """Calls `work(*arguments, line)` in a process as long as the context: entered when the work
    has said that it started, left when it has ended after it was told to stop."""

    def __init__(self, work: Callable[..., None], *arguments: Any) -> None:
        self._work, self._arguments = work, arguments

    def __enter__(self) -> Self:
        self._process = _Process(self._work, self._arguments, line=True)
        _let_go([self._process])
        answer = self._process.receive()
        assert answer == "started", answer
        return self

    def __exit__(self, *_: object) -> None:
        self._process.tell_to_stop()
        self._process.result()


@contextlib.contextmanager
def opened(url: str) -> Iterator[Database]:
    """The database at the address, made ready, and closed afterwards."""
    database = open_database(url)
    try:
        yield database
    finally:
        database.dispose()


def migrated(url: str) -> int | None:
    """Make the database ready. Returns its version."""
    with opened(url) as database, database.read() as connection:
        return current_version(connection)


def migrated_by_a_step(url: str) -> int | None:
    """Like `migrated`, by a program that knows one version more."""
    following = migrations.newest_version() + 1
    migrations.STEPS[following] = _sign
    try:
        return migrated(url)
    finally:
        del migrations.STEPS[following]


def _sign(connection: sa.Connection) -> None:
    projects.add_project(connection, f"by {os.getpid()}")


def claim_all(url: str, owner: str) -> list[int]:
    """Claim jobs until none is free. Returns their ids in order of claiming."""
    claimed = []
    with opened(url) as database:
        while True:
            with database.write() as connection:
                job = jobs.claim(connection, owner)
            if job is None:
                return claimed
            claimed.append(job.id)


def enqueued(url: str, run_id: int) -> int:
    """Ask for a run to be worked on. Returns the job's id."""
    with opened(url) as database, database.write() as connection:
        return jobs.enqueue(connection, run_id)


def imported(url: str, content: bytes) -> int:
    """Import a file. Returns the data set's id."""
    with opened(url) as database:
        return import_tasks(database, content, "f", "Mine", "P").data_set_id


def shared_rows(url: str, numbers: int) -> list[tuple[int, bool]]:
    """Store what several starts of runs store once, whoever comes first. Returns for each number
    the project, and whether this process has added its data set."""
    stored = []
    with opened(url) as database:
        for n in range(numbers):
            with database.write() as connection:
                stored.append(_shared_row(connection, n))
    return stored


def _shared_row(connection: sa.Connection, n: int) -> tuple[int, bool]:
    name = f"Project {n}"
    runs.remember_prompt_set(connection, f"hash {n}", "standard", "[instructions]")
    project = projects.project_named(connection, name) or projects.add_project(connection, name)
    if projects.find_data_set(connection, project.id, "seeds", "digest") is not None:
        return project.id, False
    projects.add_data_set(connection, project.id, "Seeds", "seeds", "digest", [])
    return project.id, True


class _TakeBack(Exception):
    """Ends a transaction without a commit."""


def hold_write_transaction(url: str, line: Line) -> None:
    """Write something that is taken back at the end."""
    with opened(url) as database, contextlib.suppress(_TakeBack), database.write() as connection:
        projects.add_project(connection, "held")
        line.started()
        line.told_to_stop(PATIENCE)
        raise _TakeBack


def write_pairs(url: str, run_id: int, first: int, line: Line) -> None:
    """Store a project and change a run in one transaction, again and again, until told to stop.
    The projects of a writer are numbered from `first`; the run's detail is the last of them."""
    number = first
    with opened(url) as database:
        while not line.told_to_stop():
            with database.write() as connection:
                projects.add_project(connection, str(number))
                runs.set_run_state(connection, run_id, RunState.RUNNING, str(number))
            number += 1
            if number == first + 20:
                line.started()


def become_nobody() -> None:
    """Go on as a user who owns nothing, where this one is root, whom nothing binds."""
    with tempfile.TemporaryDirectory() as folder:
        # Load whatever is loaded late while its files may still be read.
        database = open_database(f"sqlite:///{folder}/warm-up.db")
        backup(database, Path(folder) / "backup.db")
        database.dispose()
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def refusals_as_nobody(urls: list[str]) -> list[str]:
    """What a user who owns nothing is told on adding a project to each of the databases."""
    become_nobody()
    return [_refusal(url) for url in urls]


def _refusal(url: str) -> str:
    try:
        with open_database(url).write() as connection:
            projects.add_project(connection, "by nobody")
    except StudioError as error:
        return f"{type(error).__name__}: {error}"
    return "stored"


def backups_as_nobody(url: str, paths: list[Path]) -> list[str]:
    """What a user who owns nothing is told on writing a backup to each of the paths."""
    database = Database(url)
    become_nobody()
    return [_backup_refusal(database, path) for path in paths]


def backup_with_little_space(url: str, path: Path, space: int) -> str:
    """What is said when a file may not grow beyond so many bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (space, space))
    return _backup_refusal(Database(url), path)


def _backup_refusal(database: Database, path: Path) -> str:
    try:
        backup(database, path)
    except StudioError as error:
        return f"{type(error).__name__}: {error}"
    return "written"
