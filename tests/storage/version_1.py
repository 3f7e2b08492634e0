"""A database as version 1 of the schema left it, with rows in it.

The statements are those that version 1 ran; `version_1.sqlite.sql` and
`version_1.postgresql.sql` never change.
"""

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from selfinstruct_core.storage.database import Database

_NOT_NULL: dict[str, Any] = {"created_at": 5.0, "at": 5.0}
ROWS: dict[str, list[dict[str, Any]]] = {
    "schema_migrations": [{"version": 1, "applied_at": 5.0}],
    "projects": [{"id": 1, "name": "Käse"}],
    "prompt_sets": [{"hash": "cafe", "name": "standard", "source": "[instructions]"}],
    "data_sets": [{"id": 1, "project_id": 1, "name": "Seeds", "kind": "seeds", "digest": "d"}],
    "tasks": [
        {"id": 1, "project_id": 1, "origin": "seed", "source_id": "seed_task_0", "name": "rank"},
        {"id": 2, "project_id": 1, "origin": "seed", "source_id": "seed_task_1", "name": "odd"},
    ],
    "task_versions": [
        {"task_id": 1, "version": 1, "instruction": "Rank the cheeses.", "state": "ready"},
        {"task_id": 2, "version": 1, "instruction": "Say if it is odd.", "state": "ready"},
    ],
    "instances": [{"task_id": 2, "version": 1, "position": 0, "input": "3", "output": "odd 😀"}],
    "data_set_items": [
        {"data_set_id": 1, "position": 0, "task_id": 1, "version": 1},
        {"data_set_id": 1, "position": 1, "task_id": 2, "version": 1},
    ],
    "runs": [
        {
            "id": 1,
            "project_id": 1,
            "seed_data_set_id": 1,
            "prompt_set": "cafe",
            "settings": '{"target": 20}',
            "endpoint": "{}",
            "concurrency": 4,
            "budget": "{}",
            "worked_seconds": 2.5,
            "state": "running",
            "detail": "",
        }
    ],
    "jobs": [
        {
            "id": id_,
            "kind": "generate",
            "run_id": 1,
            "state": state,
            "wish": wish,
            "owner": owner,
            "lease_until": lease_until,
            "claims": claims,
            "error": error,
            "ended_at": ended_at,
        }
        for id_, state, wish, owner, lease_until, claims, error, ended_at in [
            (3, "done", "stop", "a", None, 2, "no key 😀", 9.0),
            (4, "running", "pause", "b", 12.5, 1, "", None),
            (7, "queued", "run", None, None, 0, "", None),
        ]
    ],
}


def make(database: Database) -> None:
    """Fill a blank database."""
    name = "sqlite" if database.is_sqlite else "postgresql"
    script = Path(__file__).with_name(f"version_1.{name}.sql").read_text("utf-8")
    with database.write() as connection:
        for statement in filter(str.strip, script.split(";\n")):
            connection.execute(sa.text(statement))
        for table, rows in ROWS.items():
            _insert(connection, table, rows)


def _insert(connection: sa.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    columns = {column["name"] for column in sa.inspect(connection).get_columns(table)}
    for row in rows:
        values = {name: value for name, value in _NOT_NULL.items() if name in columns} | row
        names = ", ".join(values)
        places = ", ".join(f":{name}" for name in values)
        connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)
    if connection.dialect.name == "postgresql" and "id" in columns:
        # As if the ids had been given by the database.
        connection.execute(
            sa.text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
        )
