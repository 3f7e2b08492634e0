"""Running a run: keeps the endpoint busy, stores every step, ends when it is time.

One asyncio loop sends requests; the database is written between them by the loop itself, in
transactions of milliseconds that each renew the job's lease first. The usual one is a step: it
stores the responses that came meanwhile and plans the requests that take their places.
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from selfinstruct_core.generation.finish import finish_run
from selfinstruct_core.generation.limits import Pace, Spending, cost_of, rest
from selfinstruct_core.generation.retries import Hopeless, wait_after
from selfinstruct_core.generation.run_work import RunWork
from selfinstruct_core.lm.client import Fault, FaultKind, ModelClient
from selfinstruct_core.models import Job, PlannedRequest, Response, Run, RunState, Wish
from selfinstruct_core.storage import jobs, ledger
from selfinstruct_core.storage import runs as run_rows
from selfinstruct_core.storage.database import Database

_T = TypeVar("_T")

HEARTBEAT_SECONDS = 2.0
MOST_REFUSED = 5
MOST_IN_A_STEP = 4
"""Responses stored in one transaction. More would share its cost, but what takes their places is
sent after it, and the endpoint would wait."""
TURNS = 12
"""Turns of the loop between two steps. A request takes several to leave, and a response several to
arrive; with a step in each of them, most of the time would be spent on the way."""
AHEAD_FROM = 32
AHEAD_SHARE = 8
"""With so many requests at once, one more for every eight is written down ahead, and leaves when
an answer arrives; a place would otherwise stay empty until the answer is stored."""
STOP_PATIENCE = 30.0
"""Seconds that a stop waits for responses which are under way, and paid for."""


@dataclass(slots=True)
class Progress:
    """Where a run is, for whoever watches it in this process."""

    kept: int = 0
    target: int = 0
    requests: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Ending:
    """The state in which a run is to be left, and why."""

    state: RunState
    words: str


WISHED = {
    Wish.PAUSE: Ending(RunState.PAUSED, "paused by a person"),
    Wish.STOP: Ending(RunState.STOPPED, "stopped by a person"),
}


@dataclass(frozen=True, slots=True)
class _Answer:
    """A response that is not stored yet. Without a number no attempt brought it: the run goes on
    as if the response were empty."""

    request: PlannedRequest
    number: int | None
    response: Response


_Sending = tuple[PlannedRequest, int | None]
"""A stored request, and the number of the attempt that is open for it."""


class StopNow(Exception):
    """A stop has waited long enough for the responses under way."""


class RunEngine:
    """Works on one claimed job until the run has ended, was stopped, or the job is taken away."""

    def __init__(
        self,
        database: Database,
        job: Job,
        run: Run,
        client: ModelClient,
        watch: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._database = database
        self._job = job
        self._run = run
        self._client = client
        self._watch = watch
        self._progress = Progress()
        self._pace = Pace(run.endpoint.requests_per_minute)
        self._ending: Ending | None = None
        self._refused_in_a_row = 0
        self._counted_until = time.monotonic()
        # A transaction that fails ends the work, and so the use of what it did not store.
        self._prefixes: dict[str, str] = {}

    async def work(self) -> RunState:
        """Run to an end and return the state the run is left in.

        Raises LeaseLost when another worker has taken over, StorageError when the database
        cannot be written. When cancelled, everything received so far is stored.
        """
        work = self._begin()
        heartbeat = asyncio.create_task(self._beat())
        try:
            with contextlib.suppress(StopNow):
                await self._drain(work, heartbeat)
            return self._end(self._ending or _natural_ending(work))
        except Hopeless as error:
            return self._end(Ending(RunState.FAILED, str(error)))
        finally:
            await _cancel({heartbeat})

    def _begin(self) -> RunWork:
        run_id = self._run.id
        with self._database.write() as connection:
            self._renew(connection)
            lost = ledger.mark_lost(connection, run_id)
            run_rows.set_run_state(connection, run_id, RunState.RUNNING)
            work = RunWork(connection, self._run)
            work.commit_stored(connection)
            used = ledger.traffic(connection, run_id)
            _log_begin(connection, run_id, used.requests, lost)
        endpoint = self._run.endpoint
        self._spending = Spending(
            self._run.budget,
            endpoint,
            sent=used.attempts,
            cost=cost_of(endpoint, used.prompt_tokens, used.completion_tokens),
            priced=used.answered,
            worked=self._run.worked_seconds,
        )
        self._progress.requests = used.answered
        self._progress.tokens = used.tokens or 0
        self._report(work)
        return work

    async def _drain(self, work: RunWork, heartbeat: asyncio.Task[None]) -> None:
        """Send and take until nothing is left or the run is to end early."""
        at_once = min(self._run.concurrency, work.settings.window)
        self._places = asyncio.Semaphore(at_once)
        capacity = at_once + (at_once // AHEAD_SHARE if at_once >= AHEAD_FROM else 0)
        under_way: set[asyncio.Task[_Answer | None]] = set()
        try:
            answers: list[_Answer] = []
            while True:
                for request, number in self._step(work, answers, len(under_way), capacity):
                    under_way.add(asyncio.create_task(self._answer(request, number)))
                if not under_way:
                    return
                done = await _some_of(under_way, heartbeat)
                answers = _answers(done)
                under_way -= done
        except (asyncio.CancelledError, StopNow, Hopeless):
            await _cancel(under_way)
            self._step(work, _answers(under_way), 0, 0)
            raise
        finally:
            await _cancel(under_way)

    def _step(
        self, work: RunWork, answers: Sequence[_Answer], under_way: int, capacity: int
    ) -> list[_Sending]:
        """Store the answers and what is to be sent next, in one transaction."""
        with self._database.write() as connection:
            self._renew(connection)
            self._take(connection, work, answers)
            sending = self._plan(connection, work, under_way, capacity)
        self._report(work)
        return sending

    def _may_send(self, under_way: int) -> bool:
        if self._ending is not None:
            return False
        used_up = self._spending.end(under_way)
        if used_up is not None and not under_way:
            self._ending = _budget_ending(used_up)
        return used_up is None

    def _plan(
        self, connection: Connection, work: RunWork, under_way: int, capacity: int
    ) -> list[_Sending]:
        """Store the requests for which there is room, in order. One that is new and may be sent
        at once gets its first attempt as well; the others wait for their turn."""
        sending: list[_Sending] = []
        first: list[int] = []
        while under_way + len(sending) < capacity and self._may_send(under_way + len(sending)):
            request = work.next_request()
            if request is None:
                break
            self._spending.sending()
            if request.id is None:
                request = ledger.plan(connection, self._run.id, request, self._prefixes)
                if self._pace.take_turn():
                    first.append(_id(request))
                    sending.append((request, 1))
                    continue
            sending.append((request, None))
        ledger.open_first_attempts(connection, first)
        return sending

    async def _answer(self, request: PlannedRequest, number: int | None) -> _Answer | None:
        """Send one request, whose attempt may be open already, until it is answered. None when
        the run ends before."""
        faults: list[Fault] = []
        while True:
            if number is None:
                number = await self._open_in_turn(request, repeated=bool(faults))
                if number is None:
                    return None
            try:
                async with self._places:
                    if self._ending is not None:
                        self._close(request, number, ledger.CANCELLED, "")
                        return None
                    response = await self._client.ask(request.prompt.text, request.parameters)
            except Fault as fault:
                self._close(request, number, fault.kind, fault.words)
                number = None
                faults.append(fault)
                try:
                    await self._wait_after(faults)
                except Hopeless:
                    if not self._can_do_without(fault):
                        raise
                    return _Answer(request, None, Response("", None, None, None, None, 0.0))
            except asyncio.CancelledError:
                self._close(request, number, ledger.CANCELLED, "")
                raise
            else:
                return _Answer(request, number, response)

    def _can_do_without(self, fault: Fault) -> bool:
        """Whether a request without hope is taken as an empty response, and the run goes on: a
        reply that stays unusable is; a refusal, of a prompt that is too long, say, if requests
        before it were answered and not too many in a row were refused."""
        if fault.kind is FaultKind.BAD_REPLY:
            return True
        self._refused_in_a_row += 1
        works = self._progress.requests > self._refused_in_a_row
        return fault.kind is FaultKind.REFUSED and works and self._refused_in_a_row <= MOST_REFUSED

    def _may_repeat(self) -> bool:
        used_up = self._spending.requests_are_up()
        if used_up is not None:
            self._ending = _budget_ending(used_up)
            return False
        self._spending.sending()
        return True

    def _is_ending(self) -> bool:
        return self._ending is not None

    async def _wait_after(self, faults: list[Fault]) -> None:
        wait = wait_after(faults)
        asked = faults[-1].retry_after
        if asked is None:
            await rest(wait, self._is_ending)
            return
        # What the server asks of one request holds for all of them.
        self._pace.hold(wait)
        if wait > HEARTBEAT_SECONDS:
            with self._database.write() as connection:
                self._renew(connection)
                words = f"{faults[-1]}; all requests wait {wait:,.0f} s, as the server asks"
                run_rows.add_run_event(connection, self._run.id, "waiting", words)

    async def _open_in_turn(self, request: PlannedRequest, *, repeated: bool) -> int | None:
        if not await self._pace.turn(self._is_ending):
            return None
        if repeated and not self._may_repeat():
            return None
        with self._database.write() as connection:
            self._renew(connection)
            return ledger.open_attempt(connection, _id(request))

    def _close(self, request: PlannedRequest, number: int, outcome: str, words: str) -> None:
        with self._database.write() as connection:
            ledger.close_attempt(connection, _id(request), number, outcome, words)

    def _take(self, connection: Connection, work: RunWork, answers: Sequence[_Answer]) -> None:
        answered = [(_id(a.request), a.number) for a in answers if a.number is not None]
        ledger.close_answered(connection, answered)
        ledger.record_responses(connection, [(_id(a.request), a.response) for a in answers])
        for one in answers:
            if one.number is not None:
                self._spending.received(one.response)
                self._refused_in_a_row = 0
            work.take(connection, one.request, one.response)
            self._progress.requests += 1
            self._progress.tokens += one.response.prompt_tokens or 0
            self._progress.tokens += one.response.completion_tokens or 0

    def _report(self, work: RunWork) -> None:
        self._progress.kept = work.kept
        self._progress.target = work.settings.target
        self._watch(self._progress)

    def _renew(self, connection: Connection) -> None:
        wish = jobs.renew(connection, self._job)
        self._ending = WISHED.get(wish, self._ending)
        now = time.monotonic()
        run_rows.add_worked_seconds(connection, self._run.id, now - self._counted_until)
        self._counted_until = now

    async def _beat(self) -> None:
        """Renew the lease and look for a person's wish, also while responses are slow."""
        patience = STOP_PATIENCE
        while patience > 0:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            with self._database.write() as connection:
                self._renew(connection)
            if self._ending is None and (late := self._spending.time_is_up()):
                self._ending = _budget_ending(late)
            if self._ending is not None:
                patience -= HEARTBEAT_SECONDS
        raise StopNow

    def _end(self, ending: Ending) -> RunState:
        with self._database.write() as connection:
            self._renew(connection)
            finish_run(connection, self._run, ending.state, ending.words)
            jobs.finish(connection, self._job.id)
        return ending.state


def _budget_ending(used_up: str) -> Ending:
    return Ending(RunState.BUDGET, f"{used_up}; raise the budget and resume to go on")


def _natural_ending(work: RunWork) -> Ending:
    if work.target_reached:
        return Ending(RunState.FINISHED, "")
    return Ending(
        RunState.EXHAUSTED,
        f"{work.settings.max_fruitless} responses in a row brought no new task; use another "
        "model, more varied seeds or another threshold",
    )


def _log_begin(connection: Connection, run_id: int, planned: int, lost: int) -> None:
    words = "started" if not planned else "taken up again"
    if lost:
        words += (
            f"; {lost} calls were under way when the work was cut off: they are sent again, and "
            "the server may bill them twice"
        )
    run_rows.add_run_event(connection, run_id, "running", words)


def _id(request: PlannedRequest) -> int:
    assert request.id is not None, "a request is stored before it is sent"
    return request.id


async def _some_of(
    under_way: set[asyncio.Task[_Answer | None]], heartbeat: asyncio.Task[None]
) -> set[asyncio.Task[_Answer | None]]:
    """Tasks that have ended, one at least and few enough for a step. Raises what one of them,
    or the heartbeat, has raised."""
    await asyncio.wait(under_way | {heartbeat}, return_when=asyncio.FIRST_COMPLETED)
    for _ in range(TURNS):
        await asyncio.sleep(0)
    if heartbeat.done():
        heartbeat.result()
    done = {task for task in under_way if task.done()}
    for task in done:
        task.result()
    return set(itertools.islice(done, MOST_IN_A_STEP))


def _answers(tasks: set[asyncio.Task[_Answer | None]]) -> list[_Answer]:
    """What those of the tasks brought that ended well."""
    ended = [task for task in tasks if not task.cancelled() and task.exception() is None]
    return [answer for task in ended if (answer := task.result()) is not None]


async def _cancel(tasks: set[asyncio.Task[_T]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
