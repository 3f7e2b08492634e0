"""What the database of a running Studio holds, read past the application."""

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from selfinstruct_core.generation.execution import execute
from selfinstruct_core.generation.recipe import default_settings, with_changes
from selfinstruct_core.generation.runs import NewRun, start_run_here
from selfinstruct_core.storage.open import open_database
from tests.browser.conftest import Studio


def rows(studio: Studio, query: str, *values: object) -> list[tuple[Any, ...]]:
    """The rows that a query finds."""
    path = studio.data_dir / "studio.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
        return connection.execute(query, values).fetchall()


def value(studio: Studio, query: str, *values: object) -> Any:
    """The first value of the first row that a query finds."""
    return rows(studio, query, *values)[0][0]


def run_state(studio: Studio, run_id: int = 1) -> str:
    """The stored state of a run."""
    return str(value(studio, "SELECT state FROM runs WHERE id = ?", run_id))


def newest_run(studio: Studio) -> int:
    """The number of the run that was stored last, 0 without any."""
    return int(value(studio, "SELECT coalesce(max(id), 0) FROM runs"))


def kept(studio: Studio, run_id: int = 1) -> int:
    """How many tasks a run has kept, counted from the tasks themselves."""
    query = (
        "SELECT count(*) FROM tasks JOIN derivations ON derivations.id = tasks.derivation_id "
        "WHERE run_id = ?"
    )
    return int(value(studio, query, run_id))


def everything(studio: Studio) -> dict[str, int]:
    """The number of rows in every table that a person's doing can fill."""
    tables = ("projects", "tasks", "data_sets", "prompt_sets", "runs", "derivations", "jobs")
    return {table: value(studio, f"SELECT count(*) FROM {table}") for table in tables}


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def store_run(studio: Studio, **changes: Any) -> None:
    """Carry out a run of the demo model on the database of a studio, without its server."""

    def carry_out() -> None:
        database = open_database(studio.database_url)
        new = NewRun(settings=with_changes(default_settings(), changes))
        execute(database, start_run_here(database, new, "test"))
        database.dispose()

    # In a thread: the browser keeps an event loop running in this one.
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as thread:
        patch.setenv("STUDIO_DEMO_LATENCY", "0")
        thread.submit(carry_out).result()
