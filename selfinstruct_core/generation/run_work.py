"""What is left to do in a run, and what each response changes in the database.

The engine asks `next_request` while it has room and hands every response to `take`. All state
here is rebuilt from the database when a run is taken up again, so a crash costs nothing that
was stored.
"""

from collections import deque
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from selfinstruct_core.generation.context import committed_before
from selfinstruct_core.generation.derivation import DerivationWriter
from selfinstruct_core.generation.prompt_set import read_prompt_set
from selfinstruct_core.generation.recipe import RunSettings
from selfinstruct_core.generation.requests import RequestWriter
from selfinstruct_core.models import (
    MachineTask,
    PlannedRequest,
    Response,
    Run,
    Stage,
    TaskState,
)
from selfinstruct_core.storage import ledger, projects
from selfinstruct_core.storage import runs as run_rows
from selfinstruct_core.storage import tasks as task_rows
from selfinstruct_core.storage.ledger import StoredReply


@dataclass(frozen=True, slots=True)
class _NumberedTask:
    """A task with its number among the tasks of the run, the ordinal of its later requests."""

    number: int
    task: MachineTask


class RunWork:
    """The work of one run, as the database holds it."""

    def __init__(self, connection: Connection, run: Run) -> None:
        derivation = run_rows.get_derivation(connection, run.id)
        seeds = projects.data_set_tasks(connection, run.seed_data_set_id)
        source = run_rows.prompt_set_source(connection, run.prompt_set)
        self._run = run
        self.writer = DerivationWriter(derivation, run.project_id, seeds)
        self._asking = RequestWriter(
            self.settings, read_prompt_set(source, "the run's prompt set"), run.endpoint
        )
        self._tasks: dict[tuple[int, int], _NumberedTask] = {}
        self._to_classify: deque[_NumberedTask] = deque()
        self._to_instantiate: deque[_NumberedTask] = deque()
        self._waiting: dict[int, StoredReply] = {}
        self._resend: deque[PlannedRequest] = deque()
        self._take_up(connection, derivation.committed)
        self._next_ordinal = ledger.next_ordinal(connection, run.id, self.writer.first_stage)

    @property
    def settings(self) -> RunSettings:
        return self.writer.settings

    @property
    def kept(self) -> int:
        return self.writer.kept

    @property
    def target_reached(self) -> bool:
        return self.kept >= self.settings.target

    @property
    def fruitless(self) -> bool:
        """Whether too many responses in a row brought no task."""
        return self.writer.fruitless >= self.settings.max_fruitless

    @property
    def wants_tasks(self) -> bool:
        return not self.target_reached and not self.fruitless

    def next_request(self) -> PlannedRequest | None:
        """The next request that may be sent now, None when responses must come first.

        Tasks found are finished before new ones are sought: then a run that is stopped leaves
        few tasks without instances.
        """
        if self._resend:
            return self._resend.popleft()
        if self._to_instantiate:
            one = self._to_instantiate.popleft()
            return self._asking.for_instances(one.number, one.task)
        if self._to_classify:
            one = self._to_classify.popleft()
            return self._asking.for_classification(one.number, one.task)
        return self._next_instruction_request() if self.wants_tasks else None

    def _next_instruction_request(self) -> PlannedRequest | None:
        ordinal = self._next_ordinal
        known = committed_before(ordinal, self.settings.window)
        if self.writer.committed < known:
            return None
        self._next_ordinal += 1
        writer = self.writer
        return self._asking.for_instructions(ordinal, writer.seeds, writer.machine_after(known))

    def take(self, connection: Connection, request: PlannedRequest, response: Response) -> None:
        """Store what a response brings. Responses of stage 1 wait for those before them."""
        reply = StoredReply(
            ordinal=request.ordinal,
            context_size=len(request.context),
            source=request.source,
            instruction=request.instruction,
            text=response.text,
            finish_reason=response.finish_reason,
        )
        if request.stage is self.writer.first_stage:
            self._waiting[reply.ordinal] = reply
            self._commit_waiting(connection)
        elif request.source is not None:
            self._take_for_task(connection, request.stage, self._tasks[request.source], reply)

    def _commit_waiting(self, connection: Connection) -> None:
        """Commit responses in order up to the target; what is beyond stays a surplus."""
        while self.wants_tasks and self.writer.committed in self._waiting:
            reply = self._waiting.pop(self.writer.committed)
            for task in self.writer.read_instructions(connection, reply):
                numbered = self._number(task)
                if task.state is TaskState.PENDING:
                    self._to_classify.append(numbered)

    def _take_for_task(
        self, connection: Connection, stage: Stage, one: _NumberedTask, reply: StoredReply
    ) -> None:
        if stage is Stage.CLASSIFICATION:
            is_classification = self.writer.read_classification(connection, one.task.id, reply)
            task = replace(one.task, is_classification=is_classification)
            self._to_instantiate.append(_NumberedTask(one.number, task))
        else:
            self.writer.read_instances(connection, one.task.id, stage, reply)

    def _number(self, task: MachineTask) -> _NumberedTask:
        numbered = _NumberedTask(len(self._tasks), task)
        self._tasks[task.ordinal, task.position] = numbered
        return numbered

    def _take_up(self, connection: Connection, committed: int) -> None:
        """Find out from the database what is done, what waits, and what was never answered."""
        tasks = task_rows.machine_tasks(connection, self.writer.id)
        self.writer.restore(tasks, committed)
        run_id = self._run.id
        instance_stages = (Stage.INPUT_FIRST, Stage.OUTPUT_FIRST)
        asked_class = ledger.planned_sources(connection, run_id, (Stage.CLASSIFICATION,))
        asked_instances = ledger.planned_sources(connection, run_id, instance_stages)
        for task in tasks:
            one = self._number(task)
            key = (task.ordinal, task.position)
            if task.state is not TaskState.PENDING:
                continue
            if task.is_classification is None:
                if key not in asked_class:
                    self._to_classify.append(one)
            elif key not in asked_instances:
                self._to_instantiate.append(one)
        first = self.writer.first_stage
        for reply in ledger.replies(connection, run_id, first, first=committed):
            self._waiting[reply.ordinal] = reply
        self._resend.extend(
            request
            for request in ledger.unanswered(connection, run_id)
            # Beyond the target nothing needs to be asked again.
            if request.stage is not first or self.wants_tasks
        )

    def commit_stored(self, connection: Connection) -> None:
        """Commit what was stored as surplus, after the target was raised."""
        self._commit_waiting(connection)
