"""Ways to insert that every group of tables needs."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_many(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows; none is fine."""
    if rows:
        connection.execute(sa.insert(table), rows)


def insert_if_new(connection: Connection, table: Table, **row: Any) -> None:
    """Insert the row unless one of its unique values is there already, or was just written by
    another transaction, which this waits for."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(dialect.insert(table).values(**row).on_conflict_do_nothing())
