"""Connections and transactions on SQLite and PostgreSQL, with errors a person can act on."""

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
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
        reading: dict[str, Any] = {"sqlite_begin": "DEFERRED"}
        if not self.is_sqlite:
            # Otherwise each query would see what was committed before it, not before the first.
            reading = {"isolation_level": "REPEATABLE READ"}
        self._reader = self.engine.execution_options(**reading)
        self._writer = self.engine.execution_options(sqlite_begin="IMMEDIATE")

    @property
    def address(self) -> str:
        """The address as people may see it, without passwords."""
        return _shown(self.url)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction for reading: all its queries see the same state.
        Raises StorageError when the database cannot be used."""
        with self._transaction(self._reader) as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction for writing, committed at the end, rolled back on any error.
        Raises StorageError when the database cannot be used."""
        with self._transaction(self._writer) as connection:
            yield connection

    @contextlib.contextmanager
    def _transaction(self, engine: sa.Engine) -> Iterator[sa.Connection]:
        try:
            with engine.begin() as connection:
                yield connection
        except exc.DBAPIError as error:
            raise StorageError(self._explain(str(error.orig))) from error
        except exc.TimeoutError as error:
            raise StorageError(self._explain("all connections are in use")) from error

    def prepare(self) -> None:
        """Let readers and a writer of a SQLite file work at the same time, from now on.

        This changes the file, so it is done only once it is known to be the studio's.
        """
        if not self.is_sqlite:
            return
        connection = self.engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            # A database that may only be read cannot change its mode; the first write says so.
            pass
        finally:
            connection.close()

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _explain(self, words: str) -> str:
        said = words.strip().splitlines()[0] if words.strip() else "no reason"
        for sign, remedy in _REMEDIES:
            if sign in said.lower():
                return f"{self.address}: {said}. Nothing of this step was stored. {remedy}"
        return f"{self.address}: {said}. Nothing of this step was stored."


_REMEDIES = (
    ("locked", "Another program holds the database; close it or wait, then try again."),
    ("lock timeout", "Another program holds the database; close it or wait, then try again."),
    ("in use", "Too much is being done at once; wait, then try again."),
    ("readonly", "Make the database file and its folder writable for this user."),
    ("read-only", "Make the database writable for this user."),
    ("full", "Free some space (or raise the limit), then go on; what was stored before is safe."),
    ("no space", "Free some space, then go on; what was stored before is safe."),
    ("unable to open", "Check that it names a file in a folder that exists and may be written."),
    ("not a database", "The file is not a studio database; name another with --database."),
    ("malformed", "The file is damaged; restore a backup."),
    ("connection", "Check that the server runs and that address, user and password are right."),
)


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (exc.ArgumentError, ValueError) as error:
        # What stands before an @ may be a password, however the rest is written.
        raise BadInput(
            f'"{re.sub(".*@", "...@", url, flags=re.DOTALL)}" is not a database address. '
            "Write sqlite:///path/to/studio.db or postgresql://user:password@host/name."
        ) from error
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite" and _names_file(parsed.database):
        return parsed.set(drivername="sqlite")
    raise BadInput(
        f'"{_shown(parsed)}" cannot be used: name a file with '
        "sqlite:///path/to/studio.db or a server with postgresql://user:password@host/name."
    )


def _names_file(database: str | None) -> bool:
    return bool(database) and database != ":memory:" and not str(database).startswith("file:")


def _shown(url: sa.URL) -> str:
    without = url.difference_update_query(("password", "sslpassword"))
    return without.render_as_string(hide_password=True)


def _create_engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() == "postgresql":
        engine = sa.create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
        sa.event.listen(engine, "connect", _prepare_postgresql)
        return engine
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
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    # Its own knows the capitals of ASCII only, and a search in any case needs all of them.
    connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _prepare_postgresql(connection: psycopg.Connection[Any], _record: Any) -> None:
    # It would wait for ever.
    connection.execute(f"SET lock_timeout = {round(BUSY_SECONDS * 1000)}")
    connection.commit()


def _begin_sqlite(connection: sa.Connection) -> None:
    begin = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {begin}")
