"""Connections and transactions on SQLite and PostgreSQL, with errors a person can act on."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from selfinstruct_core.errors import BadInput, StorageError

BUSY_SECONDS = 30
"""How long a writer waits for another before it gives up; single writes take milliseconds."""


class Database:
    """One database; a process makes one and shares it between its threads."""

    def __init__(self, url: str) -> None:
        self.url = _parse(url)
        self.engine = _create_engine(self.url)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction for reading: all its queries see the same state.
        Raises StorageError when the database cannot be used."""
        with self._transaction("DEFERRED") as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction for writing, committed at the end, rolled back on any error.
        Raises StorageError when the database cannot be used."""
        with self._transaction("IMMEDIATE") as connection:
            yield connection

    @contextlib.contextmanager
    def _transaction(self, sqlite_begin: str) -> Iterator[sa.Connection]:
        engine = self.engine.execution_options(sqlite_begin=sqlite_begin)
        try:
            with engine.begin() as connection:
                yield connection
        except exc.DBAPIError as error:
            raise StorageError(self._explain(error)) from error

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _explain(self, error: exc.DBAPIError) -> str:
        where = self.url.render_as_string(hide_password=True)
        said = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else "no reason"
        for sign, remedy in _REMEDIES:
            if sign in said.lower():
                return f"{where}: {said}. Nothing of this step was stored. {remedy}"
        return f"{where}: {said}. Nothing of this step was stored."


_REMEDIES = (
    ("locked", "Another program holds the database; close it or wait, then try again."),
    ("readonly", "Make the database file and its folder writable for this user."),
    ("read-only", "Make the database writable for this user."),
    ("full", "Free some space (or raise the limit), then go on; what was stored before is safe."),
    ("unable to open", "Check that the folder exists and may be written."),
    ("not a database", "The file is not a studio database; name another with --database."),
    ("malformed", "The file is damaged; restore a backup."),
    ("connection", "Check that the server runs and that address, user and password are right."),
)


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except exc.ArgumentError as error:
        raise BadInput(
            f'"{url}" is not a database address. Write sqlite:///path/to/studio.db or '
            "postgresql://user:password@host/name."
        ) from error
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    raise BadInput(
        f'"{parsed.render_as_string(hide_password=True)}" cannot be used: name a file with '
        "sqlite:///path/to/studio.db or a server with postgresql://user:password@host/name."
    )


def _create_engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() == "postgresql":
        return sa.create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    _make_folder(Path(str(url.database)))
    engine = sa.create_engine(
        url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}
    )
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"{path.parent}: the folder of the database cannot be made ({error.strerror}). "
            "Name another place with --database or STUDIO_DATA_DIR."
        ) from error


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver must not begin transactions by itself: it would begin too late and as readers.
    connection.isolation_level = None
    # A database that may only be read cannot change its mode; the first write says so.
    with contextlib.suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: sa.Connection) -> None:
    begin = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {begin}")
