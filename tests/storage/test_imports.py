"""Importing files as data sets, on both databases."""

import json
from typing import Any

import pytest

from selfinstruct_core.errors import BadInput
from selfinstruct_core.exchange.importing import Import, import_tasks
from selfinstruct_core.storage import projects
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.schema import (
    data_set_items,
    data_sets,
    dropped_instances,
    instances,
    task_events,
    task_versions,
    tasks,
)
from tests.storage.processes import imported, together
from tests.storage.stored import all_rows, count, rows_of

ROWS: tuple[dict[str, Any], ...] = (
    {"instruction": "Say ü 😀.", "input": "a", "output": "b", "is_classification": False},
    {"instruction": "Say it.", "output": ""},
    {"id": "s", "name": "odd", "instruction": "Odd?", "instances": [{"input": "3", "output": "o"}]},
)


def take(database: Database, *rows: object, name: str = "Mine", project: str = "P") -> Import:
    content = json.dumps(rows).encode()
    return import_tasks(database, content, "mine.json", name, project)


def test_every_row_of_a_file_is_stored(database: Database) -> None:
    made = take(database, *ROWS, name=" Mine ", project=" P\n")
    assert made == Import(made.data_set_id, "Mine", "P", 3, 2, 1, added=True)
    (data_set,) = rows_of(database, data_sets)
    assert (data_set["name"], data_set["kind"], data_set["derivation_id"]) == (
        "Mine",
        "import",
        None,
    )
    ids = [item["task_id"] for item in rows_of(database, data_set_items)]
    assert [
        (row["id"], row["origin"], row["source_id"], row["name"])
        for row in rows_of(database, tasks)
    ] == [
        (ids[0], "imported", None, None),
        (ids[1], "imported", None, None),
        (ids[2], "imported", "s", "odd"),
    ]
    versions = rows_of(database, task_versions)
    assert [(row["instruction"], row["is_classification"], row["state"]) for row in versions] == [
        ("Say ü 😀.", False, "ready"),
        ("Say it.", None, "no_instance"),
        ("Odd?", None, "ready"),
    ]
    assert [
        (row["task_id"], row["input"], row["output"]) for row in rows_of(database, instances)
    ] == [
        (ids[0], "a", "b"),
        (ids[2], "3", "o"),
    ]
    (dropped,) = rows_of(database, dropped_instances)
    assert (dropped["task_id"], dropped["reason"]) == (ids[1], "empty_output")
    assert [(row["task_id"], row["kind"]) for row in rows_of(database, task_events)] == [
        (id_, "added") for id_ in ids
    ]


def test_many_tasks_keep_their_order(database: Database) -> None:
    rows = [{"instruction": f"Say {n}.", "output": str(n)} for n in range(2500)]
    made = take(database, *rows)
    with database.read() as connection:
        found = projects.data_set_tasks(connection, made.data_set_id)
    assert [task.instruction for task in found] == [row["instruction"] for row in rows]
    outputs = [task.instance.output for task in found if task.instance is not None]
    assert outputs == [row["output"] for row in rows]


def test_the_same_content_is_the_same_data_set(database: Database) -> None:
    made = take(database, *ROWS)
    before = all_rows(database)
    again = take(database, *ROWS, name="Other name")
    assert (again.data_set_id, again.name, again.added) == (made.data_set_id, "Mine", False)
    assert all_rows(database) == before

    others = [take(database, *ROWS, project="Q"), take(database, *ROWS[:2])]
    assert len({made.data_set_id, *(one.data_set_id for one in others)}) == 3


def test_processes_that_import_a_file_at_once_store_it_once(
    database: Database, address: str
) -> None:
    content = json.dumps(ROWS).encode()
    ids = together(imported, *[(address, content)] * 3)
    assert len(set(ids)) == 1
    assert count(database, tasks) == 3


def test_a_bad_file_changes_nothing(database: Database) -> None:
    before = all_rows(database)
    with pytest.raises(BadInput, match=r"mine.json, item 4, field output: missing"):
        take(database, *ROWS, {"instruction": "Say it."})
    for names in ({"name": " "}, {"project": ""}):
        with pytest.raises(BadInput, match="name is empty; write one"):
            take(database, *ROWS, **names)
    assert all_rows(database) == before
