"""The step to version 2, on both databases: rows stay, tables become those of a blank one."""

import time
from typing import Any

import pytest
import sqlalchemy as sa

from selfinstruct_core.models import JobKind, JobState
from selfinstruct_core.storage import jobs
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.migrations import migrate
from selfinstruct_core.storage.open import open_database
from selfinstruct_core.storage.schema import jobs as job_table
from selfinstruct_core.storage.schema import metadata
from tests.storage import version_1
from tests.storage.stored import all_rows, rows_of

NEW = ("parsed_texts", "seed_scores", "other_scores")


@pytest.fixture
def old(blank: str) -> Database:
    """A database that version 1 has worked with."""
    database = Database(blank)
    version_1.make(database)
    return database


def tables(database: Database) -> dict[str, dict[str, Any]]:
    """Everything that the database says of its tables, without the order in which they came."""
    inspector = sa.inspect(database.engine)
    return {
        table: {
            "columns": [str(column) for column in inspector.get_columns(table)],
            "key": inspector.get_pk_constraint(table),
            "references": sorted(map(_reference, inspector.get_foreign_keys(table))),
            "indexes": sorted(map(str, inspector.get_indexes(table))),
            "unique": sorted(map(str, inspector.get_unique_constraints(table))),
        }
        for table in inspector.get_table_names()
    }


def _reference(key: Any) -> tuple[Any, ...]:
    return key["constrained_columns"], key["referred_table"], key["referred_columns"]


def old_rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the tables of version 1, in its columns."""
    found = {}
    with database.read() as connection:
        for table, rows in version_1.ROWS.items():
            key = "version" if table == "schema_migrations" else "1, 2"
            query = sa.text(f"SELECT {', '.join(rows[0])} FROM {table} ORDER BY {key}")
            found[table] = [tuple(row) for row in connection.execute(query)]
    return found


def test_the_rows_of_version_1_stay(old: Database) -> None:
    before = old_rows(old)
    migrate(old)
    after = old_rows(old)
    assert [version for version, _ in after.pop("schema_migrations")] == [1, 2]
    assert after == {name: rows for name, rows in before.items() if name != "schema_migrations"}
    expected = [
        {**row, "created_at": 5.0, "subject": None, "payload": None, "done": None, "total": None}
        for row in version_1.ROWS["jobs"]
    ]
    assert rows_of(old, job_table) == expected
    assert {name: rows_of(old, metadata.tables[name]) for name in NEW} == {n: [] for n in NEW}


def test_the_tables_are_those_of_a_blank_database(
    old: Database, request: pytest.FixtureRequest
) -> None:
    migrate(old)
    if old.is_sqlite:
        path = f"{old.url.database}.blank"
        fresh = open_database(f"sqlite:///{path}")
    else:
        server = request.getfixturevalue("postgres")
        fresh = open_database(server.new_database(ready=False))
    assert tables(old) == tables(fresh)


def test_the_queue_goes_on(old: Database) -> None:
    migrate(old)
    before = time.time()
    with old.write() as connection:
        first = jobs.claim(connection, "c")
        second = jobs.claim(connection, "c")
        added = jobs.enqueue_about(connection, JobKind.MEASURE, 1, "run-1", {"reading": "first"})
    assert first is not None
    # The lease of 4 has run out long ago.
    assert (first.id, first.claims, first.run_id, first.kind) == (4, 2, 1, JobKind.GENERATE)
    assert second is not None
    assert (second.id, second.state) == (7, JobState.RUNNING)
    (row,) = [row for row in rows_of(old, job_table) if row["id"] == added]
    assert added == 8
    assert before <= row["created_at"] <= time.time()
    assert (row["run_id"], row["subject"], row["payload"]) == (None, "run-1", {"reading": "first"})


def test_a_second_start_changes_nothing(old: Database, blank: str) -> None:
    migrate(old)
    rows = all_rows(old)
    assert all_rows(open_database(blank)) == rows
