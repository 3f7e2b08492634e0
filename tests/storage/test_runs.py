"""Runs, prompt sets and derivations, on both databases."""

import time

import pytest

from selfinstruct_core.errors import StorageError
from selfinstruct_core.models import Api, Budget, Derivation, Endpoint, Run, RunState
from selfinstruct_core.storage import runs
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.schema import derivations, prompt_sets
from selfinstruct_core.storage.schema import runs as run_table
from tests.storage.stored import (
    BUDGET,
    ENDPOINT,
    SETTINGS,
    StoredRun,
    add_run,
    all_rows,
    rows_of,
    store_run,
    while_writing,
)


def get(database: Database, run_id: int) -> Run | None:
    with database.read() as connection:
        return runs.get_run(connection, run_id)


def set_state(database: Database, run: StoredRun, state: RunState, detail: str = "") -> Run:
    with database.write() as connection:
        runs.set_run_state(connection, run.id, state, detail)
    found = get(database, run.id)
    assert found is not None
    return found


def test_a_run_comes_back_as_it_was_stored(database: Database) -> None:
    before = time.time()
    run = store_run(database)
    found = get(database, run.id)
    assert found is not None
    assert before <= found.created_at <= time.time()
    assert found == Run(
        id=run.id,
        project_id=run.project_id,
        seed_data_set_id=run.data_set_id,
        prompt_set="cafe",
        settings=SETTINGS,
        endpoint=ENDPOINT,
        concurrency=4,
        budget=BUDGET,
        worked_seconds=0.0,
        state=RunState.QUEUED,
        detail="",
        created_at=found.created_at,
        started_at=None,
        ended_at=None,
    )
    assert get(database, run.id + 1) is None
    with database.read() as connection:
        (derivation,) = runs.get_derivations(connection, run.id)
    assert derivation == Derivation(
        id=run.derivation_id,
        run_id=run.id,
        number=1,
        settings=SETTINGS,
        committed=0,
        kept=0,
        fruitless=0,
        digest=None,
        created_at=derivation.created_at,
    )


def test_an_endpoint_comes_back_as_it_was_stored(database: Database, run: StoredRun) -> None:
    endpoint = Endpoint(
        model="tiny ü",
        api=Api.CHAT,
        base_url="http://localhost:8000/v1",
        key_env="MY_KEY",
        price_in=0.15,
        requests_per_minute=60,
        refused=("stop", "n"),
    )
    with database.write() as connection:
        run_id = add_run(connection, run.project_id, run.data_set_id, endpoint=endpoint)
    found = get(database, run_id)
    assert found is not None
    assert found.endpoint == endpoint
    assert found.endpoint.api is Api.CHAT
    (row,) = (row for row in rows_of(database, run_table) if row["id"] == run_id)
    assert (row["endpoint"]["model"], row["endpoint"]["api"]) == ("tiny ü", "chat")
    # The name of the variable that holds the key, never the key.
    assert row["endpoint"]["key_env"] == "MY_KEY"


def test_a_run_without_what_it_starts_from_is_refused_whole(
    database: Database, run: StoredRun
) -> None:
    rows = all_rows(database)

    def add(prompt_set: str, data_set_id: int) -> None:
        with database.write() as connection:
            add_run(connection, run.project_id, data_set_id, prompt_set=prompt_set)

    for prompt_set, data_set_id in (("unknown", run.data_set_id), ("cafe", 99999)):
        with pytest.raises(StorageError, match=r"(?i)foreign key"):
            add(prompt_set, data_set_id)
    assert all_rows(database) == rows


def test_the_newest_runs_come_first(database: Database, run: StoredRun) -> None:
    other = store_run(database, "Another project")
    last = store_run(database)
    with database.read() as connection:

        def ids(project_id: int | None, limit: int) -> list[int]:
            return [found.id for found in runs.latest_runs(connection, project_id, limit)]

        assert ids(None, 10) == [last.id, other.id, run.id]
        assert ids(None, 2) == [last.id, other.id]
        assert ids(run.project_id, 10) == [last.id, run.id]
        assert ids(other.project_id, 10) == [other.id]


def test_a_run_remembers_its_first_start_and_its_last_end(
    database: Database, run: StoredRun
) -> None:
    other = store_run(database)
    before = time.time()
    running = set_state(database, run, RunState.RUNNING)
    assert running.started_at is not None
    assert before <= running.started_at <= time.time()
    assert (running.state, running.ended_at) == (RunState.RUNNING, None)

    stopped = set_state(database, run, RunState.STOPPED, "stopped by a person\x00")
    assert stopped.ended_at is not None
    assert running.started_at <= stopped.ended_at <= time.time()
    assert (stopped.state, stopped.started_at, stopped.detail) == (
        RunState.STOPPED,
        running.started_at,
        "stopped by a person\ufffd",
    )

    assert set_state(database, run, RunState.QUEUED).started_at == running.started_at
    again = set_state(database, run, RunState.RUNNING)
    assert (again.started_at, again.ended_at, again.detail) == (running.started_at, None, "")
    for state in (RunState.FINISHED, RunState.EXHAUSTED, RunState.FAILED):
        ended = set_state(database, run, state)
        assert (ended.state, ended.started_at) == (state, running.started_at)
        assert ended.ended_at is not None
        assert ended.ended_at >= stopped.ended_at
    untouched = get(database, other.id)
    assert untouched is not None
    assert (untouched.state, untouched.started_at) == (RunState.QUEUED, None)


def test_time_of_work_adds_up(database: Database, run: StoredRun) -> None:
    other = store_run(database)
    with database.write() as connection:
        runs.add_worked_seconds(connection, run.id, 1.5)
        runs.add_worked_seconds(connection, run.id, 0.25)
    assert [row["worked_seconds"] for row in rows_of(database, run_table)] == [1.75, 0.0]
    assert get(database, other.id) is not None


def test_two_that_count_time_of_work_at_once_count_both(database: Database, run: StoredRun) -> None:
    while_writing(
        database,
        lambda connection: runs.add_worked_seconds(connection, run.id, 1.0),
        lambda connection: runs.add_worked_seconds(connection, run.id, 2.0),
    )
    assert [row["worked_seconds"] for row in rows_of(database, run_table)] == [3.0]


def test_target_and_budget_can_be_replaced(database: Database, run: StoredRun) -> None:
    other = store_run(database)
    budget = Budget(cost=1.25, requests=None, seconds=3600.0)
    with database.write() as connection:
        runs.set_limits(connection, run.id, {"target": 50}, budget)
    changed, kept = get(database, run.id), get(database, other.id)
    assert changed is not None
    assert kept is not None
    assert (changed.settings, changed.budget) == ({"target": 50}, budget)
    assert (kept.settings, kept.budget) == (SETTINGS, BUDGET)


def test_the_log_of_a_run_is_newest_first(database: Database, run: StoredRun) -> None:
    other = store_run(database)
    before = time.time()
    with database.write() as connection:
        for n in range(3):
            runs.add_run_event(connection, run.id, f"kind {n}", f"words {n} \x00")
        runs.add_run_event(connection, other.id, "other", "")
    with database.read() as connection:
        found = runs.get_run_events(connection, run.id, 2)
        assert len(runs.get_run_events(connection, run.id, 10)) == 3
    assert [(event.kind, event.words) for event in found] == [
        ("kind 2", "words 2 \ufffd"),
        ("kind 1", "words 1 \ufffd"),
    ]
    assert all(before <= event.at <= time.time() for event in found)


def test_prompt_sets_are_stored_once_by_content(database: Database) -> None:
    with database.write() as connection:
        runs.remember_prompt_set(connection, "hash 1", "standard", "[instructions]\n# ü")
        runs.remember_prompt_set(connection, "hash 1", "renamed", "[other]")
        runs.remember_prompt_set(connection, "hash 2", "standard", "[other]")
    with database.read() as connection:
        assert runs.prompt_set_source(connection, "hash 1") == "[instructions]\n# ü"
    assert [tuple(row.values()) for row in rows_of(database, prompt_sets)] == [
        ("hash 1", "standard", "[instructions]\n# ü"),
        ("hash 2", "standard", "[other]"),
    ]


def test_two_that_store_a_prompt_set_at_once_store_it_once(database: Database) -> None:
    while_writing(
        database,
        lambda connection: runs.remember_prompt_set(connection, "hash", "standard", "[a]"),
        lambda connection: runs.remember_prompt_set(connection, "hash", "standard", "[a]"),
    )
    assert [row["hash"] for row in rows_of(database, prompt_sets)] == ["hash"]


def test_derivations_are_numbered_within_their_run(database: Database, run: StoredRun) -> None:
    other = store_run(database)
    with database.write() as connection:
        third = runs.add_derivation(connection, run.id, 3, {"threshold": 0.9})
        second = runs.add_derivation(connection, run.id, 2, {"threshold": 0.5})
        runs.update_derivation(connection, second, committed=7, kept=5, fruitless=2, digest="abc")
    with database.read() as connection:
        found = runs.get_derivations(connection, run.id)
        assert [(one.number, one.id) for one in found] == [
            (1, run.derivation_id),
            (2, second),
            (3, third),
        ]
        assert runs.get_derivation(connection, run.id).id == run.derivation_id
        two = runs.get_derivation(connection, run.id, 2)
        assert [one.id for one in runs.get_derivations(connection, other.id)] == [
            other.derivation_id
        ]
    assert two == found[1]
    assert (two.settings, two.committed, two.kept, two.fruitless, two.digest) == (
        {"threshold": 0.5},
        7,
        5,
        2,
        "abc",
    )
    assert [row["kept"] for row in rows_of(database, derivations)] == [0, 0, 0, 5]

    def add_again() -> None:
        with database.write() as connection:
            runs.add_derivation(connection, run.id, 2, {})

    with pytest.raises(StorageError, match=r"(?i)unique"):
        add_again()
    assert len(rows_of(database, derivations)) == 4
