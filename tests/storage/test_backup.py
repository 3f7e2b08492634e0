"""Backups of both databases, also while they are written to."""

import contextlib
import sqlite3
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from selfinstruct_core.errors import BadInput, StorageError
from selfinstruct_core.models import (
    Drop,
    DroppedInstance,
    Instance,
    InstanceReading,
    Prompt,
    Rejection,
    RunState,
)
from selfinstruct_core.storage import backup as backup_module
from selfinstruct_core.storage import jobs, ledger, projects, runs, tasks
from selfinstruct_core.storage.backup import backup
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.jobs import Worker
from selfinstruct_core.storage.open import open_database
from selfinstruct_core.storage.schema import endpoints, metadata
from selfinstruct_core.storage.schema import projects as project_table
from tests.storage.conftest import Opened, fresh_database
from tests.storage.postgres_server import PostgresServer
from tests.storage.processes import (
    Background,
    apart,
    backup_with_little_space,
    backups_as_nobody,
    write_pairs,
)
from tests.storage.stored import StoredRun, all_rows, request, response, rows_of, store_run

WHERE_TO = "Choose a folder that exists, may be written and has space."


def fill(database: Database) -> StoredRun:
    """Store rows in every table, with all kinds of values."""
    run = store_run(database, "Käse 😀 \x00")
    with database.write() as connection:
        for n in range(3):
            planned = request(n, prompt=Prompt(f"prefix {n % 2}", "tail\r\n\t"), context=(n, 1))
            id_ = ledger.plan(connection, run.id, planned).id
            assert id_ is not None
            ledger.open_attempt(connection, id_)
            ledger.close_attempt(connection, id_, 1, ledger.ANSWERED if n else "timeout", "x")
            if n:
                usage = None if n == 2 else n
                answered = response(None if n == 1 else "", prompt_tokens=usage, latency=0.1 + 0.2)
                ledger.record_response(connection, id_, answered)
        task_id = tasks.add_machine_task(
            connection, run.project_id, run.derivation_id, (0, 0), "Name a cheese. 😀"
        )
        reading = InstanceReading(
            (Instance("", "Brie"),), (DroppedInstance("a", "", Drop.EMPTY_OUTPUT),)
        )
        tasks.set_classification(connection, task_id, False)
        tasks.set_instances(connection, task_id, reading)
        for row in (
            tasks.CandidateRow(0, 0, "Name a cheese.", None, "", run.seed_ids[0], 1 / 3),
            tasks.CandidateRow(0, 1, "", Rejection.EMPTY, "why", None, None),
        ):
            tasks.add_candidate(connection, run.derivation_id, row)
        # The tables of runs, derivations and data sets refer to each other.
        members = [(task_id, 1)]
        projects.add_data_set(
            connection, run.project_id, "Run 1", "run", "d", members, run.derivation_id
        )
        runs.set_run_state(connection, run.id, RunState.RUNNING, "😀")
        runs.add_run_event(connection, run.id, "started", "by a test")
        for name, report in (("tested", {"ok": [None, 0.1]}), ("untested", None)):
            connection.execute(sa.insert(endpoints).values(name=name, settings={}, report=report))
        jobs.enqueue(connection, run.id)
        jobs.claim(connection, "a")
        jobs.register(connection, Worker("w", "1.0", "host", 1))
    return run


def sqlite_address(path: Path) -> str:
    """The address of a file whatever its name."""
    return sa.URL.create("sqlite", database=str(path)).render_as_string()


def refused(database: Database, path: Path) -> str:
    """What is said when a backup cannot be written."""
    with pytest.raises(StorageError) as refusal:
        backup(database, path)
    return str(refusal.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for backups, with nothing else in it."""
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


def test_a_backup_holds_every_row_of_every_table(database: Database, folder: Path) -> None:
    fill(database)
    before = all_rows(database)
    assert {name for name, rows in before.items() if rows} >= {
        "attempts",
        "candidates",
        "data_set_items",
        "data_sets",
        "derivations",
        "dropped_instances",
        "endpoints",
        "instances",
        "jobs",
        "projects",
        "prompt_prefixes",
        "prompt_sets",
        "requests",
        "responses",
        "run_events",
        "runs",
        "schema_migrations",
        "task_events",
        "task_versions",
        "tasks",
        "workers",
    }

    backup(database, folder / "backup.db")

    assert list(folder.iterdir()) == [folder / "backup.db"]
    copy = open_database(sqlite_address(folder / "backup.db"))
    assert all_rows(copy) == before
    assert all_rows(database) == before


def test_a_backup_is_one_file_in_good_order(database: Database, folder: Path) -> None:
    fill(database)
    backup(database, folder / "backup.db")
    with contextlib.closing(sqlite3.connect(folder / "backup.db")) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
        # Not "wal": then it would be one file only while nobody has it open.
        assert raw.execute("PRAGMA journal_mode").fetchall() == [("delete",)]
        columns = {
            table.name: [row[1] for row in raw.execute(f"PRAGMA table_info({table.name})")]
            for table in metadata.tables.values()
        }
        references = {
            (table.name, row[2])
            for table in metadata.tables.values()
            for row in raw.execute(f"PRAGMA foreign_key_list({table.name})")
        }
        indexes = {
            row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
        }
    tables = metadata.tables.values()
    assert columns == {table.name: list(table.columns.keys()) for table in tables}
    assert references == {(t.name, key.column.table.name) for t in tables for key in t.foreign_keys}
    assert {index.name for table in tables for index in table.indexes} <= indexes


def test_nothing_is_nothing_in_a_backup_too(database: Database, folder: Path) -> None:
    fill(database)
    backup(database, folder / "backup.db")
    with contextlib.closing(sqlite3.connect(folder / "backup.db")) as raw:
        nulls = {
            (table.name, column.name): raw.execute(
                f"SELECT count(*) FROM {table.name} WHERE {column.name} IS NULL"
            ).fetchone()[0]
            for table in metadata.tables.values()
            for column in table.columns
        }
    with database.read() as connection:
        assert nulls == {
            (table.name, column.name): connection.scalar(
                sa.select(sa.func.count()).select_from(table).where(column.is_(sa.null()))
            )
            for table in metadata.tables.values()
            for column in table.columns
        }
    assert nulls["endpoints", "report"] == 1


def test_work_goes_on_in_a_backup(database: Database, folder: Path) -> None:
    fill(database)
    backup(database, folder / "backup.db")
    copy = open_database(sqlite_address(folder / "backup.db"))
    run = store_run(copy, "After the disaster")
    assert [row["id"] for row in rows_of(copy, metadata.tables["runs"])][-1] == run.id
    names = [row["name"] for row in rows_of(copy, project_table)]
    assert names == ["Käse 😀 \ufffd", "After the disaster"]
    assert [row["name"] for row in rows_of(database, project_table)] == ["Käse 😀 \ufffd"]


def test_a_backup_of_an_empty_studio(database: Database, folder: Path) -> None:
    backup(database, folder / "backup.db")
    copy = open_database(sqlite_address(folder / "backup.db"))
    assert all_rows(copy) == all_rows(database)


def test_a_backup_of_more_rows_than_are_read_at_once(
    database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_module, "_BATCH", 7)
    with database.write() as connection:
        for n in range(50):
            projects.add_project(connection, f"project {n}")
    backup(database, folder / "backup.db")
    assert all_rows(open_database(sqlite_address(folder / "backup.db"))) == all_rows(database)


def test_a_backup_while_others_write_holds_whole_transactions(
    database: Database, address: str, folder: Path
) -> None:
    writers = {0: store_run(database), 1_000_000: store_run(database)}
    with contextlib.ExitStack() as writing:
        for first, run in writers.items():
            writing.enter_context(Background(write_pairs, address, run.id, first))
        sizes = []
        for n in range(3):
            backup(database, folder / f"backup {n}.db")
            sizes.append(len(rows_of(database, project_table)))
            time.sleep(0.1)
    final = all_rows(database)

    copies = [open_database(sqlite_address(folder / f"backup {n}.db")) for n in range(3)]
    kept = [_whole_transactions(all_rows(copy), writers) for copy in copies]
    assert kept[0] < kept[1] < kept[2] < len(final["projects"])
    assert all(0 < of_backup <= size for of_backup, size in zip(kept, sizes, strict=True))
    assert _whole_transactions(final, writers) == len(final["projects"])


def _whole_transactions(
    rows: dict[str, list[dict[str, Any]]], writers: dict[int, StoredRun]
) -> int:
    """Assert that the rows are what each writer had stored at one moment. Returns how many
    projects there are."""
    details = {row["id"]: row["detail"] for row in rows["runs"]}
    numbers = [int(row["name"]) for row in rows["projects"] if row["name"] != "My project"]
    for first, run in writers.items():
        last = int(details[run.id])
        of_writer = [n for n in numbers if first <= n < first + 1_000_000]
        # All that came before, nothing that came later, and both rows of the last.
        assert of_writer == list(range(first, last + 1))
    return len(rows["projects"])


def test_an_existing_file_is_not_overwritten(database: Database, folder: Path) -> None:
    path = folder / "thesis.txt"
    path.write_text("mine")
    with pytest.raises(BadInput) as refusal:
        backup(database, path)
    assert str(refusal.value) == f"{path} exists already; name a new file."
    assert path.read_text() == "mine"
    with pytest.raises(BadInput, match="exists already"):
        backup(database, folder)
    assert list(folder.iterdir()) == [path]


def test_a_folder_that_is_not_there(database: Database, folder: Path) -> None:
    path = folder / "new" / "backup.db"
    assert refused(database, path) == (
        f"{path}: the backup could not be written (No such file or directory). {WHERE_TO}"
    )
    assert list(folder.iterdir()) == []


def test_a_name_that_is_too_long(database: Database, folder: Path) -> None:
    path = folder / ("b" * 300)
    assert refused(database, path) == (
        f"{path}: the backup could not be written (File name too long). {WHERE_TO}"
    )
    # The longest name there can be is fine.
    backup(database, folder / ("b" * 255))
    assert [file.name for file in folder.iterdir()] == ["b" * 255]


def test_folders_that_may_not_be_written(address: str, public_folder: Path) -> None:
    paths = []
    for mode in (0o555, 0o000):
        backups = public_folder / f"{mode:o}"
        backups.mkdir(mode)
        paths.append(backups / "backup.db")
    said = apart(backups_as_nobody, address, paths)
    assert said == [
        f"StorageError: {path}: the backup could not be written (Permission denied). {WHERE_TO}"
        for path in paths
    ]
    for path in paths:
        path.parent.chmod(0o755)
        assert list(path.parent.iterdir()) == []


def test_too_little_space_leaves_nothing_behind(
    database: Database, address: str, folder: Path
) -> None:
    with database.write() as connection:
        for n in range(100):
            projects.add_project(connection, f"{n}" * 5000)
    before = all_rows(database)
    said = apart(backup_with_little_space, address, folder / "backup [1].db", 500_000)
    assert said.startswith(
        f"StorageError: {folder}/backup [1].db: the backup could not be written ("
    )
    assert said.endswith(f"). {WHERE_TO}")
    assert list(folder.iterdir()) == []
    assert all_rows(database) == before

    backup(database, folder / "backup [1].db")
    assert list(folder.iterdir()) == [folder / "backup [1].db"]


def test_the_file_has_its_name_only_when_it_is_complete(
    database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database)
    seen = []
    original = Path.replace

    def replace(path: Path, target: Path) -> Path:
        seen.extend(folder.iterdir())
        with contextlib.closing(sqlite3.connect(path)) as raw:
            seen.append(raw.execute("SELECT count(*) FROM instances").fetchone()[0])
        return original(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    backup(database, folder / "backup.db")
    unfinished, number = seen
    assert (unfinished.suffix, number) == (".unfinished", 4)
    assert list(folder.iterdir()) == [folder / "backup.db"]


def test_an_interrupted_backup_leaves_nothing_behind(
    database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(path: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        backup(database, folder / "backup.db")
    assert list(folder.iterdir()) == []


def test_a_file_with_signs_of_its_own(database: Database, folder: Path) -> None:
    fill(database)
    path = folder / "copy of #1? [50%41].db"
    backup(database, path)
    assert list(folder.iterdir()) == [path]
    assert all_rows(open_database(sqlite_address(path))) == all_rows(database)


def test_a_backup_of_a_file_with_signs_of_its_own(tmp_path: Path, folder: Path) -> None:
    database = open_database(sqlite_address(tmp_path / "50%41 of #1? ü.db"))
    fill(database)
    backup(database, folder / "backup.db")
    assert all_rows(open_database(sqlite_address(folder / "backup.db"))) == all_rows(database)
    database.dispose()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["50%41 of #1? ü.db", "backups"]


def test_a_source_that_cannot_be_read(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "studio.db").write_text("garbage " * 1000)
    path = folder / "backup.db"
    assert refused(Database(f"sqlite:///{tmp_path}/studio.db"), path) == (
        f"{path}: the backup could not be written (file is not a database). {WHERE_TO}"
    )
    said = refused(Database("postgresql://eve:s3cret@127.0.0.1:1/studio"), path)
    assert said.startswith("postgresql+psycopg://eve:***@127.0.0.1:1/studio: connection failed")
    assert said.endswith(
        "Check that the server runs and that address, user and password are right."
    )
    assert list(folder.iterdir()) == []


@pytest.mark.postgres
def test_a_server_that_goes_away_in_the_middle(
    postgres: PostgresServer, opened: Opened, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_module, "_BATCH", 1)
    with fresh_database(postgres, opened) as address:
        database = open_database(address)
        fill(database)
        original = backup_module._all_rows

        def rows(source: Database) -> Generator[Any]:
            batches = original(source)
            yield next(batches)
            postgres.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                f"WHERE datname = '{database.url.database}'"
            )
            yield from batches

        monkeypatch.setattr(backup_module, "_all_rows", rows)
        said = refused(database, folder / "backup.db")
        assert said.startswith(f"{database.address}: terminating connection")
    assert list(folder.iterdir()) == []
