"""Ways to insert and to look up that several groups of tables need."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Table
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


def put_many(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], *, replace: bool
) -> None:
    """Insert the rows; one whose key is there already replaces that row, or is left out.

    In the order of their keys, so that two transactions with the same rows cannot each wait for
    the other.
    """
    if not rows:
        return
    key = list(table.primary_key.columns)
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    query = dialect.insert(table)
    if replace:
        others = {c.name: query.excluded[c.name] for c in table.columns if not c.primary_key}
        query = query.on_conflict_do_update(index_elements=key, set_=others)
    else:
        query = query.on_conflict_do_nothing()
    names = [column.name for column in key]
    connection.execute(query, sorted(rows, key=lambda row: [row[name] for name in names]))


def one_of(
    connection: Connection, column: ColumnElement[str], values: Sequence[str]
) -> ColumnElement[bool]:
    """Whether the column has one of the values, of which there may be any number: a statement
    takes some ten thousand parameters at most, so all are one."""
    if connection.dialect.name == "sqlite":
        listed = sa.func.json_each(json.dumps(values)).table_valued("value")
        return column.in_(sa.select(listed.c.value))
    array = sa.literal(list(values), postgresql.ARRAY(sa.Text))
    return column == sa.any_(array)
