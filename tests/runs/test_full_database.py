"""A database that fills up in the middle of a run."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from selfinstruct_core.errors import StorageError
from selfinstruct_core.generation import execution
from selfinstruct_core.generation.recipe import default_settings, with_changes
from selfinstruct_core.generation.run_overview import run_overview
from selfinstruct_core.generation.runs import NewRun, resume_run_here, start_run_here
from selfinstruct_core.models import RunState
from selfinstruct_core.storage.open import open_database
from tests.support.run_rows import run_rows

NEW = NewRun(settings=with_changes(default_settings(), {"target": 60, "seed": 5}))


def test_what_was_stored_stays_and_the_run_goes_on_with_space(tmp_path: Path) -> None:
    calm = open_database(f"sqlite:///{tmp_path / 'calm.db'}")
    execution.execute(calm, start_run_here(calm, NEW, "test"))

    url = f"sqlite:///{tmp_path / 'full.db'}"
    database = open_database(url)
    job = start_run_here(database, NEW, "test")
    with database.read() as connection:
        pages = connection.scalar(sa.text("PRAGMA page_count"))
    database.dispose()
    limited = open_database(url)
    sa.event.listen(
        limited.engine,
        "connect",
        lambda connection, _: connection.execute(f"PRAGMA max_page_count={pages + 40}"),
    )
    limited.dispose()
    with pytest.raises(StorageError, match="database or disk is full") as told:
        execution.execute(limited, job)
    assert "Free some space" in str(told.value)
    stored = run_rows(limited, job.run_id)
    assert 0 < len(stored["tasks"]) < 60

    roomy = open_database(url)
    job = resume_run_here(roomy, job.run_id, "test")
    assert execution.execute(roomy, job) is RunState.FINISHED
    rows = run_rows(roomy, job.run_id)
    assert rows["tasks"][: len(stored["tasks"])]
    assert rows == run_rows(calm, 1)
    assert run_overview(roomy, 1).traffic.in_flight == 0
