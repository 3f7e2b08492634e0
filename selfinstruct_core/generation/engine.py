"""Running a run: keeps the endpoint busy, stores every step, ends when it is time.

One asyncio loop sends requests; the database is written between them by the loop itself, in
transactions of milliseconds that each renew the job's lease first.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

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

HEARTBEAT_SECONDS = 2.0
MOST_REFUSED = 5
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
        capacity = min(self._run.concurrency, work.settings.window)
        under_way: set[asyncio.Task[None]] = set()
        try:
            while True:
                while len(under_way) < capacity and self._may_send(len(under_way)):
                    request = work.next_request()
                    if request is None:
                        break
                    planned = self._plan(request)
                    self._spending.sending()
                    under_way.add(asyncio.create_task(self._answer(work, planned)))
                if not under_way:
                    return
                done, _ = await asyncio.wait(
                    under_way | {heartbeat}, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    task.result()
                under_way -= done
        finally:
            await _cancel(under_way)

    def _may_send(self, under_way: int) -> bool:
        if self._ending is not None:
            return False
        used_up = self._spending.end(under_way)
        if used_up is not None and not under_way:
            self._ending = _budget_ending(used_up)
        return used_up is None

    def _plan(self, request: PlannedRequest) -> PlannedRequest:
        """Store the request, at once and in order, before anything waits for its turn."""
        if request.id is not None:
            return request
        with self._database.write() as connection:
            self._renew(connection)
            return ledger.plan(connection, self._run.id, request)

    async def _answer(self, work: RunWork, request: PlannedRequest) -> None:
        """Send one request until it is answered, and store the answer."""
        faults: list[Fault] = []
        while await self._pace.turn(self._is_ending):
            if faults and not self._may_repeat():
                return
            number = self._open(request)
            try:
                response = await self._client.ask(request.prompt.text, request.parameters)
            except Fault as fault:
                self._close(request, number, fault.kind, fault.words)
                faults.append(fault)
                try:
                    await self._wait_after(faults)
                except Hopeless:
                    if not self._can_do_without(fault):
                        raise
                    self._take(work, request, None, Response("", None, None, None, None, 0.0))
                    return
            except asyncio.CancelledError:
                self._close(request, number, ledger.CANCELLED, "")
                raise
            else:
                self._take(work, request, number, response)
                return

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

    def _open(self, request: PlannedRequest) -> int:
        with self._database.write() as connection:
            self._renew(connection)
            return ledger.open_attempt(connection, _id(request))

    def _close(self, request: PlannedRequest, number: int, outcome: str, words: str) -> None:
        with self._database.write() as connection:
            ledger.close_attempt(connection, _id(request), number, outcome, words)

    def _take(
        self, work: RunWork, request: PlannedRequest, number: int | None, response: Response
    ) -> None:
        with self._database.write() as connection:
            self._renew(connection)
            if number is not None:
                ledger.close_attempt(connection, _id(request), number, ledger.ANSWERED)
            ledger.record_response(connection, _id(request), response)
            work.take(connection, request, response)
        if number is not None:
            self._spending.received(response)
            self._refused_in_a_row = 0
        self._progress.requests += 1
        self._progress.tokens += (response.prompt_tokens or 0) + (response.completion_tokens or 0)
        self._report(work)

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


async def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
