"""Bringing a database to the version this program knows, on every start.

A blank database gets the newest schema at once; an older one takes the numbered steps after
its version, each in one transaction with the record that it ran. Forward only.
"""

import time
from collections.abc import Callable

import sqlalchemy as sa

from selfinstruct_core.errors import StorageError
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.schema import create_tables, schema_migrations
from selfinstruct_core.storage.version_2 import add_measures

Step = Callable[[sa.Connection], None]

FIRST_VERSION = 1
STEPS: dict[int, Step] = {2: add_measures}
"""Version reached by each step; a step only changes what its version adds."""


def newest_version() -> int:
    """The version of the schema that this program writes."""
    return max(STEPS, default=FIRST_VERSION)


def migrate(database: Database) -> None:
    """Make the database ready for use.

    Raises StorageError, with the database untouched, when it was made by a newer version of the
    studio or is not a studio database.
    """
    found = _version_of(database)
    database.prepare()
    if found == newest_version():
        return
    with database.write() as connection:
        _lock(connection)
        found = current_version(connection)
        _refuse_if_foreign(database, connection, found)
        if found is None:
            create_tables(connection)
            _record(connection, newest_version())
            return
        for version in range(found + 1, newest_version() + 1):
            STEPS[version](connection)
            _record(connection, version)


def _version_of(database: Database) -> int | None:
    with database.read() as connection:
        found = current_version(connection)
        _refuse_if_foreign(database, connection, found)
        return found


def current_version(connection: sa.Connection) -> int | None:
    """The newest step recorded in the database, None when none is.

    Other programs have tables of that name too, with other columns.
    """
    inspector = sa.inspect(connection)
    if not inspector.has_table(schema_migrations.name):
        return None
    columns = {column["name"] for column in inspector.get_columns(schema_migrations.name)}
    if columns != set(schema_migrations.c.keys()):
        return None
    newest: int | None = connection.scalar(sa.select(sa.func.max(schema_migrations.c.version)))
    return newest


def _refuse_if_foreign(database: Database, connection: sa.Connection, found: int | None) -> None:
    where = database.address
    if found is None:
        others = sa.inspect(connection).get_table_names()
        if others:
            raise StorageError(
                f"{where}: holds tables of another program ({', '.join(sorted(others)[:3])}); "
                "nothing was changed. Name an empty database."
            )
    elif found > newest_version():
        raise StorageError(
            f"{where}: made by a newer version of the studio (schema {found}, this program knows "
            f"up to {newest_version()}); it was left untouched. Update the studio, or name another "
            "database."
        )


def _lock(connection: sa.Connection) -> None:
    # SQLite's write transaction is exclusive already; two PostgreSQL starts must take turns.
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(7316117)"))


def _record(connection: sa.Connection, version: int) -> None:
    connection.execute(sa.insert(schema_migrations).values(version=version, applied_at=time.time()))
