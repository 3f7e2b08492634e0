"""Data sets as people choose them, on both databases."""

import json

import pytest
import sqlalchemy as sa

from selfinstruct_core.data_sets.catalogue import (
    data_set_key,
    data_set_tasks_with_instances,
    find_data_set,
    list_data_sets,
)
from selfinstruct_core.errors import NotFound
from selfinstruct_core.exchange.importing import import_tasks
from selfinstruct_core.models import (
    DataSet,
    DataSetKey,
    DataSetKind,
    DataSetScope,
    DataSetTask,
    Instance,
    Origin,
    TaskState,
)
from selfinstruct_core.storage import projects, runs
from selfinstruct_core.storage.database import Database
from tests.storage.stored import SEEDS, SETTINGS, StoredRun, keep_tasks


def fix(database: Database, run: StoredRun, name: str, ids: list[int], number: int = 1) -> int:
    """Store the list that a run, or a replay of it, leaves."""
    with database.write() as connection:
        derivation = runs.get_derivation(connection, run.id, number)
        members = [(id_, 1) for id_ in ids]
        return projects.add_data_set(
            connection, run.project_id, name, "run", name, members, derivation.id
        )


def listed(database: Database) -> list[tuple[str, str, str, str, int]]:
    return [
        (str(one.key), one.name, one.kind, one.project, one.tasks)
        for one in list_data_sets(database)
    ]


def key(text: str) -> DataSetKey:
    return data_set_key(text)


def test_nothing_is_listed_of_an_empty_database(database: Database) -> None:
    assert list_data_sets(database) == []


def test_everything_that_can_be_looked_at_is_listed(database: Database, run: StoredRun) -> None:
    ids = keep_tasks(database, run.id, "Name a cheese.", "Name a wine.")
    with database.write() as connection:
        runs.add_derivation(connection, run.id, 2, SETTINGS)
    replayed = keep_tasks(database, run.id, "Name a cheese.", number=2)
    of_replay = fix(database, run, "Run 1, replayed", replayed, 2)
    half = fix(database, run, "Run 1 (stopped)", ids[:1])
    whole = fix(database, run, "Run 1", ids)
    content = b'{"instruction": "Say it.", "output": "It."}'
    mine = import_tasks(database, content, "f", "Mine", "Other").data_set_id

    assert listed(database) == [
        # Two seeds and two machine-made ones; the replay's are the same in another reading.
        (f"project-{run.project_id}", "All tasks", "all", "My project", 4),
        (f"project-{run.project_id + 1}", "All tasks", "all", "Other", 1),
        (f"run-{run.id}", f"Run {run.id}", "run", "My project", 2),
        (f"set-{mine}", "Mine", "import", "Other", 1),
        (f"set-{half}", "Run 1 (stopped)", "run", "My project", 1),
        (f"set-{of_replay}", "Run 1, replayed", "run", "My project", 1),
        (f"set-{run.data_set_id}", "Seed tasks", "seeds", "My project", 2),
    ]
    # It is the run as it stands, until that has grown.
    assert find_data_set(database, key(f"set-{whole}")).tasks == 2
    keep_tasks(database, run.id, "Name a bread.")
    assert (f"set-{whole}", "Run 1", "run", "My project", 2) in listed(database)


def test_one_data_set(database: Database, run: StoredRun) -> None:
    keep_tasks(database, run.id, "Name a cheese.")
    assert find_data_set(database, key(f"run-{run.id}")) == DataSet(
        DataSetKey(DataSetScope.RUN, run.id),
        f"Run {run.id}",
        DataSetKind.RUN,
        run.project_id,
        "My project",
        1,
    )
    for missing in ("run-99", "set-99", "project-99"):
        with pytest.raises(NotFound, match=f"There is no data set {missing}"):
            find_data_set(database, key(missing))
        assert data_set_tasks_with_instances(database, key(missing)) == []


@pytest.mark.parametrize("text", ["", "run", "run-", "run--1", "run-x", "all-1", "run-" + "9" * 40])
def test_names_of_no_data_set(text: str) -> None:
    with pytest.raises(NotFound):
        data_set_key(text)


def test_tasks_with_all_their_instances(database: Database, run: StoredRun) -> None:
    (made,) = keep_tasks(database, run.id, "Name a cheese.")
    seeds = [
        DataSetTask(
            id_,
            1,
            seed.instruction,
            seed.is_classification,
            Origin.SEED,
            TaskState.READY,
            seed.instances,
        )
        for id_, seed in zip(run.seed_ids, SEEDS, strict=True)
    ]
    of_run = DataSetTask(
        made,
        1,
        "Name a cheese.",
        None,
        Origin.MACHINE,
        TaskState.READY,
        (Instance("", "Name a cheese. Done."),),
    )

    def found(text: str) -> list[DataSetTask]:
        return data_set_tasks_with_instances(database, key(text))

    assert found(f"set-{run.data_set_id}") == seeds
    assert found(f"run-{run.id}") == [of_run]
    assert found(f"project-{run.project_id}") == [*seeds, of_run]
    backwards = fix(database, run, "Backwards", [made, *reversed(run.seed_ids)])
    assert found(f"set-{backwards}") == [of_run, *reversed(seeds)]


def test_any_size_is_read_in_two_queries(database: Database) -> None:
    rows = [{"instruction": f"Say {n}.", "output": str(n)} for n in range(1500)]
    mine = import_tasks(database, json.dumps(rows).encode(), "f", "Mine", "P").data_set_id
    statements: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    found = data_set_tasks_with_instances(database, key(f"set-{mine}"))
    assert [task.instances[0].output for task in found] == [str(n) for n in range(1500)]
    assert len(statements) == 2
