"""The end of a run or replay: its digest and its data set."""

import hashlib
import json
from collections.abc import Iterable

from sqlalchemy import Connection

from selfinstruct_core.models import Instance, MachineTask, Run, RunState
from selfinstruct_core.storage import projects
from selfinstruct_core.storage import runs as run_rows
from selfinstruct_core.storage import tasks as task_rows


def digest(tasks: Iterable[MachineTask], instances: Iterable[tuple[int, Instance]]) -> str:
    """SHA-256 over kept tasks with class, state and instances in order, 64 hexadecimal digits.

    Both must be in order of the tasks; `instances` are (task id, instance). Ids and times do
    not enter, so equal data sets have equal digests in any database.
    """
    of_task: dict[int, list[list[str]]] = {}
    for task_id, one in instances:
        of_task.setdefault(task_id, []).append([one.input, one.output])
    hashed = hashlib.sha256()
    for task in tasks:
        row = [task.instruction, task.is_classification, task.state, of_task.get(task.id, [])]
        hashed.update(json.dumps(row, ensure_ascii=True).encode() + b"\n")
    return hashed.hexdigest()


def derivation_digest(connection: Connection, derivation_id: int) -> str:
    """The digest of a derivation as it stands in the database."""
    return digest(
        task_rows.machine_tasks(connection, derivation_id),
        task_rows.derivation_instances(connection, derivation_id),
    )


def finish_run(connection: Connection, run: Run, state: RunState, detail: str) -> None:
    """Record the end of a run; a run that kept tasks leaves them as a data set."""
    derivation = run_rows.get_derivation(connection, run.id)
    name = f"Run {run.id}" + ("" if state is RunState.FINISHED else f" ({state})")
    if state is not RunState.PAUSED:
        store_data_set(connection, run, derivation.id, name)
    run_rows.set_run_state(connection, run.id, state, detail)
    run_rows.add_run_event(connection, run.id, state, detail)


def store_data_set(connection: Connection, run: Run, derivation_id: int, name: str) -> None:
    """Fix the tasks of a derivation, as they are now, as a data set of the run's project.

    Storing the same content again changes nothing, so a run that is stopped, resumed and
    stopped again before anything came in has one data set.
    """
    tasks = task_rows.machine_tasks(connection, derivation_id)
    fingerprint = derivation_digest(connection, derivation_id)
    run_rows.update_derivation(connection, derivation_id, digest=fingerprint)
    known = projects.data_set_of_derivation(connection, derivation_id, fingerprint)
    if tasks and known is None:
        projects.add_data_set(
            connection,
            run.project_id,
            name,
            "run",
            fingerprint,
            [(task.id, task_rows.FIRST_VERSION) for task in tasks],
            derivation_id,
        )
