"""What derivations make of responses: candidates, tasks, instances; and their counts."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam

from selfinstruct_core.models import (
    Counts,
    Drop,
    DroppedInstance,
    Instance,
    InstanceReading,
    MachineTask,
    Origin,
    Rejection,
    TaskState,
)
from selfinstruct_core.storage.rows import insert_many
from selfinstruct_core.storage.schema import (
    candidates,
    dropped_instances,
    instances,
    task_versions,
    tasks,
)

FIRST_VERSION = 1
"""The version of a task that its derivation wrote; edits add further ones."""

# Built once, as they are executed for every response.
_INSERT_CANDIDATE = sa.insert(candidates)
_INSERT_TASK = sa.insert(tasks).returning(tasks.c.id)
_INSERT_VERSION = sa.insert(task_versions)
_UPDATE_FIRST_VERSION = sa.update(task_versions).where(
    task_versions.c.task_id == bindparam("of"), task_versions.c.version == FIRST_VERSION
)
_SET_CLASSIFICATION = _UPDATE_FIRST_VERSION.values(is_classification=bindparam("said"))
_SET_STATE = _UPDATE_FIRST_VERSION.values(state=bindparam("reached"))


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A judged candidate as it is stored; `reason` is None when it was kept."""

    ordinal: int
    position: int
    instruction: str
    reason: Rejection | None
    detail: str
    nearest_task_id: int | None
    nearest_score: float | None


def add_candidate(connection: Connection, derivation_id: int, row: CandidateRow) -> None:
    """Store a candidate with its verdict."""
    values = {
        "derivation_id": derivation_id,
        "ordinal": row.ordinal,
        "position": row.position,
        "instruction": row.instruction,
        "reason": row.reason,
        "detail": row.detail,
        "nearest_task_id": row.nearest_task_id,
        "nearest_score": row.nearest_score,
    }
    connection.execute(_INSERT_CANDIDATE, values)


def add_machine_task(
    connection: Connection,
    project_id: int,
    derivation_id: int,
    key: tuple[int, int],
    instruction: str,
    state: TaskState = TaskState.PENDING,
) -> int:
    """Store a kept candidate as a task without class and instances yet. Returns its id."""
    now = time.time()
    task = {
        "project_id": project_id,
        "origin": Origin.MACHINE,
        "derivation_id": derivation_id,
        "ordinal": key[0],
        "position": key[1],
        "created_at": now,
    }
    task_id = int(connection.execute(_INSERT_TASK, task).scalar_one())
    version = {
        "task_id": task_id,
        "version": FIRST_VERSION,
        "instruction": instruction,
        "state": state,
        "created_at": now,
    }
    connection.execute(_INSERT_VERSION, version)
    return task_id


def set_classification(connection: Connection, task_id: int, is_classification: bool) -> None:
    """Store what stage 2 said of a task."""
    connection.execute(_SET_CLASSIFICATION, {"of": task_id, "said": is_classification})


def set_state(connection: Connection, task_id: int, state: TaskState) -> None:
    """Store how far a task has come."""
    connection.execute(_SET_STATE, {"of": task_id, "reached": state})


def set_instances(connection: Connection, task_id: int, reading: InstanceReading) -> TaskState:
    """Store a task's instances and the dropped ones; without any the task has no_instance.
    Returns the state it has now."""
    insert_many(
        connection,
        instances,
        [
            {
                "task_id": task_id,
                "version": FIRST_VERSION,
                "position": n,
                "input": one.input,
                "output": one.output,
            }
            for n, one in enumerate(reading.instances)
        ],
    )
    insert_many(
        connection,
        dropped_instances,
        [
            {
                "task_id": task_id,
                "position": n,
                "input": one.input,
                "output": one.output,
                "reason": one.reason,
            }
            for n, one in enumerate(reading.dropped)
        ],
    )
    state = TaskState.READY if reading.instances else TaskState.NO_INSTANCE
    set_state(connection, task_id, state)
    return state


def machine_tasks(connection: Connection, derivation_id: int) -> list[MachineTask]:
    """The tasks of a derivation in order, without their instances."""
    query = (
        sa.select(
            tasks.c.id,
            tasks.c.ordinal,
            tasks.c.position,
            task_versions.c.instruction,
            task_versions.c.is_classification,
            task_versions.c.state,
        )
        .join_from(tasks, task_versions)
        .where(tasks.c.derivation_id == derivation_id, task_versions.c.version == FIRST_VERSION)
        .order_by(tasks.c.ordinal, tasks.c.position)
    )
    return [
        MachineTask(
            r.id, r.ordinal, r.position, r.instruction, r.is_classification, TaskState(r.state)
        )
        for r in connection.execute(query)
    ]


def derivation_instances(
    connection: Connection, derivation_id: int
) -> Iterator[tuple[int, Instance]]:
    """All instances of a derivation as (task id, instance), in order of tasks and positions."""
    query = (
        sa.select(instances.c.task_id, instances.c.input, instances.c.output)
        .join_from(instances, tasks, tasks.c.id == instances.c.task_id)
        .where(tasks.c.derivation_id == derivation_id, instances.c.version == FIRST_VERSION)
        .order_by(tasks.c.ordinal, tasks.c.position, instances.c.position)
    )
    for row in connection.execute(query):
        yield row.task_id, Instance(row.input, row.output)


@dataclass(frozen=True, slots=True)
class PlacedTask:
    """A task with where it comes from: `source_id` names a seed task in its file, `place` is the
    (ordinal, position) of a machine-made one in its run."""

    id: int
    instruction: str
    origin: Origin
    source_id: str | None
    place: tuple[int, int] | None


def placed_tasks(connection: Connection, ids: Sequence[int]) -> dict[int, PlacedTask]:
    """The tasks of these ids, as their origin wrote them, by id."""
    query = (
        sa.select(
            tasks.c.id,
            task_versions.c.instruction,
            tasks.c.origin,
            tasks.c.source_id,
            tasks.c.ordinal,
            tasks.c.position,
        )
        .join_from(tasks, task_versions)
        .where(tasks.c.id.in_(ids), task_versions.c.version == FIRST_VERSION)
    )
    return {
        row.id: PlacedTask(
            id=row.id,
            instruction=row.instruction,
            origin=Origin(row.origin),
            source_id=row.source_id,
            place=None if row.ordinal is None else (row.ordinal, row.position),
        )
        for row in connection.execute(query)
    }


def instances_of(connection: Connection, task_id: int) -> InstanceReading:
    """A machine-made task's instances as its derivation wrote them, and those it dropped."""
    of_task = (
        sa.select(instances.c.input, instances.c.output)
        .where(instances.c.task_id == task_id, instances.c.version == FIRST_VERSION)
        .order_by(instances.c.position)
    )
    dropped = (
        sa.select(dropped_instances.c.input, dropped_instances.c.output, dropped_instances.c.reason)
        .where(dropped_instances.c.task_id == task_id)
        .order_by(dropped_instances.c.position)
    )
    return InstanceReading(
        tuple(Instance(*row) for row in connection.execute(of_task)),
        tuple(
            DroppedInstance(row.input, row.output, Drop(row.reason))
            for row in connection.execute(dropped)
        ),
    )


def counts(connection: Connection, derivation_id: int) -> Counts:
    """The totals of a derivation, rejections and drops by reason."""
    of_tasks = connection.execute(
        sa.select(
            sa.func.count(),
            sa.func.count().filter(task_versions.c.is_classification.is_(True)),
            sa.func.count().filter(task_versions.c.state == TaskState.NO_INSTANCE),
            sa.func.count().filter(task_versions.c.state == TaskState.PENDING),
        )
        .select_from(tasks.join(task_versions))
        .where(tasks.c.derivation_id == derivation_id, task_versions.c.version == FIRST_VERSION)
    ).one()
    n_instances = connection.scalar(
        sa.select(sa.func.count())
        .select_from(instances.join(tasks, tasks.c.id == instances.c.task_id))
        .where(tasks.c.derivation_id == derivation_id, instances.c.version == FIRST_VERSION)
    )
    return Counts(
        kept=of_tasks[0],
        classification=of_tasks[1],
        no_instance=of_tasks[2],
        pending=of_tasks[3],
        instances=n_instances or 0,
        rejected=_rejected(connection, derivation_id),
        dropped=_dropped(connection, derivation_id),
    )


def _rejected(connection: Connection, derivation_id: int) -> dict[str, int]:
    query = (
        sa.select(candidates.c.reason, sa.func.count())
        .where(candidates.c.derivation_id == derivation_id, candidates.c.reason.is_not(None))
        .group_by(candidates.c.reason)
    )
    return dict(sorted(connection.execute(query).all()))


def _dropped(connection: Connection, derivation_id: int) -> dict[str, int]:
    query = (
        sa.select(dropped_instances.c.reason, sa.func.count())
        .join_from(dropped_instances, tasks, tasks.c.id == dropped_instances.c.task_id)
        .where(tasks.c.derivation_id == derivation_id)
        .group_by(dropped_instances.c.reason)
    )
    return dict(sorted(connection.execute(query).all()))


def kept_since(connection: Connection, derivation_id: int, since: float) -> int:
    """How many tasks a derivation kept after that time."""
    query = sa.select(sa.func.count()).where(
        tasks.c.derivation_id == derivation_id, tasks.c.created_at >= since
    )
    return connection.scalar(query) or 0
