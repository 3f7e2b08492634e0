"""Projects, seed tasks, data sets and the totals of everything, on both databases."""

import hashlib
import time

import pytest
import sqlalchemy as sa

from selfinstruct_core.errors import StorageError
from selfinstruct_core.models import Instance, InstanceReading, PoolTask, Project, SeedTask
from selfinstruct_core.storage import projects, runs, tasks
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.holdings import Holdings, holdings
from selfinstruct_core.storage.schema import (
    data_set_items,
    data_sets,
    instances,
    prompt_sets,
    task_events,
    task_versions,
)
from selfinstruct_core.storage.schema import projects as project_table
from selfinstruct_core.storage.schema import tasks as task_table
from tests.storage.processes import shared_rows, together
from tests.storage.stored import (
    SEEDS,
    StoredRun,
    all_rows,
    count,
    rows_of,
    store_run,
    while_writing,
)


def add_project(database: Database, name: str) -> Project:
    with database.write() as connection:
        return projects.add_project(connection, name)


def add_data_set(
    database: Database,
    run: StoredRun,
    digest: str,
    members: list[tuple[int, int]],
    kind: str = "seeds",
    derivation_id: int | None = None,
) -> int:
    with database.write() as connection:
        return projects.add_data_set(
            connection, run.project_id, "Chosen", kind, digest, members, derivation_id
        )


def test_projects_have_names_of_their_own(database: Database) -> None:
    before = time.time()
    second, first = add_project(database, "zebra ü"), add_project(database, "ant")
    with database.read() as connection:
        assert projects.all_projects(connection) == [first, second]
        assert projects.project_named(connection, "zebra ü") == second
        assert projects.project_named(connection, "Zebra ü") is None
    rows = rows_of(database, project_table)
    assert [(row["id"], row["name"], row["archived_at"]) for row in rows] == [
        (second.id, "zebra ü", None),
        (first.id, "ant", None),
    ]
    assert all(before <= row["created_at"] <= time.time() for row in rows)
    assert add_project(database, "ant") == first
    assert rows_of(database, project_table) == rows


def test_a_name_with_what_no_database_holds_is_found_again(database: Database) -> None:
    project = add_project(database, "a\x00b\udcff")
    assert project.name == "a\ufffdb\ufffd"
    with database.read() as connection:
        assert projects.project_named(connection, "a\x00b\udcff") == project


def test_two_that_add_a_project_at_once_get_the_same(database: Database) -> None:
    first, second = while_writing(
        database,
        lambda connection: projects.add_project(connection, "new"),
        lambda connection: projects.add_project(connection, "new"),
    )
    assert first == second
    assert count(database, project_table) == 1


def test_seed_tasks_are_stored_whole(database: Database) -> None:
    project = add_project(database, "My project")
    before = time.time()
    with database.write() as connection:
        ids = projects.add_seed_tasks(connection, project.id, SEEDS)
    found = rows_of(database, task_table)
    moments = {row.pop("created_at") for row in found}
    assert len(moments) == 1
    assert before <= min(moments) <= time.time()
    blank = {"derivation_id": None, "ordinal": None, "position": None}
    of_project = {"project_id": project.id, "origin": "seed"}
    assert found == [
        {"id": ids[0], "source_id": "seed_task_0", "name": "cheeses", **of_project, **blank},
        {"id": ids[1], "source_id": "seed_task_1", "name": "parity", **of_project, **blank},
    ]
    assert [
        (row["task_id"], row["version"], row["instruction"], row["is_classification"], row["state"])
        for row in rows_of(database, task_versions)
    ] == [
        (ids[0], 1, "Rank the cheeses.", False, "ready"),
        (ids[1], 1, "Say if it is odd.", True, "ready"),
    ]
    assert [tuple(row.values()) for row in rows_of(database, instances)] == [
        (ids[0], 1, 0, "Brie", "1. Brie"),
        (ids[1], 1, 0, "3", "odd"),
        (ids[1], 1, 1, "4", "even"),
    ]
    assert [
        (row["task_id"], row["version"], row["kind"], row["payload"], row["person"])
        for row in rows_of(database, task_events)
    ] == [(ids[0], 1, "added", {}, None), (ids[1], 1, "added", {}, None)]


def test_no_seed_tasks_are_fine(database: Database) -> None:
    project = add_project(database, "My project")
    rows = all_rows(database)
    with database.write() as connection:
        assert projects.add_seed_tasks(connection, project.id, ()) == []
    assert all_rows(database) == rows


def test_seeds_are_known_by_their_content_and_order() -> None:
    digest = projects.seed_digest(SEEDS)
    content = (
        '[["seed_task_0", "cheeses", "Rank the cheeses.", [["Brie", "1. Brie"]], false], '
        '["seed_task_1", "parity", "Say if it is odd.", [["3", "odd"], ["4", "even"]], true]]'
    )
    assert digest == hashlib.sha256(content.encode()).hexdigest()
    assert projects.seed_digest(SEEDS[::-1]) != digest
    changed = SeedTask("seed_task_0", "cheeses", "Rank the cheeses!", SEEDS[0].instances, False)
    assert projects.seed_digest((changed, SEEDS[1])) != digest


def test_seeds_come_back_as_they_were_written(database: Database, run: StoredRun) -> None:
    many = tuple(Instance(f"in {n}", f"out {n}\n") for n in range(12))
    seeds = (
        SeedTask("z", "twelve", " Say ü\n twice ", many, True),
        SeedTask("a", "none", "Say nothing.", (), False),
        *SEEDS,
    )
    with database.write() as connection:
        ids = projects.add_seed_tasks(connection, run.project_id, seeds)
        # Edited later: a data set has the versions that it fixed.
        row = {"task_id": ids[0], "version": 2, "instruction": "Say it.", "state": "ready"}
        connection.execute(sa.insert(task_versions), [{**row, "created_at": 1.0}])
        edited = {"task_id": ids[0], "version": 2, "position": 0, "input": "", "output": "x"}
        connection.execute(sa.insert(instances), [edited])
    id_ = add_data_set(database, run, "d1", [(id_, 1) for id_ in ids])
    mixed = add_data_set(database, run, "d2", [(ids[3], 1), (ids[0], 1)])
    with database.read() as connection:
        assert projects.data_set_seeds(connection, id_) == seeds
        assert projects.data_set_seeds(connection, mixed) == (seeds[3], seeds[0])
        assert projects.data_set_seeds(connection, run.data_set_id) == SEEDS
        assert projects.data_set_seeds(connection, mixed + 1) == ()
        assert projects.data_set_name(connection, id_) == "Chosen"
        assert projects.project_name(connection, run.project_id) == "My project"


def test_a_data_set_is_a_list_of_versions_of_tasks(database: Database, run: StoredRun) -> None:
    first, second = run.seed_ids
    with database.write() as connection:
        connection.execute(
            task_versions.insert().values(
                task_id=first,
                version=2,
                instruction="Rank the cheeses, please.",
                is_classification=None,
                state="ready",
                created_at=1.0,
            )
        )
    before = time.time()
    id_ = add_data_set(database, run, "d1", [(second, 1), (first, 2), (first, 1)])
    (row,) = (row for row in rows_of(database, data_sets) if row["id"] == id_)
    assert before <= row.pop("created_at") <= time.time()
    assert row == {
        "id": id_,
        "project_id": run.project_id,
        "name": "Chosen",
        "kind": "seeds",
        "derivation_id": None,
        "digest": "d1",
    }
    assert [
        (row["position"], row["task_id"], row["version"])
        for row in rows_of(database, data_set_items)
        if row["data_set_id"] == id_
    ] == [(0, second, 1), (1, first, 2), (2, first, 1)]
    with database.read() as connection:
        assert projects.data_set_tasks(connection, id_) == [
            # With the first instance of that version, if it has one.
            PoolTask(second, "Say if it is odd.", True, "seed_task_1", Instance("3", "odd")),
            PoolTask(first, "Rank the cheeses, please.", None, "seed_task_0", None),
            PoolTask(first, "Rank the cheeses.", False, "seed_task_0", Instance("Brie", "1. Brie")),
        ]
        assert projects.data_set_tasks(connection, id_ + 1) == []


def test_a_data_set_of_a_task_that_is_not_there_is_refused_whole(
    database: Database, run: StoredRun
) -> None:
    rows = all_rows(database)
    with pytest.raises(StorageError, match=r"(?i)foreign key"):
        add_data_set(database, run, "d1", [(run.seed_ids[0], 1), (99999, 1)])
    assert all_rows(database) == rows


def test_the_oldest_data_set_with_a_content_is_found(database: Database, run: StoredRun) -> None:
    other = store_run(database, "Another project")
    ids = [add_data_set(database, run, "d1", []) for _ in range(2)]
    of_run = add_data_set(database, run, "d1", [], kind="run", derivation_id=run.derivation_id)
    later = add_data_set(database, run, "d2", [], kind="run", derivation_id=run.derivation_id)
    with database.write() as connection:

        def found(project_id: int, kind: str, digest: str) -> int | None:
            return projects.find_data_set(connection, project_id, kind, digest)

        assert found(run.project_id, "seeds", "d1") == ids[0]
        assert found(run.project_id, "run", "d1") == of_run
        assert found(run.project_id, "seeds", "d2") is None
        assert found(other.project_id, "seeds", "d1") is None
        assert found(other.project_id, "seeds", projects.seed_digest(SEEDS)) == other.data_set_id
    with database.read() as connection:
        of_derivation = projects.data_set_of_derivation
        assert of_derivation(connection, run.derivation_id, "d1") == of_run
        assert of_derivation(connection, run.derivation_id, "d2") == later
        assert of_derivation(connection, run.derivation_id, "d3") is None
        assert of_derivation(connection, other.derivation_id, "d1") is None


def test_two_that_store_the_same_seeds_at_once_store_them_once(
    database: Database, run: StoredRun
) -> None:
    def store(connection: projects.Connection) -> int:
        known = projects.find_data_set(connection, run.project_id, "seeds", "new")
        if known is not None:
            return known
        return projects.add_data_set(connection, run.project_id, "Seeds", "seeds", "new", [])

    first, second = while_writing(database, store, store)
    assert first == second
    assert [row["digest"] for row in rows_of(database, data_sets)][1:] == ["new"]


def test_processes_that_start_runs_at_once_store_what_they_share_once(
    database: Database, address: str
) -> None:
    stored = together(shared_rows, *[(address, 10)] * 4)
    rows = rows_of(database, project_table)
    assert [row["name"] for row in rows] == [f"Project {n}" for n in range(10)]
    ids = [row["id"] for row in rows]
    assert [[project_id for project_id, _ in of_one] for of_one in stored] == [ids] * 4
    added = [sum(of_one[n][1] for of_one in stored) for n in range(10)]
    assert added == [1] * 10
    assert [row["project_id"] for row in rows_of(database, data_sets)] == ids
    assert len(rows_of(database, prompt_sets)) == 10


def test_holdings_of_a_blank_studio(database: Database) -> None:
    assert holdings(database) == Holdings(0, 0, 0, 0)


def test_holdings_are_totals_over_all_projects(database: Database, run: StoredRun) -> None:
    other = store_run(database, "Another project")
    reading = InstanceReading((Instance("", "a"), Instance("", "b")))
    with database.write() as connection:
        replay = runs.add_derivation(connection, run.id, 2, {})
        for derivation_id, number in (
            (run.derivation_id, 2),
            (replay, 3),
            (other.derivation_id, 1),
        ):
            for n in range(number):
                id_ = tasks.add_machine_task(
                    connection, run.project_id, derivation_id, (n, 0), "Name a cheese."
                )
                tasks.set_instances(connection, id_, reading)
            runs.update_derivation(connection, derivation_id, kept=number)
    # The replay's tasks are those of the run, read again.
    assert holdings(database) == Holdings(
        seed_tasks=4, machine_tasks=3, machine_instances=6, runs=2
    )
