"""Databases and ways to run a run inside the test's own process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from selfinstruct_core.generation import execution
from selfinstruct_core.generation.recipe import default_settings, with_changes
from selfinstruct_core.generation.runs import NewRun, start_run_here
from selfinstruct_core.models import Endpoint, Mode, Recipe, RunState
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STUDIO_DEMO_LATENCY", "0")
    monkeypatch.setenv("STUDIO_ENV_FILE", str(tmp_path / "no.env"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(f"sqlite:///{tmp_path / 'studio.db'}")
    yield database
    database.dispose()


@pytest.fixture
def generate(database: Database) -> Callable[..., tuple[int, RunState]]:
    """Run a run here: `generate(target=20, seed=7, concurrency=3, endpoint=...)`; returns the
    run's number and its last state."""

    def run(
        concurrency: int = 16,
        endpoint: Endpoint | None = None,
        recipe: Recipe = Recipe.SELF_INSTRUCT,
        mode: Mode = Mode.IMPROVED,
        **changes: Any,
    ) -> tuple[int, RunState]:
        endpoint = endpoint or Endpoint()
        new = NewRun(
            settings=with_changes(default_settings(mode, endpoint.api, recipe), changes),
            concurrency=concurrency,
            endpoint=endpoint,
        )
        job = start_run_here(database, new, "test")
        return job.run_id, execution.execute(database, job)

    return run
