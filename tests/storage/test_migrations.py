"""Bringing databases to the newest version, on both databases."""

import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from selfinstruct_core.errors import StorageError
from selfinstruct_core.storage import migrations, projects
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.migrations import migrate, newest_version
from selfinstruct_core.storage.open import open_database
from selfinstruct_core.storage.schema import metadata, schema_migrations
from selfinstruct_core.storage.schema import projects as project_table
from tests.storage.conftest import Opened
from tests.storage.processes import migrated, migrated_by_a_step, together
from tests.storage.stored import all_rows, rows_of, store_run

NEWEST = newest_version()
NEXT = NEWEST + 1


def columns(database: Database) -> dict[str, dict[str, tuple[str, bool]]]:
    """Type and nullability of each column of each table in the database."""
    inspector = sa.inspect(database.engine)
    return {
        table: {
            column["name"]: (str(column["type"]), column["nullable"])
            for column in inspector.get_columns(table)
        }
        for table in inspector.get_table_names()
    }


def references(database: Database) -> set[tuple[str, str]]:
    """Each pair of tables of which the first has a foreign key to the second."""
    inspector = sa.inspect(database.engine)
    return {
        (table, key["referred_table"])
        for table in inspector.get_table_names()
        for key in inspector.get_foreign_keys(table)
    }


def execute(database: Database, *statements: str) -> None:
    """Run SQL of somebody else."""
    with database.write() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def files(database: Database) -> dict[str, bytes]:
    """The files of a SQLite database and their bytes, once it is closed."""
    database.dispose()
    path = Path(str(database.url.database))
    return {file.name: file.read_bytes() for file in path.parent.iterdir()}


def everything(database: Database) -> Any:
    """All that a database of anybody holds: the files of SQLite, the tables of PostgreSQL."""
    if database.is_sqlite:
        return files(database)
    tables = sa.MetaData()
    tables.reflect(database.engine)
    with database.read() as connection:
        return columns(database), {
            table.name: [tuple(row) for row in connection.execute(sa.select(table))]
            for table in tables.tables.values()
        }


def test_a_blank_database_gets_the_newest_tables(blank: str) -> None:
    before = time.time()
    database = open_database(blank)

    assert set(columns(database)) == set(metadata.tables)
    for table in metadata.tables.values():
        assert list(columns(database)[table.name]) == list(table.columns.keys())
    (row,) = rows_of(database, schema_migrations)
    assert row["version"] == newest_version()
    assert before <= row["applied_at"] <= time.time()
    others = {name: rows for name, rows in all_rows(database).items() if rows}
    assert list(others) == ["schema_migrations"]


def test_tables_have_their_keys_and_indexes(database: Database) -> None:
    inspector = sa.inspect(database.engine)
    assert inspector.get_pk_constraint("candidates")["constrained_columns"] == [
        "derivation_id",
        "ordinal",
        "position",
    ]
    (unique,) = inspector.get_unique_constraints("requests")
    assert unique["column_names"] == ["run_id", "stage", "ordinal"]
    indexes = {index["name"]: index["column_names"] for index in inspector.get_indexes("requests")}
    assert indexes["requests_open"] == ["run_id", "answered"]
    (foreign,) = inspector.get_foreign_keys("responses")
    assert (foreign["referred_table"], foreign["constrained_columns"]) == (
        "requests",
        ["request_id"],
    )


def test_tables_refer_to_each_other_whatever_was_created_before(
    database: Database, tmp_path: Path
) -> None:
    """SQLAlchemy leaves marks on tables that it created on PostgreSQL."""
    other = open_database(f"sqlite:///{tmp_path / 'other.db'}")
    assert (
        references(database)
        == references(other)
        == {
            (table.name, key.column.table.name)
            for table in metadata.tables.values()
            for key in table.foreign_keys
        }
    )


def test_foreign_keys_hold(database: Database) -> None:
    with (
        pytest.raises(StorageError, match=r"(?i)foreign key.*Nothing of this step was stored"),
        database.write() as connection,
    ):
        projects.add_data_set(connection, 99, "of no project", "seeds", "0", [])
    assert rows_of(database, metadata.tables["data_sets"]) == []


def test_a_second_start_changes_nothing(blank: str) -> None:
    first = open_database(blank)
    store_run(first)
    rows, before = all_rows(first), everything(first)

    second = open_database(blank)
    assert all_rows(second) == rows
    assert everything(second) == before


def test_readers_of_a_file_do_not_wait_for_its_writer(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'studio.db'}")
    with database.read() as connection:
        assert connection.scalar(sa.text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(sa.text("PRAGMA synchronous")) == 2
        assert connection.scalar(sa.text("PRAGMA foreign_keys")) == 1


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_database_of_a_newer_version_is_left_untouched(blank: str, journal: str) -> None:
    database = open_database(blank)
    store_run(database)
    execute(database, "INSERT INTO schema_migrations VALUES (1000, 5.0)")
    if database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as raw:
            raw.exec_driver_sql("COMMIT")
            raw.exec_driver_sql(f"PRAGMA journal_mode={journal}")
            raw.exec_driver_sql("BEGIN")
    before = everything(database)

    with pytest.raises(StorageError) as refusal:
        open_database(blank)

    assert str(refusal.value) == (
        f"{database.address}: made by a newer version of the studio (schema 1000, this program "
        f"knows up to {NEWEST}); it was left untouched. Update the studio, or name another "
        "database."
    )
    assert everything(database) == before


@pytest.mark.parametrize(
    ("foreign", "named"),
    [
        pytest.param(["CREATE TABLE notes (body TEXT)"], "notes", id="notes"),
        pytest.param(
            [
                "CREATE TABLE schema_migrations (version VARCHAR(20) NOT NULL)",
                "INSERT INTO schema_migrations VALUES ('20240229120000')",
            ],
            "schema_migrations",
            id="rails",
        ),
        pytest.param(
            [
                "CREATE TABLE schema_migrations (version BIGINT NOT NULL, dirty BOOLEAN NOT NULL)",
                "INSERT INTO schema_migrations VALUES (1, false)",
                "CREATE TABLE users (name TEXT)",
            ],
            "schema_migrations, users",
            id="golang-migrate",
        ),
    ],
)
def test_a_database_of_another_program_is_left_untouched(
    blank: str, foreign: list[str], named: str
) -> None:
    database = Database(blank)
    execute(database, *foreign)
    before = everything(database)

    with pytest.raises(StorageError) as refusal:
        open_database(blank)

    assert str(refusal.value) == (
        f"{database.address}: holds tables of another program ({named}); nothing was changed. "
        "Name an empty database."
    )
    assert everything(database) == before


def test_processes_that_start_on_a_blank_database_at_once_all_succeed(blank: str) -> None:
    assert together(migrated, *[(blank,)] * 3) == [NEWEST] * 3
    database = Database(blank)
    assert [row["version"] for row in rows_of(database, schema_migrations)] == [NEWEST]
    assert set(columns(database)) == set(metadata.tables)


def test_processes_that_start_on_an_old_database_at_once_take_its_step_once(blank: str) -> None:
    database = open_database(blank)
    assert together(migrated_by_a_step, *[(blank,)] * 3) == [NEXT] * 3
    assert [row["version"] for row in rows_of(database, schema_migrations)] == [NEWEST, NEXT]
    assert len(rows_of(database, project_table)) == 1


def test_a_step_runs_once_and_is_recorded_with_its_changes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store_run(database)
    rows = all_rows(database)
    seen_by_others = []

    def step(connection: sa.Connection) -> None:
        connection.execute(sa.text("ALTER TABLE projects ADD COLUMN colour TEXT DEFAULT 'blue'"))
        if database.is_sqlite:  # PostgreSQL's readers wait for the end of a change of a table
            seen_by_others.append(rows_of(database, project_table))
        seen_by_others.append(rows_of(database, schema_migrations))

    monkeypatch.setitem(migrations.STEPS, NEXT, step)
    migrate(database)
    migrate(database)

    assert seen_by_others[-1] == rows["schema_migrations"]
    assert [row["version"] for row in rows_of(database, schema_migrations)] == [NEWEST, NEXT]
    with database.read() as connection:
        found = connection.execute(sa.text("SELECT id, name, colour FROM projects")).all()
    assert [tuple(row) for row in found] == [(run.project_id, "My project", "blue")]
    assert len(seen_by_others) == (2 if database.is_sqlite else 1)


def test_a_step_that_fails_leaves_the_old_version_whole(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_run(database)
    rows, tables = all_rows(database), columns(database)

    def good(connection: sa.Connection) -> None:
        connection.execute(sa.text("CREATE TABLE ratings (value INTEGER)"))
        connection.execute(sa.text("ALTER TABLE projects ADD COLUMN colour TEXT"))
        connection.execute(sa.text("UPDATE runs SET detail = 'changed'"))

    def bad(connection: sa.Connection) -> None:
        connection.execute(sa.text("CREATE TABLE answers (value INTEGER)"))
        connection.execute(sa.text("INSERT INTO answers SELECT missing FROM projects"))

    monkeypatch.setitem(migrations.STEPS, NEXT, good)
    monkeypatch.setitem(migrations.STEPS, NEXT + 1, bad)
    with pytest.raises(StorageError, match=r"missing.*Nothing of this step was stored"):
        migrate(database)
    assert columns(database) == tables
    assert all_rows(database) == rows

    monkeypatch.delitem(migrations.STEPS, NEXT + 1)
    migrate(database)
    assert [row["version"] for row in rows_of(database, schema_migrations)] == [NEWEST, NEXT]
    assert set(columns(database)) == {*tables, "ratings"}


def test_an_error_of_a_step_that_is_not_the_databases_rolls_back_too(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = columns(database)

    def step(connection: sa.Connection) -> None:
        connection.execute(sa.text("CREATE TABLE ratings (value INTEGER)"))
        raise ZeroDivisionError

    monkeypatch.setitem(migrations.STEPS, NEXT, step)
    with pytest.raises(ZeroDivisionError):
        migrate(database)
    assert columns(database) == tables
    assert [row["version"] for row in rows_of(database, schema_migrations)] == [NEWEST]


def test_a_blank_database_takes_no_steps(blank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def step(connection: sa.Connection) -> None:
        raise AssertionError("a blank database has nothing to change")

    monkeypatch.setitem(migrations.STEPS, NEXT, step)
    database = open_database(blank)
    assert [row["version"] for row in rows_of(database, schema_migrations)] == [NEXT]
    assert set(columns(database)) == set(metadata.tables)


def test_a_refused_database_keeps_no_connection(blank: str, opened: Opened) -> None:
    execute(Database(blank), "CREATE TABLE notes (body TEXT)")
    with pytest.raises(StorageError):
        open_database(blank)
    pools = [database.engine.pool for database in opened.databases]
    assert [(pool.checkedout(), pool.checkedin()) for pool in pools] == [(0, 1), (0, 0)]
