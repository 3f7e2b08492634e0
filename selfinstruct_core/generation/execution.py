"""Carrying out a claimed job in this process: the worker and the command line both do it here."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from selfinstruct_core.errors import StorageError, StudioError
from selfinstruct_core.generation.engine import Progress, RunEngine
from selfinstruct_core.generation.finish import finish_run
from selfinstruct_core.lm.client import ModelClient
from selfinstruct_core.lm.demo.server import DemoServer
from selfinstruct_core.lm.keys import read_key
from selfinstruct_core.models import Endpoint, Job, Run, RunState
from selfinstruct_core.settings import demo_latency
from selfinstruct_core.storage import jobs
from selfinstruct_core.storage import runs as run_rows
from selfinstruct_core.storage.database import Database


def run_of(job: Job) -> int:
    """The number of the run that a job is about, of a kind that is about one."""
    assert job.run_id is not None, "a job that generates names its run"
    return job.run_id


def execute(
    database: Database, job: Job, watch: Callable[[Progress], None] = lambda _: None
) -> RunState:
    """Work on a claimed job until its run has ended, and return the run's state.

    What a person can mend (a missing key, say) ends the run as failed, with the reason. Raises
    LeaseLost when another worker has taken over, StorageError when the database fails; on
    KeyboardInterrupt everything received is stored and the job goes back to the queue.
    """
    with database.read() as connection:
        run = run_rows.get_run(connection, run_of(job))
    assert run is not None, "a job's run is a foreign key"
    try:
        key = read_key(run.endpoint.key_env)
    except StudioError as error:
        return _fail(database, job, run, str(error))
    with _address(run.endpoint) as base_url:
        return asyncio.run(_work(database, job, run, base_url, key, watch))


async def _work(
    database: Database,
    job: Job,
    run: Run,
    base_url: str,
    key: str | None,
    watch: Callable[[Progress], None],
) -> RunState:
    client = ModelClient(base_url, key, run.endpoint.api, run.endpoint.timeout_seconds)
    try:
        return await RunEngine(database, job, run, client, watch).work()
    except (asyncio.CancelledError, StorageError):
        # After an error of the database this may fail too; then the lease runs out by itself.
        with contextlib.suppress(StorageError):
            give_back(database, job, run)
        raise
    finally:
        await client.close()


@contextlib.contextmanager
def _address(endpoint: Endpoint) -> Iterator[str]:
    """The address to send to; the demo model is started for as long as it is needed."""
    if endpoint.base_url is not None:
        yield endpoint.base_url
        return
    with DemoServer(latency=demo_latency()) as server:
        yield server.base_url


def _fail(database: Database, job: Job, run: Run, reason: str) -> RunState:
    with database.write() as connection:
        jobs.renew(connection, job)
        finish_run(connection, run, RunState.FAILED, reason)
        jobs.finish(connection, job.id, reason)
    return RunState.FAILED


def give_back(database: Database, job: Job, run: Run) -> None:
    """Leave the job to the next worker that comes."""
    with database.write() as connection:
        if jobs.release(connection, job):
            run_rows.set_run_state(connection, run.id, RunState.QUEUED, "waits for a worker")
