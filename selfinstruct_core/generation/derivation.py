"""From responses to rows: candidates, tasks and instances of one derivation.

Runs and replays share this. Responses of stage 1 come in order of their ordinals; those of the
later stages belong to one task each and may come in any order. A writer whose transaction was
rolled back must not be used again: its pool is ahead of the database.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from selfinstruct_core.generation.pool import JudgedCandidate
from selfinstruct_core.generation.reader import ResponseReader
from selfinstruct_core.generation.recipe import RunSettings, settings_from_json
from selfinstruct_core.models import (
    Derivation,
    MachineTask,
    PoolTask,
    Rejection,
    Stage,
    TaskState,
)
from selfinstruct_core.storage import runs as run_rows
from selfinstruct_core.storage import tasks as task_rows
from selfinstruct_core.storage.ledger import StoredReply


class DerivationWriter:
    """Reads responses under the settings of a derivation and stores what they hold."""

    def __init__(self, derivation: Derivation, project_id: int, seeds: Sequence[PoolTask]) -> None:
        self.reader = ResponseReader(
            settings_from_json(derivation.settings), [seed.instruction for seed in seeds]
        )
        self.id = derivation.id
        self.seeds = list(seeds)
        self.machine: list[PoolTask] = []
        self.fruitless = derivation.fruitless
        self._project_id = project_id

    @property
    def settings(self) -> RunSettings:
        return self.reader.settings

    @property
    def first_stage(self) -> Stage:
        """The stage whose responses bring new tasks."""
        return self.reader.first.stage

    @property
    def kept(self) -> int:
        return len(self.machine)

    @property
    def committed(self) -> int:
        return self.reader.pool.committed

    def machine_after(self, responses: int) -> Sequence[PoolTask]:
        """The machine-made tasks of the pool when that many responses were committed."""
        return self.machine[: self.reader.pool.machine_after(responses)]

    def restore(self, tasks: Sequence[MachineTask], committed: int) -> None:
        """Take up what the database holds of this derivation already."""
        by_ordinal: dict[int, list[MachineTask]] = {}
        for task in tasks:
            by_ordinal.setdefault(task.ordinal, []).append(task)
            self.machine.append(PoolTask(task.id, task.instruction, task.is_classification))
        for ordinal in range(committed):
            self.reader.pool.restore([task.instruction for task in by_ordinal.get(ordinal, ())])

    def read_instructions(
        self, connection: Connection, reply: StoredReply, state: TaskState = TaskState.PENDING
    ) -> list[MachineTask]:
        """Commit the next response of stage 1. Returns the tasks it added to the pool; those
        that came without an instance are in `state`."""
        added = []
        for judged in self.reader.candidates(reply.reply, reply.context_size):
            nearest_task_id = self._nearest_task_id(judged)
            if judged.verdict.kept:
                added.append(self._keep(connection, reply.ordinal, judged, state))
            self._store_candidate(connection, reply.ordinal, judged, nearest_task_id)
        self.fruitless = 0 if added else self.fruitless + 1
        run_rows.update_derivation(
            connection,
            self.id,
            committed=self.committed,
            kept=self.kept,
            fruitless=self.fruitless,
        )
        return added

    def read_classification(self, connection: Connection, task_id: int, reply: StoredReply) -> bool:
        """Store whether the task is a classification task, and return it."""
        is_classification = self.reader.is_classification(reply.reply)
        task_rows.set_classification(connection, task_id, is_classification)
        return is_classification

    def read_instances(
        self, connection: Connection, task_id: int, stage: Stage, reply: StoredReply
    ) -> None:
        """Store the task's instances and what was dropped."""
        reading = self.reader.instances(reply.reply, stage, reply.source or (0, 0))
        task_rows.set_instances(connection, task_id, reading)

    def _nearest_task_id(self, judged: JudgedCandidate) -> int | None:
        if judged.nearest is None:
            return None
        index = judged.nearest.index
        own = index - len(self.seeds)
        return self.seeds[index].id if own < 0 else self.machine[own].id

    def _keep(
        self, connection: Connection, ordinal: int, judged: JudgedCandidate, state: TaskState
    ) -> MachineTask:
        key = (ordinal, judged.position)
        task_id = task_rows.add_machine_task(
            connection, self._project_id, self.id, key, judged.instruction, state
        )
        self.machine.append(PoolTask(task_id, judged.instruction, None))
        if judged.instance is not None:
            reading = self.reader.own_instance(judged.instance)
            state = task_rows.set_instances(connection, task_id, reading)
        return MachineTask(task_id, *key, judged.instruction, None, state)

    def _store_candidate(
        self,
        connection: Connection,
        ordinal: int,
        judged: JudgedCandidate,
        nearest_task_id: int | None,
    ) -> None:
        verdict = judged.verdict
        reason: Rejection | None = verdict.reason
        task_rows.add_candidate(
            connection,
            self.id,
            task_rows.CandidateRow(
                ordinal=ordinal,
                position=judged.position,
                instruction=judged.instruction,
                reason=reason,
                detail=verdict.detail,
                nearest_task_id=nearest_task_id,
                nearest_score=judged.nearest.score if judged.nearest else None,
            ),
        )
