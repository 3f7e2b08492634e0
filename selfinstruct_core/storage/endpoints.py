"""Named endpoints and what the last test of each told."""

import dataclasses
import time
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from selfinstruct_core.models import Endpoint
from selfinstruct_core.storage.runs import endpoint_from_json
from selfinstruct_core.storage.schema import endpoints


@dataclass(frozen=True, slots=True)
class StoredEndpoint:
    """An endpoint, when it was tested last, and the report of that test as plain values."""

    endpoint: Endpoint
    tested_at: float | None
    report: dict[str, Any] | None


def put_endpoint(connection: Connection, endpoint: Endpoint) -> None:
    """Store an endpoint under its name; one of that name is replaced, and its test forgotten."""
    connection.execute(sa.delete(endpoints).where(endpoints.c.name == endpoint.name))
    connection.execute(
        sa.insert(endpoints).values(name=endpoint.name, settings=dataclasses.asdict(endpoint))
    )


def get_endpoint(connection: Connection, name: str) -> StoredEndpoint | None:
    """The endpoint of that name, None if there is none."""
    row = connection.execute(sa.select(endpoints).where(endpoints.c.name == name)).one_or_none()
    return _stored(row) if row else None


def all_endpoints(connection: Connection) -> list[StoredEndpoint]:
    """Every endpoint by name."""
    query = sa.select(endpoints).order_by(endpoints.c.name)
    return [_stored(row) for row in connection.execute(query)]


def delete_endpoint(connection: Connection, name: str) -> bool:
    """Forget an endpoint; runs keep what they were started with. Returns whether there was one."""
    deleted = connection.execute(sa.delete(endpoints).where(endpoints.c.name == name))
    return deleted.rowcount == 1


def record_test(connection: Connection, endpoint: Endpoint, report: dict[str, Any]) -> None:
    """Store what a test told, and the endpoint with what it taught."""
    connection.execute(
        sa.update(endpoints)
        .where(endpoints.c.name == endpoint.name)
        .values(settings=dataclasses.asdict(endpoint), tested_at=time.time(), report=report)
    )


def _stored(row: Row[Any]) -> StoredEndpoint:
    return StoredEndpoint(endpoint_from_json(row.settings), row.tested_at, row.report)
