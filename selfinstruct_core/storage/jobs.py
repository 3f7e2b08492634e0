"""The queue of jobs and the workers that take them.

A job is held by a lease that its owner renews with every step; when the lease runs out, any
worker may claim the job. Every step of a job starts by renewing, so that an owner that was
replaced notices before it writes.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, bindparam

from selfinstruct_core.errors import LeaseLost
from selfinstruct_core.models import Job, JobKind, JobState, Wish
from selfinstruct_core.storage.schema import jobs, projects, runs, workers

LEASE_SECONDS = 15.0
WORKER_SILENCE = 10.0
"""A worker whose last heartbeat is older than this many seconds is taken for dead."""


def enqueue(connection: Connection, run_id: int) -> int:
    """Ask for a run to be worked on. Returns the job's id; a run with an open job keeps that."""
    # Two requests at once take turns on the run's row, and the second finds the first's job.
    connection.execute(
        sa.select(runs.c.id).where(runs.c.id == run_id).with_for_update(key_share=True)
    )
    present = open_job(connection, run_id)
    if present is not None:
        return present.id
    return _add(connection, kind=JobKind.GENERATE, run_id=run_id)


def enqueue_about(
    connection: Connection, kind: JobKind, project_id: int, subject: str, payload: dict[str, Any]
) -> int:
    """Ask for work about something in a project that is not a run's. Returns the job's id; a
    subject with an open job of that kind and payload keeps that."""
    # As for runs: two requests at once take turns, here on the project's row.
    connection.execute(
        sa.select(projects.c.id).where(projects.c.id == project_id).with_for_update(key_share=True)
    )
    present = latest_about(connection, kind, subject, payload)
    if present is not None and present.state is not JobState.DONE:
        return present.id
    return _add(connection, kind=kind, subject=subject, payload=payload)


def _add(connection: Connection, **values: Any) -> int:
    row = {"state": JobState.QUEUED, "wish": Wish.RUN, "claims": 0, "error": ""}
    query = sa.insert(jobs).values(**row, **values, created_at=time.time()).returning(jobs.c.id)
    return int(connection.execute(query).scalar_one())


def latest_about(
    connection: Connection, kind: JobKind, subject: str, payload: dict[str, Any]
) -> Job | None:
    """The newest job of that kind, subject and payload, open or over; None if there is none."""
    query = (
        sa.select(jobs)
        .where(jobs.c.kind == kind, jobs.c.subject == subject)
        .order_by(jobs.c.id.desc())
    )
    # JSON has no equality in every database; a subject has few jobs.
    found = (_job(row) for row in connection.execute(query).all())
    return next((job for job in found if job.payload == payload), None)


def open_job(connection: Connection, run_id: int) -> Job | None:
    """The job of a run that is queued or running, None if there is none."""
    row = connection.execute(
        sa.select(jobs)
        .where(jobs.c.run_id == run_id, jobs.c.state != JobState.DONE)
        .order_by(jobs.c.id.desc())
        .limit(1)
    ).one_or_none()
    return _job(row) if row else None


def claim(connection: Connection, owner: str, job_id: int | None = None) -> Job | None:
    """Take the oldest job that is free, runs before all else (or the named one if it is free);
    None if there is none. Free is what is queued, or running with a lease that ran out."""
    now = time.time()
    # A kind that a newer version has added is left to its workers.
    free = sa.and_(_is_free(now), jobs.c.kind.in_(list(JobKind)))
    rank = sa.case((jobs.c.kind == JobKind.GENERATE, 0), else_=1)
    candidates = sa.select(jobs.c.id).where(free).order_by(rank, jobs.c.id).limit(1)
    if job_id is not None:
        candidates = candidates.where(jobs.c.id == job_id)
    # SQLite's writers take turns anyway; on PostgreSQL two claims must not wait for each other.
    chosen = connection.scalar(candidates.with_for_update(skip_locked=True))
    if chosen is None:
        return None
    row = connection.execute(
        sa.update(jobs)
        .where(jobs.c.id == chosen)
        .values(
            state=JobState.RUNNING,
            owner=owner,
            lease_until=now + LEASE_SECONDS,
            claims=jobs.c.claims + 1,
        )
        .returning(*jobs.c)
    ).one()
    return _job(row)


def run_waits(connection: Connection) -> bool:
    """Whether a job of a run is free, which other work makes way for."""
    query = sa.select(jobs.c.id).where(_is_free(time.time()), jobs.c.kind == JobKind.GENERATE)
    return connection.scalar(query.limit(1)) is not None


def _is_free(now: float) -> sa.ColumnElement[bool]:
    return sa.or_(
        jobs.c.state == JobState.QUEUED,
        sa.and_(jobs.c.state == JobState.RUNNING, jobs.c.lease_until < now),
    )


# Built once, as every step of a job executes it.
_RENEW = (
    sa.update(jobs)
    .where(
        jobs.c.id == bindparam("job"),
        jobs.c.owner == bindparam("holder"),
        jobs.c.claims == bindparam("nth"),
        jobs.c.state == JobState.RUNNING,
    )
    .values(lease_until=bindparam("until"))
    .returning(jobs.c.wish)
)


def renew(connection: Connection, job: Job) -> Wish:
    """Renew the owner's lease and tell what a person wants of the job.
    Raises LeaseLost when the job was claimed by someone else or ended."""
    held = {"job": job.id, "holder": job.owner, "nth": job.claims}
    wish = connection.scalar(_RENEW, held | {"until": time.time() + LEASE_SECONDS})
    if wish is None:
        raise LeaseLost(f"Job {job.id} was taken over by another worker.")
    return Wish(wish)


def release(connection: Connection, job: Job) -> bool:
    """Give the job back to the queue. Returns whether it was still held."""
    released = connection.execute(
        sa.update(jobs)
        .where(
            jobs.c.id == job.id,
            jobs.c.owner == job.owner,
            jobs.c.claims == job.claims,
            jobs.c.state == JobState.RUNNING,
        )
        .values(state=JobState.QUEUED, owner=None, lease_until=None)
    )
    return released.rowcount == 1


def set_progress(connection: Connection, job: Job, done: int, total: int) -> None:
    """Record how much of a job's work is done."""
    connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(done=done, total=total))


def finish(connection: Connection, job_id: int, error: str = "") -> None:
    """The job is over."""
    connection.execute(
        sa.update(jobs)
        .where(jobs.c.id == job_id)
        .values(state=JobState.DONE, ended_at=time.time(), error=error, lease_until=None)
    )


def ask(connection: Connection, job_id: int, wish: Wish) -> None:
    """Record what a person wants of a job."""
    connection.execute(sa.update(jobs).where(jobs.c.id == job_id).values(wish=wish))


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        run_id=row.run_id,
        state=JobState(row.state),
        wish=Wish(row.wish),
        owner=row.owner,
        lease_until=row.lease_until,
        claims=row.claims,
        error=row.error,
        kind=JobKind(row.kind),
        subject=row.subject,
        payload=row.payload,
        done=row.done,
        total=row.total,
    )


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that works on jobs."""

    id: str
    version: str
    host: str
    pid: int


def register(connection: Connection, worker: Worker) -> None:
    """A worker starts."""
    now = time.time()
    connection.execute(
        sa.insert(workers).values(
            id=worker.id,
            version=worker.version,
            host=worker.host,
            pid=worker.pid,
            started_at=now,
            heartbeat_at=now,
        )
    )


def beat(connection: Connection, worker: Worker) -> bool:
    """The worker lives. Returns whether one of another version was started after it."""
    connection.execute(
        sa.update(workers).where(workers.c.id == worker.id).values(heartbeat_at=time.time())
    )
    started = sa.select(workers.c.started_at).where(workers.c.id == worker.id).scalar_subquery()
    newer = connection.scalar(
        sa.select(sa.func.count()).where(
            workers.c.version != worker.version,
            workers.c.started_at > started,
            workers.c.heartbeat_at > time.time() - WORKER_SILENCE,
        )
    )
    return bool(newer)


def unregister(connection: Connection, worker: Worker) -> None:
    """A worker ends."""
    connection.execute(sa.delete(workers).where(workers.c.id == worker.id))


def living_workers(connection: Connection, version: str | None = None) -> Sequence[Worker]:
    """The workers whose heartbeat is recent, of one version or of all."""
    query = sa.select(workers).where(workers.c.heartbeat_at > time.time() - WORKER_SILENCE)
    if version is not None:
        query = query.where(workers.c.version == version)
    return [Worker(row.id, row.version, row.host, row.pid) for row in connection.execute(query)]
