"""Runs, their prompt sets and their derivations."""

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, bindparam

from selfinstruct_core.errors import NotFound
from selfinstruct_core.models import Api, Budget, Derivation, Endpoint, Run, RunState
from selfinstruct_core.storage.rows import insert_if_new
from selfinstruct_core.storage.schema import (
    derivations,
    prompt_sets,
    run_events,
    runs,
)


def remember_prompt_set(connection: Connection, hash_: str, name: str, source: str) -> None:
    """Store a prompt set unless it is there already."""
    known = connection.scalar(sa.select(prompt_sets.c.hash).where(prompt_sets.c.hash == hash_))
    if known is None:
        insert_if_new(connection, prompt_sets, hash=hash_, name=name, source=source)


def prompt_set_source(connection: Connection, hash_: str) -> str:
    """The TOML text of a stored prompt set."""
    source = sa.select(prompt_sets.c.source).where(prompt_sets.c.hash == hash_)
    return str(connection.execute(source).scalar_one())


def add_run(
    connection: Connection,
    *,
    project_id: int,
    seed_data_set_id: int,
    prompt_set: str,
    settings: dict[str, Any],
    endpoint: Endpoint,
    concurrency: int,
    budget: Budget,
) -> int:
    """Store a new run in state queued, with its first derivation. Returns its id."""
    run_id = connection.execute(
        sa.insert(runs)
        .values(
            project_id=project_id,
            seed_data_set_id=seed_data_set_id,
            prompt_set=prompt_set,
            settings=settings,
            endpoint=dataclasses.asdict(endpoint),
            concurrency=concurrency,
            budget=dataclasses.asdict(budget),
            worked_seconds=0.0,
            state=RunState.QUEUED,
            detail="",
            created_at=time.time(),
        )
        .returning(runs.c.id)
    ).scalar_one()
    add_derivation(connection, run_id, 1, settings)
    return int(run_id)


def get_run(connection: Connection, run_id: int) -> Run | None:
    """The run, None if there is none of that number."""
    row = connection.execute(sa.select(runs).where(runs.c.id == run_id)).one_or_none()
    return _run(row) if row else None


def existing_run(connection: Connection, run_id: int) -> Run:
    """The run of that number. Raises NotFound."""
    run = get_run(connection, run_id)
    if run is None:
        raise NotFound(f"There is no run {run_id}.")
    return run


def latest_runs(connection: Connection, project_id: int | None, limit: int) -> Sequence[Run]:
    """The newest runs, of one project or of all."""
    query = sa.select(runs).order_by(runs.c.id.desc()).limit(limit)
    if project_id is not None:
        query = query.where(runs.c.project_id == project_id)
    return [_run(row) for row in connection.execute(query)]


def set_run_state(connection: Connection, run_id: int, state: RunState, detail: str = "") -> None:
    """Record what a run does now, with the time when it starts or ends."""
    values: dict[str, Any] = {"state": state, "detail": detail}
    if state is RunState.RUNNING:
        values["started_at"] = sa.func.coalesce(runs.c.started_at, time.time())
        values["ended_at"] = None
    elif state is not RunState.QUEUED:
        values["ended_at"] = time.time()
    connection.execute(sa.update(runs).where(runs.c.id == run_id).values(**values))


# Built once, as every step of a run executes it.
_ADD_WORKED = (
    sa.update(runs)
    .where(runs.c.id == bindparam("run"))
    .values(worked_seconds=runs.c.worked_seconds + bindparam("seconds"))
)


def add_worked_seconds(connection: Connection, run_id: int, seconds: float) -> None:
    """Count time that was spent working on a run."""
    connection.execute(_ADD_WORKED, {"run": run_id, "seconds": seconds})


def set_limits(
    connection: Connection, run_id: int, settings: dict[str, Any], budget: Budget
) -> None:
    """Replace the settings (another target) and the budget of a run."""
    connection.execute(
        sa.update(runs)
        .where(runs.c.id == run_id)
        .values(settings=settings, budget=dataclasses.asdict(budget))
    )


def add_run_event(connection: Connection, run_id: int, kind: str, words: str) -> None:
    """Write a line into the log of a run."""
    connection.execute(
        sa.insert(run_events).values(run_id=run_id, kind=kind, words=words, at=time.time())
    )


def last_event_at(connection: Connection, run_id: int, kind: str) -> float | None:
    """When something of that kind happened last in a run, None if never."""
    at: float | None = connection.scalar(
        sa.select(sa.func.max(run_events.c.at)).where(
            run_events.c.run_id == run_id, run_events.c.kind == kind
        )
    )
    return at


@dataclass(frozen=True, slots=True)
class RunEvent:
    """A line of a run's log: what kind of thing happened, in words, and when."""

    kind: str
    words: str
    at: float


def get_run_events(connection: Connection, run_id: int, limit: int) -> list[RunEvent]:
    """The newest lines of a run's log, newest first."""
    query = (
        sa.select(run_events.c.kind, run_events.c.words, run_events.c.at)
        .where(run_events.c.run_id == run_id)
        .order_by(run_events.c.id.desc())
        .limit(limit)
    )
    return [RunEvent(*row) for row in connection.execute(query)]


def add_derivation(
    connection: Connection, run_id: int, number: int, settings: dict[str, Any]
) -> int:
    """Store an empty derivation of a run. Returns its id."""
    return int(
        connection.execute(
            sa.insert(derivations)
            .values(
                run_id=run_id,
                number=number,
                settings=settings,
                committed=0,
                kept=0,
                fruitless=0,
                created_at=time.time(),
            )
            .returning(derivations.c.id)
        ).scalar_one()
    )


def get_derivations(connection: Connection, run_id: int) -> list[Derivation]:
    """All derivations of a run by number."""
    query = (
        sa.select(derivations).where(derivations.c.run_id == run_id).order_by(derivations.c.number)
    )
    return [Derivation(**row._mapping) for row in connection.execute(query)]


def get_derivation(connection: Connection, run_id: int, number: int = 1) -> Derivation:
    """The derivation of that number, which must exist."""
    row = connection.execute(
        sa.select(derivations).where(derivations.c.run_id == run_id, derivations.c.number == number)
    ).one()
    return Derivation(**row._mapping)


def update_derivation(connection: Connection, derivation_id: int, **values: Any) -> None:
    """Set columns of a derivation: committed, kept, fruitless, digest."""
    connection.execute(
        sa.update(derivations).where(derivations.c.id == derivation_id).values(**values)
    )


def endpoint_from_json(stored: dict[str, Any]) -> Endpoint:
    """The endpoint that was stored as plain values."""
    values = {**stored, "api": Api(stored["api"]), "refused": tuple(stored["refused"])}
    return Endpoint(**values)


def _run(row: Row[Any]) -> Run:
    values = dict(row._mapping)
    values["endpoint"] = endpoint_from_json(values["endpoint"])
    values["budget"] = Budget(**values["budget"])
    values["state"] = RunState(values["state"])
    return Run(**values)
