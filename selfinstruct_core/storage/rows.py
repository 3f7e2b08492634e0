"""Small things that every group of tables needs."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Table


def insert_many(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows; none is fine."""
    if rows:
        connection.execute(sa.insert(table), rows)


def storable(text: str) -> str:
    """The text without what databases cannot hold: NUL and lone surrogates become U+FFFD."""
    return (
        text.replace("\x00", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    )
