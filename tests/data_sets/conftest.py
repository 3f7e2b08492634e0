"""A database, data sets in it, and measuring inside the test's own process."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from selfinstruct_core.data_sets import measuring
from selfinstruct_core.data_sets.measures import MeasureOptions, request_measures
from selfinstruct_core.exchange.importing import import_tasks
from selfinstruct_core.generation.recipe import default_settings, with_changes
from selfinstruct_core.generation.runs import NewRun, start_run_here
from selfinstruct_core.models import DataSetKey, DataSetScope, Instance, SeedTask
from selfinstruct_core.storage import jobs
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database

SEEDS = ("Write a poem about the sea.", "Describe the city where you live.", "Say if it rains.")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(f"sqlite:///{tmp_path / 'studio.db'}")
    yield database
    database.dispose()


@pytest.fixture
def imported(database: Database) -> Callable[..., DataSetKey]:
    """Imports instructions: `imported("Say it.", ...)`."""

    def take(*texts: str) -> DataSetKey:
        content = json.dumps([{"instruction": text, "output": "x"} for text in texts]).encode()
        made = import_tasks(database, content, "f", "Mine", "Other project")
        return DataSetKey(DataSetScope.SET, made.data_set_id)

    return take


@pytest.fixture
def run_id(database: Database) -> int:
    """A run that has not kept anything yet; somebody works on it."""
    seeds = tuple(
        SeedTask(str(n), "s", text, (Instance("", "x"),), False) for n, text in enumerate(SEEDS)
    )
    settings = with_changes(default_settings(), {"target": 100})
    run_id = start_run_here(database, NewRun(seeds=seeds, settings=settings), "test").run_id
    assert run_id is not None
    return run_id


@pytest.fixture
def measure(database: Database) -> Callable[..., str]:
    """Asks for the measures of a data set and works on the job. Returns what came of it,
    "nothing to do" when everything was stored."""

    def work(key: DataSetKey, options: MeasureOptions | None = None) -> str:
        if request_measures(database, key, options or MeasureOptions()) is None:
            return "nothing to do"
        with database.write() as connection:
            job = jobs.claim(connection, "test")
        assert job is not None
        assert job.subject == str(key)
        return measuring.measure(database, job)

    return work
