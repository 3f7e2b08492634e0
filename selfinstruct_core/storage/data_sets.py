"""Data sets as people choose them: fixed lists, runs as they stand, all tasks of a project.

Whatever its size, a data set is read in two queries. Tasks that a replay made are in the data
set of that replay only, not among all tasks of the project.
"""

from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

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
from selfinstruct_core.storage.schema import (
    data_set_items,
    data_sets,
    derivations,
    instances,
    projects,
    runs,
    task_versions,
    tasks,
)
from selfinstruct_core.storage.tasks import FIRST_VERSION

OWN = 1
"""The number of a run's own derivation."""


def all_data_sets(connection: Connection) -> list[DataSet]:
    """Every data set. The list that a run has left is one with the run as long as it has all of
    the run's tasks; then only the run is here."""
    shadowed = sa.and_(derivations.c.number == OWN, derivations.c.kept == _set_size())
    lists = _lists(connection, sa.or_(derivations.c.id.is_(None), sa.not_(shadowed)))
    return [*_projects(connection), *_runs(connection), *lists]


def get_data_set(connection: Connection, key: DataSetKey) -> DataSet | None:
    """The data set, None if there is none of that key."""
    if key.scope is DataSetScope.PROJECT:
        found = _projects(connection, projects.c.id == key.number)
    elif key.scope is DataSetScope.RUN:
        found = _runs(connection, runs.c.id == key.number)
    else:
        found = _lists(connection, data_sets.c.id == key.number)
    return found[0] if found else None


def _projects(connection: Connection, *conditions: sa.ColumnElement[bool]) -> list[DataSet]:
    query = (
        sa.select(
            projects.c.id,
            projects.c.name,
            sa.func.count(tasks.c.id).filter(_of_no_replay()).label("tasks"),
        )
        .select_from(projects)
        .outerjoin(tasks, tasks.c.project_id == projects.c.id)
        .outerjoin(derivations, derivations.c.id == tasks.c.derivation_id)
        .where(*conditions)
        .group_by(projects.c.id, projects.c.name)
        .order_by(projects.c.name)
    )
    return [
        DataSet(
            key=DataSetKey(DataSetScope.PROJECT, row.id),
            name="All tasks",
            kind=DataSetKind.ALL,
            project_id=row.id,
            project=row.name,
            tasks=row.tasks,
        )
        for row in connection.execute(query).all()
    ]


def _runs(connection: Connection, *conditions: sa.ColumnElement[bool]) -> list[DataSet]:
    query = (
        sa.select(runs.c.id, runs.c.project_id, projects.c.name, derivations.c.kept)
        .join_from(runs, projects, projects.c.id == runs.c.project_id)
        .join(derivations, derivations.c.run_id == runs.c.id)
        .where(derivations.c.number == OWN, *conditions)
        .order_by(runs.c.id.desc())
    )
    return [
        DataSet(
            key=DataSetKey(DataSetScope.RUN, row.id),
            name=f"Run {row.id}",
            kind=DataSetKind.RUN,
            project_id=row.project_id,
            project=row.name,
            tasks=row.kept,
        )
        for row in connection.execute(query).all()
    ]


def _lists(connection: Connection, *conditions: sa.ColumnElement[bool]) -> list[DataSet]:
    query = (
        sa.select(
            data_sets.c.id,
            data_sets.c.name,
            data_sets.c.kind,
            data_sets.c.project_id,
            projects.c.name.label("project"),
            _set_size().label("tasks"),
        )
        .join_from(data_sets, projects, projects.c.id == data_sets.c.project_id)
        .outerjoin(derivations, derivations.c.id == data_sets.c.derivation_id)
        .where(*conditions)
        .order_by(data_sets.c.id.desc())
    )
    return [
        DataSet(
            key=DataSetKey(DataSetScope.SET, row.id),
            name=row.name,
            kind=DataSetKind(row.kind),
            project_id=row.project_id,
            project=row.project,
            tasks=row.tasks,
        )
        for row in connection.execute(query).all()
    ]


def _set_size() -> sa.ScalarSelect[int]:
    return (
        sa.select(sa.func.count())
        .select_from(data_set_items)
        .where(data_set_items.c.data_set_id == data_sets.c.id)
        .correlate(data_sets)
        .scalar_subquery()
    )


def _of_no_replay() -> sa.ColumnElement[bool]:
    return sa.or_(derivations.c.id.is_(None), derivations.c.number == OWN)


def members(key: DataSetKey) -> sa.Subquery:
    """The tasks of a data set as a table of (task_id, version, place), in order of `place`."""
    if key.scope is DataSetScope.SET:
        query = sa.select(
            data_set_items.c.task_id,
            data_set_items.c.version,
            data_set_items.c.position.label("place"),
        ).where(data_set_items.c.data_set_id == key.number)
        return query.subquery("members")
    of_tasks: sa.Select[Any] = sa.select(
        tasks.c.id.label("task_id"),
        sa.literal(FIRST_VERSION).label("version"),
        # A run stores its tasks in their order.
        tasks.c.id.label("place"),
    )
    if key.scope is DataSetScope.RUN:
        of_tasks = of_tasks.join(derivations, derivations.c.id == tasks.c.derivation_id).where(
            derivations.c.run_id == key.number, derivations.c.number == OWN
        )
    else:
        of_tasks = of_tasks.outerjoin(derivations, derivations.c.id == tasks.c.derivation_id).where(
            tasks.c.project_id == key.number, _of_no_replay()
        )
    return of_tasks.subquery("members")


def data_set_tasks_with_instances(connection: Connection, key: DataSetKey) -> list[DataSetTask]:
    """The tasks of a data set in its order, with all their instances."""
    member = members(key)
    query = (
        sa.select(
            member.c.task_id,
            member.c.version,
            task_versions.c.instruction,
            task_versions.c.is_classification,
            tasks.c.origin,
            task_versions.c.state,
        )
        .join_from(member, tasks, tasks.c.id == member.c.task_id)
        .join(task_versions, _same_version(task_versions, member))
        .order_by(member.c.place)
    )
    of_task = _instances(connection, member)
    origins = {one.value: one for one in Origin}
    states = {one.value: one for one in TaskState}
    return [
        DataSetTask(
            id_,
            version,
            instruction,
            is_class,
            origins[origin],
            states[state],
            tuple(of_task.get((id_, version), ())),
        )
        for id_, version, instruction, is_class, origin, state in connection.execute(query).all()
    ]


def _instances(
    connection: Connection, member: sa.Subquery
) -> dict[tuple[int, int], list[Instance]]:
    query = (
        sa.select(instances.c.task_id, instances.c.version, instances.c.input, instances.c.output)
        .join_from(member, instances, _same_version(instances, member))
        .order_by(instances.c.task_id, instances.c.version, instances.c.position)
    )
    found: dict[tuple[int, int], list[Instance]] = {}
    for task_id, version, input_, output in connection.execute(query).all():
        found.setdefault((task_id, version), []).append(Instance(input_, output))
    return found


def _same_version(table: sa.Table, member: sa.Subquery) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.task_id == member.c.task_id, table.c.version == member.c.version)


class TaskText(NamedTuple):
    """The instruction of a task in a version."""

    id: int
    version: int
    instruction: str


def data_set_texts(connection: Connection, key: DataSetKey) -> list[TaskText]:
    """The instructions of a data set in the order of their tasks' ids."""
    member = members(key)
    query = (
        sa.select(member.c.task_id, member.c.version, task_versions.c.instruction)
        .join_from(member, task_versions, _same_version(task_versions, member))
        .order_by(member.c.task_id)
    )
    return [TaskText(*row) for row in connection.execute(query).all()]


def set_key(data_set_id: int) -> DataSetKey:
    """The key of a fixed list."""
    return DataSetKey(DataSetScope.SET, data_set_id)


def run_of(connection: Connection, key: DataSetKey) -> int | None:
    """The run that a data set is of, None for any other."""
    if key.scope is DataSetScope.RUN:
        return key.number
    if key.scope is DataSetScope.PROJECT:
        return None
    query = (
        sa.select(derivations.c.run_id)
        .join_from(data_sets, derivations, derivations.c.id == data_sets.c.derivation_id)
        .where(data_sets.c.id == key.number)
    )
    run_id: int | None = connection.scalar(query)
    return run_id


def seed_set_of(connection: Connection, data_set: DataSet) -> int | None:
    """The seeds to compare a data set with: those its run started from, else the first of its
    project. None when there are none, and for seeds themselves."""
    if data_set.kind is DataSetKind.SEEDS:
        return None
    run_id = run_of(connection, data_set.key)
    if run_id is not None:
        of_run = sa.select(runs.c.seed_data_set_id).where(runs.c.id == run_id)
        return int(connection.execute(of_run).scalar_one())
    first: int | None = connection.scalar(
        sa.select(sa.func.min(data_sets.c.id)).where(
            data_sets.c.project_id == data_set.project_id,
            data_sets.c.kind == DataSetKind.SEEDS,
        )
    )
    return first
