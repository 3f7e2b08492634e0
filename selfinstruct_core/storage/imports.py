"""Tasks that come in by the ten thousands, from files."""

import time
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from selfinstruct_core.models import ImportedTask, Origin, TaskState
from selfinstruct_core.storage.rows import insert_many
from selfinstruct_core.storage.schema import (
    dropped_instances,
    instances,
    task_events,
    task_versions,
    tasks,
)


def add_imported_tasks(
    connection: Connection, project_id: int, imported: Sequence[ImportedTask]
) -> list[int]:
    """Store the tasks of a file as version 1 of new tasks. Returns their ids in order."""
    now = time.time()
    rows = [
        {
            "project_id": project_id,
            "origin": Origin.IMPORTED,
            "source_id": one.source_id,
            "name": one.name,
            "created_at": now,
        }
        for one in imported
    ]
    # Many rows in a statement, of which each gets an id: one by one takes ten times as long.
    query = sa.insert(tasks).returning(tasks.c.id, sort_by_parameter_order=True)
    ids = list(connection.execute(query, rows).scalars()) if rows else []
    insert_many(connection, task_versions, _versions(ids, imported, now))
    _add_instances(connection, ids, imported)
    added = [
        {"task_id": id_, "version": 1, "kind": "added", "payload": {}, "at": now} for id_ in ids
    ]
    insert_many(connection, task_events, added)
    return ids


def _versions(
    ids: Sequence[int], imported: Sequence[ImportedTask], now: float
) -> list[dict[str, object]]:
    return [
        {
            "task_id": id_,
            "version": 1,
            "instruction": one.instruction,
            "is_classification": one.is_classification,
            "state": TaskState.READY if one.reading.instances else TaskState.NO_INSTANCE,
            "created_at": now,
        }
        for id_, one in zip(ids, imported, strict=True)
    ]


def _add_instances(
    connection: Connection, ids: Sequence[int], imported: Sequence[ImportedTask]
) -> None:
    of_tasks = list(zip(ids, imported, strict=True))
    kept = [
        {"task_id": id_, "version": 1, "position": n, "input": one.input, "output": one.output}
        for id_, task in of_tasks
        for n, one in enumerate(task.reading.instances)
    ]
    insert_many(connection, instances, kept)
    dropped = [
        {
            "task_id": id_,
            "position": n,
            "input": one.input,
            "output": one.output,
            "reason": one.reason,
        }
        for id_, task in of_tasks
        for n, one in enumerate(task.reading.dropped)
    ]
    insert_many(connection, dropped_instances, dropped)
