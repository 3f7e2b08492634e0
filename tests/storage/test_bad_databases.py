"""Databases that cannot be used: what a person is told, and that nothing is half done."""

import contextlib
import socket
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from selfinstruct_core.errors import BadInput, StorageError, StudioError
from selfinstruct_core.storage import database as database_module
from selfinstruct_core.storage import projects
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.migrations import migrate
from selfinstruct_core.storage.open import open_database
from selfinstruct_core.storage.schema import projects as project_table
from tests.storage.conftest import Opened, fresh_database
from tests.storage.postgres_server import PASSWORD, PostgresServer
from tests.storage.processes import (
    Background,
    apart,
    hold_write_transaction,
    refusals_as_nobody,
)
from tests.storage.stored import all_rows, count, store_run

WAIT = "Another program holds the database; close it or wait, then try again."


def names(database: Database) -> list[str]:
    """The names of all projects."""
    with database.read() as connection:
        return [project.name for project in projects.all_projects(connection)]


def add_projects(database: Database, *added: str) -> None:
    """Add projects in one transaction."""
    with database.write() as connection:
        for name in added:
            projects.add_project(connection, name)


def refusal_to_write(database: Database, *added: str) -> str:
    """What is said when projects are added."""
    with pytest.raises(StorageError) as refusal:
        add_projects(database, *added)
    return str(refusal.value)


def test_a_locked_database(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.3)
    database = Database(address)
    store_run(database)
    rows = all_rows(database)
    with Background(hold_write_transaction, address):
        started = time.monotonic()
        said = refusal_to_write(database, "first of the step", "held")
        assert 0.3 <= time.monotonic() - started < 5
        # Who only reads does not wait.
        assert all_rows(database) == rows
    reason = (
        "database is locked" if database.is_sqlite else "canceling statement due to lock timeout"
    )
    assert said == f"{database.address}: {reason}. Nothing of this step was stored. {WAIT}"
    assert all_rows(database) == rows

    add_projects(database, "held")
    assert names(database) == ["My project", "held"]


@pytest.mark.postgres
def test_a_start_waits_for_another_only_so_long(
    postgres: PostgresServer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.3)
    with fresh_database(postgres, opened) as address:
        other = Database(address)
        with other.write() as connection:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(7316117)"))
            with pytest.raises(StorageError, match=f"lock timeout.*{WAIT}"):
                open_database(address)
        assert sa.inspect(other.engine).get_table_names() == []
        open_database(address)


CHECK_FOLDER = "Check that it names a file in a folder that exists and may be written."


def test_files_and_folders_that_may_only_be_read(public_folder: Path) -> None:
    rows = {}
    for journal, file_mode, folder_mode in (
        ("wal", 0o444, 0o777),
        ("delete", 0o444, 0o777),
        ("wal", 0o666, 0o555),
        ("delete", 0o666, 0o555),
        ("delete", 0o444, 0o555),
    ):
        path = public_folder / f"{journal}-{file_mode:o}-{folder_mode:o}" / "studio.db"
        database = open_database(f"sqlite:///{path}")
        store_run(database)
        rows[path] = all_rows(database)
        database.dispose()
        with contextlib.closing(sqlite3.connect(path)) as raw:
            raw.execute(f"PRAGMA journal_mode={journal}")
        path.chmod(file_mode)
        path.parent.chmod(folder_mode)
    public_folder.chmod(0o555)
    new = public_folder / "new" / "studio.db"

    said = apart(refusals_as_nobody, [f"sqlite:///{path}" for path in (*rows, new)])

    public_folder.chmod(0o755)
    for path in rows:
        path.parent.chmod(0o777)
        path.chmod(0o666)
    assert said == [
        f"StorageError: sqlite:///{path}: attempt to write a readonly database. Nothing of this "
        "step was stored. Make the database file and its folder writable for this user."
        for path in rows
    ] + [
        f"StorageError: {new.parent}: the folder of the database cannot be made (Permission "
        "denied). Name another place with --database or STUDIO_DATA_DIR."
    ]
    assert {path: all_rows(Database(f"sqlite:///{path}")) for path in rows} == rows
    assert not new.parent.exists()


@pytest.mark.postgres
def test_a_server_that_only_reads(postgres: PostgresServer, opened: Opened) -> None:
    with fresh_database(postgres, opened) as address:
        database = open_database(address)
        store_run(database)
        rows = all_rows(database)
        database.dispose()
        postgres.execute(
            f"ALTER DATABASE {database.url.database} SET default_transaction_read_only = on"
        )
        said = refusal_to_write(open_database(address), "new")
        assert said == (
            f"{database.address}: cannot execute INSERT in a read-only transaction. Nothing of "
            "this step was stored. Make the database writable for this user."
        )
        assert all_rows(database) == rows


def test_a_full_database(database: Database) -> None:
    store_run(database)
    rows = all_rows(database)
    _fill(database)

    said = refusal_to_write(database, "first", *(f"{n}" * 4000 for n in range(1000)))

    if database.is_sqlite:
        reason, hint = "database or disk is full", " (or raise the limit)"
    else:
        reason, hint = 'could not extend file "base/1/2": No space left on device', ""
    assert said == (
        f"{database.address}: {reason}. Nothing of this step was stored. Free some space{hint}, "
        "then go on; what was stored before is safe."
    )
    assert all_rows(database) == rows


def _fill(database: Database) -> None:
    """Leave room for some rows, but not for all that the test writes."""
    if database.is_sqlite:
        database.dispose()

        def limit(connection: sqlite3.Connection, _record: Any) -> None:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count={pages + 20}")

        sa.event.listen(database.engine, "connect", limit)
        return
    with database.write() as connection:
        connection.execute(
            sa.text("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                RAISE EXCEPTION 'could not extend file "base/1/2": No space left on device'
                USING ERRCODE = 'disk_full';
            END $$""")
        )
        connection.execute(
            sa.text(
                "CREATE TRIGGER full_disk BEFORE INSERT ON projects FOR EACH ROW "
                "WHEN (length(NEW.name) > 9000) EXECUTE FUNCTION refuse()"
            )
        )


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "studio.db").mkdir()
    with pytest.raises(StorageError) as refusal:
        open_database(f"sqlite:///{tmp_path}/studio.db")
    assert str(refusal.value) == (
        f"sqlite:///{tmp_path}/studio.db: unable to open database file. Nothing of this step was "
        f"stored. {CHECK_FOLDER}"
    )
    assert list((tmp_path / "studio.db").iterdir()) == []


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")
    with pytest.raises(StorageError) as refusal:
        open_database(f"sqlite:///{tmp_path}/data/studio.db")
    assert str(refusal.value) == (
        f"{tmp_path}/data: the folder of the database cannot be made (File exists). "
        "Name another place with --database or STUDIO_DATA_DIR."
    )
    assert (tmp_path / "data").read_text() == "mine"


@pytest.mark.parametrize(
    ("block", "times"),
    [
        pytest.param(b"instruction,input,output\n" * 40_000, 100, id="100 MB"),
        pytest.param(b"hello\n", 1, id="6 bytes"),
    ],
)
def test_a_file_of_something_else(tmp_path: Path, block: bytes, times: int) -> None:
    path = tmp_path / "answers.csv"
    with path.open("wb") as file:
        for _ in range(times):
            file.write(block)
    started = time.monotonic()
    with pytest.raises(StorageError) as refusal:
        open_database(f"sqlite:///{path}")
    assert time.monotonic() - started < 5
    assert str(refusal.value) == (
        f"sqlite:///{path}: file is not a database. Nothing of this step was stored. "
        "The file is not a studio database; name another with --database."
    )
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_size == len(block) * times
    with path.open("rb") as file:
        assert all(file.read(len(block)) == block for _ in range(times))


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "studio.db"
    database = open_database(f"sqlite:///{path}")
    store_run(database)
    database.dispose()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\x99" * (len(whole) - 4096))
    with pytest.raises(StorageError) as refusal:
        count(database, project_table)
    assert str(refusal.value) == (
        f"sqlite:///{path}: database disk image is malformed. Nothing of this step was stored. "
        "The file is damaged; restore a backup."
    )


FILE_OR_SERVER = (
    "cannot be used: name a file with sqlite:///path/to/studio.db or a server with "
    "postgresql://user:password@host/name."
)
NO_ADDRESS = (
    "is not a database address. Write sqlite:///path/to/studio.db or "
    "postgresql://user:password@host/name."
)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("studio.db", f'"studio.db" {NO_ADDRESS}'),
        ("", f'"" {NO_ADDRESS}'),
        ("postgresql//eve:s3cret@host/name", f'"...@host/name" {NO_ADDRESS}'),
        ("postgresql://eve:s3cret@host:port/name", f'"...@host:port/name" {NO_ADDRESS}'),
        ("postgresql:/eve:s3cr\net@a@host/name", f'"...@host/name" {NO_ADDRESS}'),
        ("mysql://eve:s3cret@host/name", f'"mysql://eve:***@host/name" {FILE_OR_SERVER}'),
        (
            "oracle://host/name?user=eve&password=s3cret",
            f'"oracle://host/name?user=eve" {FILE_OR_SERVER}',
        ),
        ("sqlite://", f'"sqlite://" {FILE_OR_SERVER}'),
        ("sqlite:///:memory:", f'"sqlite:///%3Amemory%3A" {FILE_OR_SERVER}'),
        ("sqlite:///file:a.db?uri=true", f'"sqlite:///file%3Aa.db?uri=true" {FILE_OR_SERVER}'),
    ],
)
def test_an_address_that_is_none(
    address: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput) as refusal:
        Database(address)
    assert str(refusal.value) == said
    assert list(tmp_path.iterdir()) == []


def test_other_drivers_of_the_same_database_are_not_needed(tmp_path: Path) -> None:
    database = open_database(f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}")
    assert (database.address, count(database, project_table)) == (
        f"sqlite:///{tmp_path / 'studio.db'}",
        0,
    )


def test_an_address_with_signs_of_its_own(tmp_path: Path) -> None:
    url = sa.URL.create("sqlite", database=str(tmp_path / "50% of #1? ü.db"))
    store_run(open_database(url.render_as_string()))
    assert (tmp_path / "50% of #1? ü.db").exists()
    assert names(open_database(url.render_as_string())) == ["My project"]


def _as_secretive(server: PostgresServer, password: str, *, in_query: bool) -> tuple[str, str]:
    """The address with that password, and how people may see it."""
    url = sa.make_url(server.address("postgres")).set(drivername="postgresql+psycopg")
    if in_query:
        named = url.set(username=None, password=None).update_query_dict({"user": "secretive"})
        asked = named.update_query_dict({"password": password})
        return asked.render_as_string(hide_password=False), named.render_as_string()
    asked = url.set(username="secretive", password=password)
    return asked.render_as_string(hide_password=False), asked.render_as_string(hide_password=True)


@pytest.mark.postgres
@pytest.mark.parametrize("in_query", [False, True])
def test_a_wrong_password(postgres: PostgresServer, in_query: bool) -> None:
    address, shown = _as_secretive(postgres, "w0rse-horse", in_query=in_query)
    with pytest.raises(StorageError) as refusal:
        open_database(address)
    said = str(refusal.value)
    assert said.startswith(f"{shown}: connection failed: ")
    assert 'password authentication failed for user "secretive"' in said
    assert said.endswith(
        ". Nothing of this step was stored. Check that the server runs and that address, user "
        "and password are right."
    )
    assert "w0rse-horse" not in said

    address, _ = _as_secretive(postgres, PASSWORD, in_query=in_query)
    with Database(address).read() as connection:
        assert connection.scalar(sa.text("SELECT current_user")) == "secretive"


@pytest.mark.postgres
def test_a_user_who_may_not_create_tables(postgres: PostgresServer) -> None:
    address, shown = _as_secretive(postgres, PASSWORD, in_query=False)
    with pytest.raises(StorageError) as refusal:
        open_database(address)
    assert str(refusal.value).startswith(f"{shown}: permission denied for schema public. ")
    assert sa.inspect(Database(postgres.uri).engine).get_table_names() == []


@pytest.mark.postgres
def test_a_database_that_the_server_does_not_have(postgres: PostgresServer) -> None:
    with pytest.raises(StorageError, match='database "nowhere" does not exist') as refusal:
        open_database(postgres.address("nowhere"))
    assert str(refusal.value).startswith("postgresql+psycopg://postgres:***@/nowhere?host=")


def test_a_server_that_does_not_run() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(StorageError) as refusal:
        open_database(f"postgresql://eve:s3cret@127.0.0.1:{port}/studio")
    assert time.monotonic() - started < 5
    said = str(refusal.value)
    assert said.startswith(f"postgresql+psycopg://eve:***@127.0.0.1:{port}/studio: connection")
    assert "Connection refused" in said
    assert said.endswith(
        "Check that the server runs and that address, user and password are right."
    )
    assert "s3cret" not in said


@pytest.mark.postgres
def test_a_server_that_goes_away_in_the_middle(postgres: PostgresServer, opened: Opened) -> None:
    with fresh_database(postgres, opened) as address:
        database = open_database(address)

        def write() -> None:
            with database.write() as connection:
                projects.add_project(connection, "lost")
                backend = connection.scalar(sa.text("SELECT pg_backend_pid()"))
                postgres.execute(f"SELECT pg_terminate_backend({backend}, 5000)")
                projects.add_project(connection, "never")

        with pytest.raises(StorageError) as refusal:
            write()
        said = str(refusal.value)
        assert said.startswith(f"{database.address}: terminating connection")
        assert "Nothing of this step was stored. Check that the server runs" in said
        # The next step finds the server again by itself, also after a rest.
        assert names(database) == []
        postgres.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            f"WHERE datname = '{database.url.database}'"
        )
        assert names(database) == []


def test_more_at_once_than_there_are_connections(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database.engine.pool, "_timeout", 0.1)
    with contextlib.ExitStack() as all_in_use:
        for _ in range(15):
            all_in_use.enter_context(database.read())
        with pytest.raises(StorageError) as refusal, database.read():
            pass
    assert str(refusal.value) == (
        f"{database.address}: all connections are in use. Nothing of this step was stored. "
        "Too much is being done at once; wait, then try again."
    )
    assert names(database) == []


def test_an_error_in_a_step_takes_all_of_it_back(database: Database) -> None:
    store_run(database)
    rows = all_rows(database)

    def write() -> None:
        with database.write() as connection:
            projects.add_project(connection, "first of the step")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert all_rows(database) == rows


def test_what_a_reader_sees_does_not_change_under_it(database: Database) -> None:
    with database.read() as connection:
        before = projects.all_projects(connection)
        store_run(database)
        after = projects.all_projects(connection)
    assert (before, after) == ([], [])
    assert names(database) == ["My project"]


def test_every_error_is_one_that_people_are_shown() -> None:
    assert issubclass(StorageError, StudioError)
    assert issubclass(BadInput, StudioError)


def test_a_database_that_was_put_right_works(tmp_path: Path) -> None:
    """The same object goes on once the reason is gone."""
    path = tmp_path / "studio.db"
    path.mkdir()
    database = Database(f"sqlite:///{path}")
    with pytest.raises(StorageError):
        migrate(database)
    path.rmdir()
    migrate(database)
    assert names(database) == []
