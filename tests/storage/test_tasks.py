"""Candidates, tasks, instances and their counts, on both databases."""

import time
from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from selfinstruct_core.errors import StorageError
from selfinstruct_core.models import (
    Counts,
    Drop,
    DroppedInstance,
    Instance,
    InstanceReading,
    MachineTask,
    Rejection,
    TaskState,
)
from selfinstruct_core.storage import runs, tasks
from selfinstruct_core.storage.candidates import (
    KEPT,
    REJECTED,
    CandidateFilter,
    CandidateLine,
    newest_candidates,
)
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.schema import candidates as candidate_table
from selfinstruct_core.storage.schema import dropped_instances, task_versions
from selfinstruct_core.storage.schema import instances as instance_table
from selfinstruct_core.storage.schema import tasks as task_table
from selfinstruct_core.storage.tasks import CandidateRow
from tests.storage.stored import StoredRun, all_rows, count, rows_of, store_run

READING = InstanceReading(
    instances=(Instance("Brie", "1. Brie"), Instance("", "none\n")),
    dropped=(
        DroppedInstance("Gouda", "", Drop.EMPTY_OUTPUT),
        DroppedInstance("Brie", "1. Brie", Drop.DUPLICATE),
    ),
)


def add_task(
    database: Database,
    run: StoredRun,
    ordinal: int,
    position: int = 0,
    text: str = "Name a cheese.",
    state: TaskState = TaskState.PENDING,
) -> int:
    with database.write() as connection:
        return tasks.add_machine_task(
            connection, run.project_id, run.derivation_id, (ordinal, position), text, state
        )


def in_write(database: Database, *changes: Callable[[Connection], object]) -> None:
    """Make changes in one transaction."""
    with database.write() as connection:
        for change in changes:
            change(connection)


def candidate(
    database: Database,
    run: StoredRun,
    key: tuple[int, int],
    reason: Rejection | None = None,
    nearest: tuple[int | None, float | None] = (None, None),
) -> None:
    row = CandidateRow(
        *key, f"Candidate {key[0]}.{key[1]}", reason, "why" if reason else "", *nearest
    )
    with database.write() as connection:
        tasks.add_candidate(connection, run.derivation_id, row)


def latest(database: Database, run: StoredRun, *, kept: bool, limit: int) -> list[CandidateLine]:
    wanted = CandidateFilter(KEPT if kept else REJECTED)
    with database.read() as connection:
        return newest_candidates(connection, run.derivation_id, wanted, limit)


def counts(database: Database, derivation_id: int) -> Counts:
    with database.read() as connection:
        return tasks.counts(connection, derivation_id)


def test_a_kept_candidate_becomes_a_task(database: Database, run: StoredRun) -> None:
    before = time.time()
    id_ = add_task(database, run, 3, 1, "Name a cheese.")
    (row,) = (row for row in rows_of(database, task_table) if row["id"] == id_)
    created = row.pop("created_at")
    assert before <= created <= time.time()
    assert row == {
        "id": id_,
        "project_id": run.project_id,
        "origin": "machine",
        "derivation_id": run.derivation_id,
        "ordinal": 3,
        "position": 1,
        "source_id": None,
        "name": None,
    }
    (version,) = (row for row in rows_of(database, task_versions) if row["task_id"] == id_)
    assert version == {
        "task_id": id_,
        "version": 1,
        "instruction": "Name a cheese.",
        "is_classification": None,
        "state": "pending",
        "created_at": created,
    }


def test_a_place_in_a_response_holds_one_task(database: Database, run: StoredRun) -> None:
    other = store_run(database)
    add_task(database, run, 3, 1)
    rows = all_rows(database)
    with pytest.raises(StorageError, match=r"(?i)unique"):
        add_task(database, run, 3, 1, "Another one.")
    assert all_rows(database) == rows
    add_task(database, other, 3, 1)
    add_task(database, run, 1, 3)
    assert count(database, task_table) == count(database, task_versions) == 7


def test_what_later_stages_say_of_a_task(database: Database, run: StoredRun) -> None:
    first, second, third = (add_task(database, run, n) for n in range(3))
    in_write(
        database,
        lambda c: tasks.set_classification(c, first, True),
        lambda c: tasks.set_classification(c, second, False),
        lambda c: tasks.set_state(c, third, TaskState.NOT_ASKED),
        lambda c: tasks.set_instances(c, first, READING),
        lambda c: tasks.set_instances(c, second, InstanceReading(dropped=READING.dropped[:1])),
    )
    with database.read() as connection:
        found = tasks.machine_tasks(connection, run.derivation_id)
        of_tasks = list(tasks.derivation_instances(connection, run.derivation_id))
    assert found == [
        MachineTask(first, 0, 0, "Name a cheese.", True, TaskState.READY),
        MachineTask(second, 1, 0, "Name a cheese.", False, TaskState.NO_INSTANCE),
        MachineTask(third, 2, 0, "Name a cheese.", None, TaskState.NOT_ASKED),
    ]
    assert of_tasks == [(first, Instance("Brie", "1. Brie")), (first, Instance("", "none\n"))]
    # The seed tasks have instances of their own.
    assert [row for row in rows_of(database, instance_table) if row["task_id"] == first] == [
        {"task_id": first, "version": 1, "position": 0, "input": "Brie", "output": "1. Brie"},
        {"task_id": first, "version": 1, "position": 1, "input": "", "output": "none\n"},
    ]
    assert rows_of(database, dropped_instances) == [
        {"task_id": first, "position": 0, "input": "Gouda", "output": "", "reason": "empty_output"},
        {
            "task_id": first,
            "position": 1,
            "input": "Brie",
            "output": "1. Brie",
            "reason": "duplicate",
        },
        {
            "task_id": second,
            "position": 0,
            "input": "Gouda",
            "output": "",
            "reason": "empty_output",
        },
    ]
    with pytest.raises(StorageError, match=r"(?i)unique"):
        in_write(database, lambda c: tasks.set_instances(c, first, READING))
    assert len(of_tasks) == 2


def test_tasks_come_in_the_order_of_the_responses(database: Database, run: StoredRun) -> None:
    other = store_run(database)
    ids = {key: add_task(database, run, *key) for key in ((10, 0), (2, 1), (2, 0), (0, 3))}
    add_task(database, other, 1)
    one = InstanceReading((Instance("", "an answer"),))
    for key in ids:
        in_write(database, lambda c, id_=ids[key]: tasks.set_instances(c, id_, one))
    order = [(0, 3), (2, 0), (2, 1), (10, 0)]
    with database.read() as connection:
        found = tasks.machine_tasks(connection, run.derivation_id)
        of_tasks = tasks.derivation_instances(connection, run.derivation_id)
        assert [id_ for id_, _ in of_tasks] == [ids[key] for key in order]
    assert [(task.ordinal, task.position) for task in found] == order


def test_counts_of_a_derivation_without_anything(database: Database, run: StoredRun) -> None:
    assert counts(database, run.derivation_id) == Counts()


def test_counts_are_of_one_derivation_and_by_reason(database: Database, run: StoredRun) -> None:
    with database.write() as connection:
        replay = runs.add_derivation(connection, run.id, 2, {})
        id_ = tasks.add_machine_task(connection, run.project_id, replay, (0, 0), "Of the replay.")
        tasks.set_instances(connection, id_, READING)
        row = CandidateRow(0, 1, "Of the replay.", Rejection.TOO_LONG, "", None, None)
        tasks.add_candidate(connection, replay, row)
    ready, unready, pending, unasked = (add_task(database, run, n) for n in range(4))
    in_write(
        database,
        lambda c: tasks.set_classification(c, ready, True),
        lambda c: tasks.set_classification(c, unready, False),
        lambda c: tasks.set_classification(c, pending, True),
        lambda c: tasks.set_instances(c, ready, READING),
        lambda c: tasks.set_instances(c, unready, InstanceReading(dropped=READING.dropped[1:])),
        lambda c: tasks.set_state(c, unasked, TaskState.NOT_ASKED),
    )
    for n, reason in enumerate(
        (Rejection.TOO_SIMILAR, None, Rejection.EMPTY, Rejection.TOO_SIMILAR, None)
    ):
        candidate(database, run, (0, n), reason)

    found = counts(database, run.derivation_id)
    assert found == Counts(
        kept=4,
        classification=2,
        instances=2,
        no_instance=1,
        pending=1,
        rejected={"empty": 1, "too_similar": 2},
        dropped={"duplicate": 2, "empty_output": 1},
    )
    # By name, wherever the database happened to find them.
    assert list(found.rejected) == ["empty", "too_similar"]
    assert list(found.dropped) == ["duplicate", "empty_output"]
    assert counts(database, replay) == Counts(
        kept=1,
        instances=2,
        rejected={"too_long": 1},
        dropped={"duplicate": 1, "empty_output": 1},
    )


def test_a_candidate_is_stored_with_its_verdict(database: Database, run: StoredRun) -> None:
    seed = run.seed_ids[1]
    candidate(database, run, (4, 2), Rejection.TOO_SIMILAR, (seed, 0.7000000000000001))
    candidate(database, run, (4, 1))
    assert rows_of(database, candidate_table) == [
        {
            "derivation_id": run.derivation_id,
            "ordinal": 4,
            "position": 1,
            "instruction": "Candidate 4.1",
            "reason": None,
            "detail": "",
            "nearest_task_id": None,
            "nearest_score": None,
        },
        {
            "derivation_id": run.derivation_id,
            "ordinal": 4,
            "position": 2,
            "instruction": "Candidate 4.2",
            "reason": "too_similar",
            "detail": "why",
            "nearest_task_id": seed,
            "nearest_score": 0.7000000000000001,
        },
    ]
    with pytest.raises(StorageError, match=r"(?i)unique"):
        candidate(database, run, (4, 2))
    with pytest.raises(StorageError, match=r"(?i)foreign key"):
        candidate(database, run, (4, 3), None, (99999, 0.5))
    assert count(database, candidate_table) == 2


def test_the_newest_rejected_candidates_with_their_neighbours(
    database: Database, run: StoredRun
) -> None:
    machine = add_task(database, run, 0, 0, "Name a soft cheese.")
    candidate(database, run, (0, 0), None, (run.seed_ids[0], 0.25))
    candidate(database, run, (0, 1), Rejection.TOO_SHORT)
    candidate(database, run, (2, 0), Rejection.TOO_SIMILAR, (run.seed_ids[0], 0.75))
    candidate(database, run, (10, 0), Rejection.TOO_SIMILAR, (machine, 1.0))

    def rejected(
        key: tuple[int, int],
        reason: Rejection,
        id_: int | None,
        near: str | None,
        score: float | None,
    ) -> CandidateLine:
        text = f"Candidate {key[0]}.{key[1]}"
        return CandidateLine(*key, text, reason, "why", id_, near, score, None, None, None)

    expected = [
        rejected((10, 0), Rejection.TOO_SIMILAR, machine, "Name a soft cheese.", 1.0),
        rejected((2, 0), Rejection.TOO_SIMILAR, run.seed_ids[0], "Rank the cheeses.", 0.75),
        rejected((0, 1), Rejection.TOO_SHORT, None, None, None),
    ]
    assert latest(database, run, kept=False, limit=8) == expected
    assert latest(database, run, kept=False, limit=2) == expected[:2]
    assert latest(database, run, kept=False, limit=0) == []


def test_the_newest_kept_candidates_with_how_far_their_tasks_have_come(
    database: Database, run: StoredRun
) -> None:
    other = store_run(database)
    first = add_task(database, run, 0, 0)
    second = add_task(database, run, 1, 2)
    candidate(database, run, (0, 0), None, (run.seed_ids[1], 0.125))
    candidate(database, run, (1, 0), Rejection.EMPTY)
    candidate(database, run, (1, 2), None, (first, 0.5))
    add_task(database, other, 1, 2, "Another run's.", TaskState.NO_INSTANCE)
    candidate(database, other, (5, 0))
    in_write(
        database,
        lambda c: tasks.set_classification(c, first, True),
        lambda c: tasks.set_instances(c, first, READING),
    )
    assert latest(database, run, kept=True, limit=8) == [
        CandidateLine(
            *(1, 2, "Candidate 1.2", None, "", first, "Name a cheese.", 0.5),
            *(second, None, TaskState.PENDING),
        ),
        CandidateLine(
            *(0, 0, "Candidate 0.0", None, "", run.seed_ids[1], "Say if it is odd.", 0.125),
            *(first, True, TaskState.READY),
        ),
    ]


def test_how_many_tasks_were_kept_lately(
    database: Database, run: StoredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n, moment in enumerate((100.0, 200.0, 300.5)):
        monkeypatch.setattr(tasks.time, "time", lambda moment=moment: moment)
        add_task(database, run, n)
    with database.read() as connection:
        found = [
            tasks.kept_since(connection, run.derivation_id, since)
            for since in (0.0, 200.0, 200.1, 300.5, 300.6)
        ]
        assert tasks.kept_since(connection, run.derivation_id + 1, 0.0) == 0
    assert found == [3, 2, 1, 1, 0]


def test_texts_of_tasks_keep_what_databases_hold(database: Database, run: StoredRun) -> None:
    sent, kept = "😀 a\x00b \udead ü\n", "😀 a\ufffdb \ufffd ü\n"
    id_ = add_task(database, run, 0, 0, sent)
    reading = InstanceReading(
        (Instance(sent, sent),), (DroppedInstance(sent, sent, Drop.CONFLICTING),)
    )
    in_write(
        database,
        lambda c: tasks.set_instances(c, id_, reading),
        lambda c: tasks.add_candidate(
            c, run.derivation_id, CandidateRow(0, 0, sent, Rejection.KEYWORD, sent, id_, 1.0)
        ),
    )
    with database.read() as connection:
        (task,) = tasks.machine_tasks(connection, run.derivation_id)
        assert list(tasks.derivation_instances(connection, run.derivation_id)) == [
            (id_, Instance(kept, kept))
        ]
    assert task.instruction == kept
    (dropped,) = rows_of(database, dropped_instances)
    assert (dropped["input"], dropped["output"]) == (kept, kept)
    (found,) = latest(database, run, kept=False, limit=1)
    assert (found.instruction, found.detail, found.nearest_instruction) == (kept, kept, kept)
