"""Running a run: keeps the endpoint busy, stores every step, stops when asked.

One asyncio loop sends requests; the database is written between them by the loop itself, in
transactions of milliseconds that each renew the job's lease first.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from selfinstruct_core.generation.finish import finish_run
from selfinstruct_core.generation.run_work import RunWork
from selfinstruct_core.lm.client import FINAL, Fault, FaultKind, ModelClient
from selfinstruct_core.models import Job, PlannedRequest, Response, Run, RunState, Wish
from selfinstruct_core.storage import jobs, ledger
from selfinstruct_core.storage import runs as run_rows
from selfinstruct_core.storage.database import Database

MAX_ATTEMPTS = 6
FIRST_WAIT = 0.5
LONGEST_WAIT = 60.0
HEARTBEAT_SECONDS = 2.0
STOP_PATIENCE = 30.0
"""Seconds that a stop waits for responses which are under way, and paid for."""


@dataclass(slots=True)
class Progress:
    """Where a run is, for whoever watches it in this process."""

    kept: int = 0
    target: int = 0
    requests: int = 0
    tokens: int = 0


class RunFailed(Exception):
    """The run cannot go on; the text says why, in the server's words where there are some."""


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
        self._stopping = False

    async def work(self) -> RunState:
        """Run to an end and return the state the run is left in.

        Raises LeaseLost when another worker has taken over, StorageError when the database
        cannot be written. When cancelled, everything received so far is stored.
        """
        heartbeat = asyncio.create_task(self._beat())
        try:
            return await self._work(heartbeat)
        finally:
            await _cancel({heartbeat})

    async def _work(self, heartbeat: asyncio.Task[None]) -> RunState:
        with self._database.write() as connection:
            self._renew(connection)
            ledger.mark_lost(connection, self._run.id)
            run_rows.set_run_state(connection, self._run.id, RunState.RUNNING)
            work = RunWork(connection, self._run)
            work.commit_stored(connection)
        self._report(work)
        try:
            with contextlib.suppress(StopNow):
                await self._drain(work, heartbeat)
        except RunFailed as failure:
            return self._end(RunState.FAILED, str(failure))
        if self._stopping:
            return self._end(RunState.STOPPED, "stopped by a person")
        if work.target_reached:
            return self._end(RunState.FINISHED, "")
        tries = work.settings.max_fruitless
        return self._end(
            RunState.EXHAUSTED,
            f"{tries} responses in a row brought no new task; use another model, more varied "
            "seeds or another threshold",
        )

    async def _drain(self, work: RunWork, heartbeat: asyncio.Task[None]) -> None:
        """Send and take until nothing is left or a person wants a stop."""
        capacity = min(self._run.concurrency, work.settings.window)
        under_way: set[asyncio.Task[None]] = set()
        try:
            while True:
                while not self._stopping and len(under_way) < capacity:
                    request = work.next_request()
                    if request is None:
                        break
                    under_way.add(asyncio.create_task(self._one(work, request)))
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

    async def _one(self, work: RunWork, request: PlannedRequest) -> None:
        """Send one request until it is answered, and store the answer."""
        request_id, number = self._plan(request)
        for tries in range(1, MAX_ATTEMPTS + 1):
            try:
                response = await self._client.ask(request.prompt.text, request.parameters)
            except Fault as fault:
                last = tries == MAX_ATTEMPTS
                if last and fault.kind is FaultKind.BAD_REPLY:
                    response = Response("", None, None, None, None, 0.0)
                else:
                    self._close(request_id, number, fault.kind, fault.words)
                    self._give_up_if_hopeless(fault, last)
                    await asyncio.sleep(_wait_before(tries, fault))
                    if self._stopping:
                        return
                    number = self._open(request_id)
                    continue
            except asyncio.CancelledError:
                self._close(request_id, number, "cancelled", "")
                raise
            self._take(work, request, request_id, number, response)
            return

    def _give_up_if_hopeless(self, fault: Fault, last: bool) -> None:
        if fault.kind in FINAL:
            raise RunFailed(str(fault))
        if last:
            raise RunFailed(f"{MAX_ATTEMPTS} attempts failed, the last with {fault}")

    def _plan(self, request: PlannedRequest) -> tuple[int, int]:
        with self._database.write() as connection:
            self._renew(connection)
            request_id = request.id
            if request_id is None:
                request_id = ledger.plan(connection, self._run.id, request)
            return request_id, ledger.open_attempt(connection, request_id)

    def _open(self, request_id: int) -> int:
        with self._database.write() as connection:
            self._renew(connection)
            return ledger.open_attempt(connection, request_id)

    def _close(self, request_id: int, number: int, outcome: str, words: str) -> None:
        with self._database.write() as connection:
            ledger.close_attempt(connection, request_id, number, outcome, words)

    def _take(
        self,
        work: RunWork,
        request: PlannedRequest,
        request_id: int,
        number: int,
        response: Response,
    ) -> None:
        with self._database.write() as connection:
            self._renew(connection)
            ledger.close_attempt(connection, request_id, number, ledger.ANSWERED)
            ledger.record_response(connection, request_id, response)
            work.take(connection, request, response)
        self._progress.requests += 1
        self._progress.tokens += (response.prompt_tokens or 0) + (response.completion_tokens or 0)
        self._report(work)

    def _report(self, work: RunWork) -> None:
        self._progress.kept = work.kept
        self._progress.target = work.settings.target
        self._watch(self._progress)

    def _renew(self, connection: Connection) -> None:
        self._stopping = jobs.renew(connection, self._job) is Wish.STOP

    async def _beat(self) -> None:
        """Renew the lease and look for a person's wish, also while responses are slow."""
        patience = STOP_PATIENCE
        while patience > 0:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            with self._database.write() as connection:
                self._renew(connection)
            if self._stopping:
                patience -= HEARTBEAT_SECONDS
        raise StopNow

    def _end(self, state: RunState, detail: str) -> RunState:
        with self._database.write() as connection:
            self._renew(connection)
            finish_run(connection, self._run, state, detail)
            jobs.finish(connection, self._job.id)
        return state


class StopNow(Exception):
    """A stop has waited long enough for the responses under way."""


def _wait_before(tries: int, fault: Fault) -> float:
    """Seconds before the next attempt: what the server asks for, else growing with jitter."""
    if fault.retry_after is not None:
        return min(fault.retry_after, LONGEST_WAIT)
    growing: float = FIRST_WAIT * 2 ** (tries - 1)
    return min(LONGEST_WAIT, growing) * random.uniform(0.75, 1.25)


async def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
