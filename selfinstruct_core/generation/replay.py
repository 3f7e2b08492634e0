"""Reading a run's stored responses again, with other filters or a newer parser.

A replay makes a new derivation beside the run's own and sends nothing. Responses of the later
stages are found by the place of their task, (ordinal, position), and used when they were asked
about the same instruction (up to case and spaces); a task that only the replay keeps was never
asked about and is `not_asked`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from selfinstruct_core.generation.decoding import default_decoding
from selfinstruct_core.generation.derivation import DerivationWriter
from selfinstruct_core.generation.finish import store_data_set
from selfinstruct_core.generation.recipe import (
    RunSettings,
    settings_from_json,
    settings_to_json,
    with_changes,
)
from selfinstruct_core.models import (
    Counts,
    Derivation,
    Instance,
    MachineTask,
    Mode,
    Run,
    Stage,
    TaskState,
)
from selfinstruct_core.storage import ledger, projects
from selfinstruct_core.storage import runs as run_rows
from selfinstruct_core.storage import tasks as task_rows
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.ledger import StoredReply

INSTANCE_STAGES = (Stage.INPUT_FIRST, Stage.OUTPUT_FIRST)


@dataclass(frozen=True, slots=True)
class Difference:
    """How a derivation differs from the run's own, by instruction: kept only here, only there,
    and in both but with another class or other instances."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay made."""

    run_id: int
    number: int
    settings: RunSettings
    counts: Counts
    digest: str
    difference: Difference


def replay_run(
    database: Database, run_id: int, mode: Mode | None = None, filters: dict[str, Any] | None = None
) -> Replay:
    """Derive a run's data set again from its stored responses, and store it beside the first.

    `mode` and `filters` (names as in recipe.Filters) replace those of the run. The whole replay
    is one transaction. Raises NotFound, and BadInput when a filter cannot work.
    """
    with database.write() as connection:
        run = run_rows.existing_run(connection, run_id)
        first = run_rows.get_derivation(connection, run_id)
        settings = replay_settings(settings_from_json(run.settings), mode, filters or {})
        derivation = _derive(connection, run, settings, first)
        store_data_set(connection, run, derivation.id, f"Run {run_id}, replay {derivation.number}")
        derivation = run_rows.get_derivation(connection, run_id, derivation.number)
        return Replay(
            run_id=run_id,
            number=derivation.number,
            settings=settings,
            counts=task_rows.counts(connection, derivation.id),
            digest=derivation.digest or "",
            difference=_difference(connection, first, derivation),
        )


def replay_settings(
    settings: RunSettings, mode: Mode | None, filters: dict[str, Any]
) -> RunSettings:
    """The settings of a run in another mode and with other filters. Raises BadInput."""
    changes: dict[str, Any] = {"filters": filters}
    if mode is not None and mode is not settings.mode:
        changes["mode"] = mode
        if mode is Mode.PAPER:
            # The reference's stop sequences belong to its reading; what was sent stays as it was.
            paper = default_decoding(settings.recipe, mode, settings.api)
            stops = {stage: list(decoding.stop) for stage, decoding in paper.items()}
            changes["decoding"] = {stage: {"stop": stop} for stage, stop in stops.items()}
    return with_changes(settings, changes)


def _derive(
    connection: Connection, run: Run, settings: RunSettings, first: Derivation
) -> Derivation:
    number = len(run_rows.get_derivations(connection, run.id)) + 1
    run_rows.add_derivation(connection, run.id, number, settings_to_json(settings))
    derivation = run_rows.get_derivation(connection, run.id, number)
    seeds = projects.data_set_tasks(connection, run.seed_data_set_id)
    writer = DerivationWriter(derivation, run.project_id, seeds)
    tasks: dict[tuple[int, int], MachineTask] = {}
    for reply in list(ledger.replies(connection, run.id, writer.first_stage)):
        # What the run itself left as surplus is not part of its data set here either.
        if reply.ordinal >= first.committed:
            break
        for task in writer.read_instructions(connection, reply, TaskState.NOT_ASKED):
            tasks[task.ordinal, task.position] = task
    _read_later_stages(connection, run.id, writer, tasks)
    return derivation


def _read_later_stages(
    connection: Connection,
    run_id: int,
    writer: DerivationWriter,
    tasks: dict[tuple[int, int], MachineTask],
) -> None:
    classes: dict[int, bool] = {}
    for reply in list(ledger.replies(connection, run_id, Stage.CLASSIFICATION)):
        task = _task_asked(tasks, reply)
        if task is not None:
            classes[task.id] = writer.read_classification(connection, task.id, reply)
    for stage in INSTANCE_STAGES:
        for reply in list(ledger.replies(connection, run_id, stage)):
            task = _task_asked(tasks, reply)
            # A task that is read as of the other class now was asked in the other way.
            if task is not None and classes.get(task.id) is (stage is Stage.OUTPUT_FIRST):
                writer.read_instances(connection, task.id, stage, reply)


def _task_asked(
    tasks: dict[tuple[int, int], MachineTask], reply: StoredReply
) -> MachineTask | None:
    task = tasks.get(reply.source) if reply.source else None
    return task if task is not None and asked_about(task.instruction, reply) else None


def asked_about(instruction: str, reply: StoredReply) -> bool:
    """Whether the request was about this instruction, up to case and spaces."""
    return _folded(instruction) == _folded(reply.instruction or "")


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _difference(connection: Connection, first: Derivation, second: Derivation) -> Difference:
    ours, theirs = derived_contents(connection, second.id), derived_contents(connection, first.id)
    both = [key for key in ours if key in theirs]
    return Difference(
        added=tuple(ours[key][0] for key in ours if key not in theirs),
        removed=tuple(theirs[key][0] for key in theirs if key not in ours),
        changed=tuple(ours[key][0] for key in both if ours[key] != theirs[key]),
    )


Content = tuple[str, bool | None, Sequence[Instance]]
"""An instruction, whether it is a classification task, and its instances."""


def derived_contents(connection: Connection, derivation_id: int) -> dict[tuple[int, int], Content]:
    """What a derivation kept, by place."""
    instances: dict[int, list[Instance]] = {}
    for task_id, one in task_rows.derivation_instances(connection, derivation_id):
        instances.setdefault(task_id, []).append(one)
    return {
        (task.ordinal, task.position): (
            task.instruction,
            task.is_classification,
            instances.get(task.id, []),
        )
        for task in task_rows.machine_tasks(connection, derivation_id)
    }
