"""Both databases, a fresh one for each test: every test that asks for one runs on each.

`blank` is the address of a database with nothing in it, `database` one that is ready for use and
`address` its address.
Whatever a test opens is closed after it, when none of its connections may be in use any more.
"""

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database
from tests.storage.postgres_server import PostgresServer
from tests.storage.stored import StoredRun, store_run


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The server, started when the first test needs it."""
    try:
        server = PostgresServer()
    except Exception as error:
        reason = f"no PostgreSQL could be started: {error!r}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    yield server
    server.stop()


class Opened:
    """The databases that a test has opened in this process."""

    def __init__(self) -> None:
        self.databases: list[Database] = []

    def close(self) -> None:
        """Close them; no connection may be in use."""
        in_use = [str(database.engine.pool.checkedout()) for database in self.databases]
        for database in self.databases:
            database.dispose()
        self.databases.clear()
        assert set(in_use) <= {"0"}, f"connections in use after the test: {', '.join(in_use)}"


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """Remembers every database that is opened."""
    opened = Opened()
    original = Database.__init__

    def remember(database: Database, url: str) -> None:
        original(database, url)
        opened.databases.append(database)

    monkeypatch.setattr(Database, "__init__", remember)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def kind(request: pytest.FixtureRequest) -> str:
    """Which of the two databases the test runs on."""
    return str(request.param)


@pytest.fixture(scope="session")
def ready_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database that is ready for use, to be copied."""
    path = tmp_path_factory.mktemp("ready") / "studio.db"
    open_database(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture
def blank(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, opened: Opened
) -> Iterator[str]:
    """The address of a database without anything in it."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'studio.db'}"
        return
    with fresh_database(request.getfixturevalue("postgres"), opened) as address:
        yield address


@pytest.fixture
def address(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, opened: Opened
) -> Iterator[str]:
    """The address of a database that is ready for use, and empty."""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("ready_file"), tmp_path / "studio.db")
        yield f"sqlite:///{tmp_path / 'studio.db'}"
        return
    with fresh_database(request.getfixturevalue("postgres"), opened, ready=True) as address:
        yield address


@pytest.fixture
def database(address: str) -> Database:
    """A database that is ready for use, and empty."""
    return Database(address)


@contextlib.contextmanager
def fresh_database(server: PostgresServer, opened: Opened, *, ready: bool = False) -> Iterator[str]:
    """The address of a database of the server that exists as long as the context."""
    address = server.new_database(ready=ready)
    yield address
    opened.close()
    server.drop_database(address)


@pytest.fixture
def run(database: Database) -> StoredRun:
    """A run with two seed tasks, for which nothing was sent yet."""
    return store_run(database)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user can reach, which a test's own one is not."""
    folder = Path(tempfile.mkdtemp(prefix="studio-test-"))
    folder.chmod(0o755)
    reachable = all(parent.stat().st_mode & stat.S_IXOTH for parent in folder.parents)
    try:
        if os.getuid() == 0 and not reachable:
            pytest.skip("nothing binds root, and another user cannot reach the temporary folder")
        yield folder
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
