"""Where runs are: totals, lists, log and yield, for pages and the command line."""

import time
from dataclasses import dataclass

from sqlalchemy import Connection

from selfinstruct_core.generation.limits import cost_of
from selfinstruct_core.generation.recipe import RunSettings, settings_from_json
from selfinstruct_core.models import Counts, Derivation, Endpoint, Project, Run, RunState, Wish
from selfinstruct_core.storage import candidates as candidate_rows
from selfinstruct_core.storage import jobs, ledger, projects
from selfinstruct_core.storage import runs as run_rows
from selfinstruct_core.storage import tasks as task_rows
from selfinstruct_core.storage.candidates import YieldBin
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.ledger import Traffic
from selfinstruct_core.storage.runs import RunEvent

RATE_WINDOW = 30.0
"""Seconds over which the present rate of a run is measured."""
ENDED = frozenset(RunState) - {RunState.QUEUED, RunState.RUNNING}
"""States in which nothing works on a run; from all but `finished` it can be resumed."""
YIELD_BINS = 60


@dataclass(frozen=True, slots=True)
class RunOverview:
    """A run with its totals. `rate` is kept tasks per second (lately for a run under way, over
    all for one that has ended), None before the first; `seconds_left` None when unknown."""

    run: Run
    settings: RunSettings
    derivation: Derivation
    counts: Counts
    traffic: Traffic
    cost: float | None
    stopping: bool
    rate: float | None
    seconds_left: float | None


def run_overview(database: Database, run_id: int) -> RunOverview:
    """Where a run is. Raises NotFound."""
    with database.read() as connection:
        run = run_rows.existing_run(connection, run_id)
        derivation = run_rows.get_derivation(connection, run_id)
        job = jobs.open_job(connection, run_id)
        rate = _rate(connection, run, derivation)
        settings = settings_from_json(derivation.settings)
        left = max(0, settings.target - derivation.kept)
        traffic = ledger.traffic(connection, run_id)
        under_way = run.state not in ENDED
        return RunOverview(
            run=run,
            settings=settings,
            derivation=derivation,
            counts=task_rows.counts(connection, derivation.id),
            traffic=traffic,
            cost=cost_of(run.endpoint, traffic.prompt_tokens, traffic.completion_tokens),
            stopping=job is not None and job.wish is not Wish.RUN,
            rate=rate,
            seconds_left=left / rate if rate and under_way else None,
        )


def _rate(connection: Connection, run: Run, derivation: Derivation) -> float | None:
    if run.started_at is None or not derivation.kept:
        return None
    if run.state in ENDED:
        return derivation.kept / run.worked_seconds if run.worked_seconds > 0 else None
    now = time.time()
    # Since it was taken up last: a pause before that would make it look slow.
    since = run_rows.last_event_at(connection, run.id, "running") or run.started_at
    span = min(RATE_WINDOW, now - since)
    kept = task_rows.kept_since(connection, derivation.id, now - span)
    return kept / span if span > 0 and kept else None


def run_yield(database: Database, run_id: int) -> list[YieldBin]:
    """What the responses of stage 1 brought, in their order. Raises NotFound."""
    with database.read() as connection:
        run_rows.existing_run(connection, run_id)
        derivation = run_rows.get_derivation(connection, run_id)
        return candidate_rows.yield_bins(
            connection, derivation.id, derivation.committed, YIELD_BINS
        )


def run_log(database: Database, run_id: int, limit: int = 50) -> list[RunEvent]:
    """The newest lines of a run's log, newest first. Raises NotFound."""
    with database.read() as connection:
        run_rows.existing_run(connection, run_id)
        return run_rows.get_run_events(connection, run_id, limit)


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run as lists show it."""

    id: int
    project: str
    endpoint: Endpoint
    settings: RunSettings
    state: RunState
    detail: str
    kept: int
    created_at: float


def list_runs(database: Database, limit: int = 20) -> list[RunLine]:
    """The newest runs of all projects, newest first."""
    with database.read() as connection:
        names = {project.id: project.name for project in projects.all_projects(connection)}
        lines = []
        for run in run_rows.latest_runs(connection, None, limit):
            derivation = run_rows.get_derivation(connection, run.id)
            lines.append(
                RunLine(
                    id=run.id,
                    project=names[run.project_id],
                    endpoint=run.endpoint,
                    settings=settings_from_json(run.settings),
                    state=run.state,
                    detail=run.detail,
                    kept=derivation.kept,
                    created_at=run.created_at,
                )
            )
        return lines


def list_projects(database: Database) -> list[Project]:
    """All projects by name."""
    with database.read() as connection:
        return projects.all_projects(connection)
