"""A copy of the whole database as one SQLite file, safe while everything runs."""

import sqlite3
import uuid
from pathlib import Path

import sqlalchemy as sa

from selfinstruct_core.errors import BadInput, StorageError
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.migrations import migrate
from selfinstruct_core.storage.schema import metadata

_BATCH = 1000


def backup(database: Database, path: Path) -> None:
    """Write the state of this moment to a new file that the studio can open as its database.

    From SQLite by its online backup, from PostgreSQL by reading all tables in one snapshot.
    The file appears under its name only when it is complete. Raises BadInput when the name is
    taken, StorageError when it cannot be written.
    """
    if path.exists():
        raise BadInput(f"{path} exists already; name a new file.")
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.unfinished")
    try:
        if database.is_sqlite:
            _copy_sqlite(Path(str(database.url.database)), unfinished)
        else:
            _copy_tables(database, unfinished)
        unfinished.replace(path)
    except (sqlite3.Error, OSError) as error:
        raise StorageError(
            f"{path}: the backup could not be written ({error}). Choose a folder with space."
        ) from error
    finally:
        for leftover in path.parent.glob(f"{unfinished.name}*"):
            leftover.unlink()


def _copy_sqlite(source: Path, target: Path) -> None:
    origin = sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)
    copy = sqlite3.connect(target)
    try:
        origin.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    finally:
        copy.close()
        origin.close()


def _copy_tables(database: Database, target: Path) -> None:
    copy = Database(f"sqlite:///{target}")
    try:
        migrate(copy)
        snapshot = database.engine.execution_options(isolation_level="REPEATABLE READ")
        with snapshot.begin() as source, copy.write() as sink:
            for table in metadata.sorted_tables:
                _copy_table(source, sink, table)
    finally:
        with copy.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
            connection.exec_driver_sql("BEGIN")
        copy.dispose()


def _copy_table(source: sa.Connection, sink: sa.Connection, table: sa.Table) -> None:
    sink.execute(sa.delete(table))
    rows = source.execution_options(yield_per=_BATCH).execute(sa.select(table))
    for batch in rows.partitions():
        sink.execute(sa.insert(table), [dict(row._mapping) for row in batch])
