"""What earlier runs needed on average, on both databases."""

import dataclasses

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from selfinstruct_core.models import Api, Endpoint, Recipe, Stage, TaskState
from selfinstruct_core.storage import ledger, run_averages, runs, tasks
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.run_averages import Averages, StageAverages
from selfinstruct_core.storage.schema import task_versions
from tests.storage.stored import ENDPOINT, StoredRun, add_run, request, response, store_run

Tokens = tuple[int | None, int | None]


def averages(database: Database, endpoint: Endpoint = ENDPOINT) -> Averages | None:
    with database.read() as connection:
        return run_averages.averages(connection, endpoint, Recipe.SELF_INSTRUCT)


def another_run(connection: Connection, run: StoredRun, endpoint: Endpoint = ENDPOINT) -> int:
    """A further run over the same seeds. Returns its id."""
    return add_run(connection, run.project_id, run.data_set_id, endpoint=endpoint)


def commit(connection: Connection, run_id: int, committed: int, kept: int) -> None:
    id_ = runs.get_derivation(connection, run_id).id
    runs.update_derivation(connection, id_, committed=committed, kept=kept)


def answer(connection: Connection, run_id: int, stage: Stage, tokens: list[Tokens]) -> None:
    """Requests of a stage with responses of these tokens (prompt, completion), by ordinal."""
    for ordinal, (prompt, completion) in enumerate(tokens):
        id_ = ledger.plan(connection, run_id, request(ordinal, stage)).id
        assert id_ is not None
        told = response(prompt_tokens=prompt, completion_tokens=completion)
        ledger.record_response(connection, id_, told)


def keep(connection: Connection, run: StoredRun, derivation_id: int, *classes: bool | None) -> int:
    """Kept tasks with what stage 2 said of them. Returns the id of the last."""
    id_ = 0
    for n, is_classification in enumerate(classes):
        place = (n, 0)
        id_ = tasks.add_machine_task(connection, run.project_id, derivation_id, place, "Sing.")
        if is_classification is not None:
            tasks.set_classification(connection, id_, is_classification)
    return id_


def test_no_run_and_none_that_committed_anything(database: Database, run: StoredRun) -> None:
    with database.write() as connection:
        answer(connection, run.id, Stage.INSTRUCTIONS, [(10, 10)])
        replay = runs.add_derivation(connection, run.id, 2, {})
        runs.update_derivation(connection, replay, committed=5, kept=5)
    assert averages(database) is None
    assert averages(database, Endpoint("nobody")) is None


def test_averages_of_one_run(database: Database, run: StoredRun) -> None:
    with database.write() as connection:
        commit(connection, run.id, 4, 10)
        keep(connection, run, run.derivation_id, True, False, None, False, False)
        answer(connection, run.id, Stage.INSTRUCTIONS, [(100, 7), (101, 8), (105, 9)])
        answer(connection, run.id, Stage.OUTPUT_FIRST, [(3, 1)])
        answer(connection, run.id, Stage.INPUT_FIRST, [(None, None), (None, 4), (4, None)])
        replay = runs.add_derivation(connection, run.id, 2, {})
        runs.update_derivation(connection, replay, committed=4, kept=4)
        keep(connection, run, replay, True, True, True)
    assert averages(database) == Averages(
        runs=1,
        kept_per_response=2.5,
        classification_share=0.25,
        stages={
            Stage.INSTRUCTIONS: StageAverages(102.0, 8.0),
            Stage.OUTPUT_FIRST: StageAverages(3.0, 1.0),
        },
    )


def test_nothing_kept_and_nothing_told(database: Database, run: StoredRun) -> None:
    with database.write() as connection:
        commit(connection, run.id, 3, 0)
        answer(connection, run.id, Stage.INSTRUCTIONS, [(None, None)])
    assert averages(database) == Averages(1, 0.0, None, {})


def test_edited_tasks_count_as_they_were_made(database: Database, run: StoredRun) -> None:
    with database.write() as connection:
        commit(connection, run.id, 1, 2)
        id_ = keep(connection, run, run.derivation_id, False, True)
        edits = [
            {
                "task_id": id_,
                "version": version,
                "instruction": "Sing!",
                "is_classification": False,
                "state": TaskState.READY,
                "created_at": 1.0,
            }
            for version in (2, 3)
        ]
        connection.execute(sa.insert(task_versions), edits)
    found = averages(database)
    assert found is not None
    assert found.classification_share == 0.5


def test_averages_of_several_runs_are_over_all_their_rows(
    database: Database, run: StoredRun
) -> None:
    other = store_run(database, "Another project")
    with database.write() as connection:
        commit(connection, run.id, 1, 5)
        commit(connection, other.id, 9, 5)
        keep(connection, run, run.derivation_id, True)
        keep(connection, other, other.derivation_id, False, False, False)
        answer(connection, run.id, Stage.INSTRUCTIONS, [(1, 2)])
        answer(connection, other.id, Stage.INSTRUCTIONS, [(4, 3), (4, 3), (3, 4)])
    assert averages(database) == Averages(
        # Not the mean of 5 and 5/9, nor that of 1 and 10/3.
        2, 1.0, 0.25, {Stage.INSTRUCTIONS: StageAverages(3.0, 3.0)}
    )  # fmt: skip


def test_the_newest_five_that_committed_anything(database: Database, run: StoredRun) -> None:
    with database.write() as connection:
        commit(connection, run.id, 1, 1000)
        ids = [another_run(connection, run) for _ in range(7)]
        for n, id_ in enumerate(ids):
            answer(connection, id_, Stage.CLASSIFICATION, [(10**n, n)])
            if n != 5:
                commit(connection, id_, 2, n)
    found = averages(database)
    assert found is not None
    # The runs 6, 4, 3, 2 and 1 of them.
    assert (found.runs, found.kept_per_response) == (5, 16 / 10)
    stage = found.stages[Stage.CLASSIFICATION]
    assert stage == StageAverages((10**6 + 10**4 + 10**3 + 10**2 + 10) / 5, 16 / 5)


def test_the_newest_responses_of_a_long_run(
    database: Database, run: StoredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_averages, "SAMPLE", 4)
    with database.write() as connection:
        commit(connection, run.id, 1, 1)
        told: list[Tokens] = [(1000, 1000), (1, 2), (2, 2), (None, None), (6, 5)]
        answer(connection, run.id, Stage.INSTRUCTIONS, told)
    found = averages(database)
    assert found is not None
    assert found.stages == {Stage.INSTRUCTIONS: StageAverages(3.0, 3.0)}


def test_endpoints_that_differ_in_what_is_asked(database: Database, run: StoredRun) -> None:
    asked = Endpoint("m", Api.CHAT, "http://localhost:1/v1")
    with database.write() as connection:
        commit(connection, run.id, 1, 1)
        commit(connection, another_run(connection, run, asked), 1, 3)
    for change in ({"model": "n"}, {"api": Api.COMPLETIONS}, {"base_url": "http://localhost:2/v1"}):
        assert averages(database, dataclasses.replace(asked, **change)) is None
    # The demo model under that name is no server.
    assert averages(database, dataclasses.replace(asked, base_url=None)) is None
    same = dataclasses.replace(
        asked, name="mine", price_in=1.0, key_env="STUDIO_KEY_X", concurrency=2, refused=("seed",)
    )
    assert averages(database, same) == averages(database, asked) == Averages(1, 3.0, None, {})
    assert averages(database) == Averages(1, 1.0, None, {})
