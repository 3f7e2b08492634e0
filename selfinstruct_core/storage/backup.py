"""A copy of the whole database as one SQLite file, safe while everything runs."""

import contextlib
import sqlite3
import uuid
from collections.abc import Generator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from selfinstruct_core.errors import BadInput, StorageError
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.schema import create_tables, metadata

_BATCH = 1000


def backup(database: Database, path: Path) -> None:
    """Write the state of this moment to a new file that the studio can open as its database.

    From SQLite by its online backup, from PostgreSQL by reading all tables in one snapshot.
    The file appears under its name only when it is complete. Raises BadInput when the name is
    taken, StorageError when it cannot be written.
    """
    unfinished = path.with_name(f".{uuid.uuid4().hex}.unfinished")
    try:
        if path.exists():
            raise BadInput(f"{path} exists already; name a new file.")
        unfinished.touch(exist_ok=False)
        if database.is_sqlite:
            _copy_sqlite(Path(str(database.url.database)), unfinished)
        else:
            _copy_tables(database, unfinished)
        unfinished.replace(path)
    except OSError as error:
        raise _cannot_write(path, error.strerror) from error
    except sqlite3.Error as error:
        raise _cannot_write(path, error) from error
    except exc.DBAPIError as error:
        raise _cannot_write(path, error.orig) from error
    finally:
        for leftover in ("", "-journal", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                Path(f"{unfinished}{leftover}").unlink()


def _cannot_write(path: Path, reason: object) -> StorageError:
    return StorageError(
        f"{path}: the backup could not be written ({reason}). "
        "Choose a folder that exists, may be written and has space."
    )


def _copy_sqlite(source: Path, target: Path) -> None:
    # As an address, in which #, ? and % of a name have to be escaped.
    origin = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
    copy = sqlite3.connect(target)
    try:
        origin.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    finally:
        copy.close()
        origin.close()


def _copy_tables(database: Database, target: Path) -> None:
    # Without checking of foreign keys, as is SQLite's default: some tables refer to each other.
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(target)))
    try:
        with engine.begin() as copy, contextlib.closing(_all_rows(database)) as batches:
            create_tables(copy)
            for table, rows in batches:
                copy.execute(sa.insert(table), rows)
    finally:
        engine.dispose()


def _all_rows(database: Database) -> Generator[tuple[sa.Table, list[dict[str, Any]]]]:
    """All rows in batches, as they were at one moment."""
    with database.read() as connection:
        for table in metadata.tables.values():
            rows = connection.execute(sa.select(table), execution_options={"yield_per": _BATCH})
            with contextlib.closing(rows):
                for batch in rows.partitions():
                    yield table, [dict(row._mapping) for row in batch]
