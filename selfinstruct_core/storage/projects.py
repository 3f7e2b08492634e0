"""Projects, seed tasks and data sets."""

import dataclasses
import hashlib
import json
import time
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from selfinstruct_core.models import Instance, Origin, PoolTask, Project, SeedTask, TaskState
from selfinstruct_core.storage.rows import insert_if_new, insert_many
from selfinstruct_core.storage.schema import (
    data_set_items,
    data_sets,
    instances,
    projects,
    task_events,
    task_versions,
    tasks,
)


def project_named(connection: Connection, name: str) -> Project | None:
    """The project of that name, None if there is none."""
    row = connection.execute(sa.select(projects).where(projects.c.name == name)).one_or_none()
    return Project(row.id, row.name) if row else None


def add_project(connection: Connection, name: str) -> Project:
    """A new project, or the one of that name that another request has just added."""
    insert_if_new(connection, projects, name=name, created_at=time.time())
    row = connection.execute(sa.select(projects).where(projects.c.name == name)).one()
    return Project(row.id, row.name)


def obtain_project(connection: Connection, name: str) -> Project:
    """The project of that name, added if there is none; spaces around the name do not count."""
    name = name.strip()
    return project_named(connection, name) or add_project(connection, name)


def all_projects(connection: Connection) -> list[Project]:
    """Every project, by name."""
    return [
        Project(row.id, row.name)
        for row in connection.execute(sa.select(projects).order_by(projects.c.name))
    ]


def seed_digest(seeds: Sequence[SeedTask]) -> str:
    """SHA-256 over the seed tasks in order; the same pool is stored once per project."""
    content = json.dumps([dataclasses.astuple(seed) for seed in seeds], ensure_ascii=True)
    return hashlib.sha256(content.encode()).hexdigest()


def find_data_set(connection: Connection, project_id: int, kind: str, digest: str) -> int | None:
    """The id of the oldest data set of that kind with that content in the project.

    In a transaction that writes: who adds what was not found is the only one to do so, since
    others that look in this project wait.
    """
    connection.execute(
        sa.select(projects.c.id).where(projects.c.id == project_id).with_for_update(key_share=True)
    )
    found: int | None = connection.scalar(
        sa.select(sa.func.min(data_sets.c.id)).where(
            data_sets.c.project_id == project_id,
            data_sets.c.kind == kind,
            data_sets.c.digest == digest,
        )
    )
    return found


def data_set_of_derivation(connection: Connection, derivation_id: int, digest: str) -> int | None:
    """The id of the data set that fixed a derivation when it had that digest."""
    found: int | None = connection.scalar(
        sa.select(sa.func.min(data_sets.c.id)).where(
            data_sets.c.derivation_id == derivation_id, data_sets.c.digest == digest
        )
    )
    return found


def add_data_set(
    connection: Connection,
    project_id: int,
    name: str,
    kind: str,
    digest: str,
    members: Sequence[tuple[int, int]],
    derivation_id: int | None = None,
) -> int:
    """Store a data set: a fixed list of (task, version) in order. Returns its id."""
    id_ = connection.execute(
        sa.insert(data_sets)
        .values(
            project_id=project_id,
            name=name,
            kind=kind,
            derivation_id=derivation_id,
            digest=digest,
            created_at=time.time(),
        )
        .returning(data_sets.c.id)
    ).scalar_one()
    insert_many(
        connection,
        data_set_items,
        [
            {"data_set_id": id_, "position": n, "task_id": task, "version": version}
            for n, (task, version) in enumerate(members)
        ],
    )
    return int(id_)


def add_seed_tasks(connection: Connection, project_id: int, seeds: Sequence[SeedTask]) -> list[int]:
    """Store seed tasks as version 1 of new tasks. Returns their ids in order."""
    now = time.time()
    ids = [
        connection.execute(
            sa.insert(tasks)
            .values(
                project_id=project_id,
                origin=Origin.SEED,
                source_id=seed.id,
                name=seed.name,
                created_at=now,
            )
            .returning(tasks.c.id)
        ).scalar_one()
        for seed in seeds
    ]
    insert_many(
        connection,
        task_versions,
        [
            {
                "task_id": id_,
                "version": 1,
                "instruction": seed.instruction,
                "is_classification": seed.is_classification,
                "state": TaskState.READY,
                "created_at": now,
            }
            for id_, seed in zip(ids, seeds, strict=True)
        ],
    )
    insert_many(
        connection,
        instances,
        [
            {"task_id": id_, "version": 1, "position": n, "input": one.input, "output": one.output}
            for id_, seed in zip(ids, seeds, strict=True)
            for n, one in enumerate(seed.instances)
        ],
    )
    insert_many(
        connection,
        task_events,
        [{"task_id": id_, "version": 1, "kind": "added", "payload": {}, "at": now} for id_ in ids],
    )
    return ids


def data_set_tasks(connection: Connection, data_set_id: int) -> list[PoolTask]:
    """The tasks of a data set in its order, in the versions it fixes, each with its first
    instance if it has one."""
    query = (
        sa.select(
            tasks.c.id,
            task_versions.c.instruction,
            task_versions.c.is_classification,
            tasks.c.source_id,
            instances.c.input,
            instances.c.output,
        )
        .join_from(data_set_items, tasks, tasks.c.id == data_set_items.c.task_id)
        .join(task_versions, _same_version())
        .outerjoin(
            instances,
            sa.and_(
                instances.c.task_id == data_set_items.c.task_id,
                instances.c.version == data_set_items.c.version,
                instances.c.position == 0,
            ),
        )
        .where(data_set_items.c.data_set_id == data_set_id)
        .order_by(data_set_items.c.position)
    )
    return [
        PoolTask(
            r.id,
            r.instruction,
            r.is_classification,
            r.source_id,
            None if r.output is None else Instance(r.input, r.output),
        )
        for r in connection.execute(query)
    ]


def data_set_seeds(connection: Connection, data_set_id: int) -> tuple[SeedTask, ...]:
    """The tasks of a data set of seeds as they were written, in its order."""
    query = (
        sa.select(
            tasks.c.id,
            tasks.c.source_id,
            tasks.c.name,
            task_versions.c.instruction,
            task_versions.c.is_classification,
        )
        .join_from(data_set_items, tasks, tasks.c.id == data_set_items.c.task_id)
        .join(task_versions, _same_version())
        .where(data_set_items.c.data_set_id == data_set_id)
        .order_by(data_set_items.c.position)
    )
    of_task = _data_set_instances(connection, data_set_id)
    return tuple(
        SeedTask(
            id=row.source_id,
            name=row.name,
            instruction=row.instruction,
            instances=of_task.get(row.id, ()),
            is_classification=row.is_classification,
        )
        for row in connection.execute(query)
    )


def _data_set_instances(
    connection: Connection, data_set_id: int
) -> dict[int, tuple[Instance, ...]]:
    query = (
        sa.select(instances.c.task_id, instances.c.input, instances.c.output)
        .join_from(
            data_set_items,
            instances,
            sa.and_(
                instances.c.task_id == data_set_items.c.task_id,
                instances.c.version == data_set_items.c.version,
            ),
        )
        .where(data_set_items.c.data_set_id == data_set_id)
        .order_by(instances.c.task_id, instances.c.position)
    )
    found: dict[int, tuple[Instance, ...]] = {}
    for row in connection.execute(query):
        found[row.task_id] = (*found.get(row.task_id, ()), Instance(row.input, row.output))
    return found


def data_set_name(connection: Connection, data_set_id: int) -> str:
    """The name of a data set, which must exist."""
    query = sa.select(data_sets.c.name).where(data_sets.c.id == data_set_id)
    return str(connection.execute(query).scalar_one())


def project_name(connection: Connection, project_id: int) -> str:
    """The name of a project, which must exist."""
    query = sa.select(projects.c.name).where(projects.c.id == project_id)
    return str(connection.execute(query).scalar_one())


def _same_version() -> sa.ColumnElement[bool]:
    return sa.and_(
        task_versions.c.task_id == data_set_items.c.task_id,
        task_versions.c.version == data_set_items.c.version,
    )
