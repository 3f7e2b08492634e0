"""Replays: other derivations from the same responses."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from selfinstruct_core.errors import BadInput, NotFound
from selfinstruct_core.generation.replay import replay_run
from selfinstruct_core.generation.run_overview import run_overview
from selfinstruct_core.models import Mode, RunState
from selfinstruct_core.storage.database import Database
from tests.support.run_rows import run_rows

Generate = Callable[..., tuple[int, RunState]]


def test_the_same_settings_give_the_same_derivation(database: Database, generate: Generate) -> None:
    run_id, _ = generate(target=40)
    made = replay_run(database, run_id)
    assert made.number == 2
    assert made.difference.added == made.difference.removed == made.difference.changed == ()
    assert made.digest == run_overview(database, run_id).derivation.digest
    first, second = run_rows(database, run_id), run_rows(database, run_id, 2)
    assert first["tasks"] == second["tasks"]
    assert first["instances"] == second["instances"]
    assert first["dropped"] == second["dropped"]


def test_paper_mode_reads_the_same_responses_otherwise(
    database: Database, generate: Generate
) -> None:
    run_id, _ = generate(target=60)
    before = run_rows(database, run_id)
    made = replay_run(database, run_id, Mode.PAPER)
    # Capitals: the reference lower-cases all but the first letter (quirk Q3).
    texts = [row[2] for row in run_rows(database, run_id, 2)["tasks"]]
    assert texts
    assert all(text == text.capitalize() for text in texts)
    assert made.difference.changed
    assert run_rows(database, run_id) == before
    assert _count(database, "requests") == run_overview(database, run_id).traffic.requests


def test_a_lower_threshold_removes_and_nothing_is_sent(
    database: Database, generate: Generate
) -> None:
    run_id, _ = generate(target=60)
    requests = _count(database, "requests")
    made = replay_run(database, run_id, filters={"threshold": 0.3})
    assert made.difference.removed
    assert made.counts.kept < run_overview(database, run_id).counts.kept
    assert _count(database, "requests") == requests


def test_what_only_the_replay_keeps_was_never_asked_about(
    database: Database, generate: Generate
) -> None:
    run_id, _ = generate(target=60)
    made = replay_run(database, run_id, filters={"threshold": 1.0})
    rows = run_rows(database, run_id, made.number)["tasks"]
    states = {row[2]: row[4] for row in rows}
    assert made.difference.added
    assert {states[text] for text in made.difference.added} == {"not_asked"}
    rejected = run_overview(database, run_id).counts.rejected["too_similar"]
    assert len(made.difference.added) == rejected


def test_bad_filters_change_nothing(database: Database, generate: Generate) -> None:
    run_id, _ = generate(target=10)
    with pytest.raises(BadInput, match="threshold is 2"):
        replay_run(database, run_id, filters={"threshold": 2.0})
    with pytest.raises(BadInput, match=r"There is no setting filters\.colour"):
        replay_run(database, run_id, filters={"colour": "red"})
    with pytest.raises(NotFound):
        replay_run(database, 77)
    assert _count(database, "derivations") == 1


def _count(database: Database, table: str) -> Any:
    with database.read() as connection:
        return connection.scalar(sa.text(f"SELECT count(*) FROM {table}"))
