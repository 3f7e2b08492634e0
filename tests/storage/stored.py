"""Rows to start tests from, and what a database holds."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from selfinstruct_core.models import (
    Budget,
    Endpoint,
    Instance,
    InstanceReading,
    PlannedRequest,
    Prompt,
    Response,
    SeedTask,
    Stage,
)
from selfinstruct_core.storage import ledger, projects, runs, tasks
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.schema import metadata

SEEDS = (
    SeedTask("seed_task_0", "cheeses", "Rank the cheeses.", (Instance("Brie", "1. Brie"),), False),
    SeedTask(
        "seed_task_1",
        "parity",
        "Say if it is odd.",
        (Instance("3", "odd"), Instance("4", "even")),
        True,
    ),
)
SETTINGS = {"target": 20, "seed": 7, "filters": {"threshold": 0.7}, "names": ["a", "ü", None]}
ENDPOINT = Endpoint(model="tiny")
BUDGET = Budget(requests=500)


@dataclass(frozen=True, slots=True)
class StoredRun:
    """The ids of a stored run and of what it starts from."""

    id: int
    project_id: int
    seed_ids: tuple[int, ...]
    data_set_id: int
    derivation_id: int


def store_run(database: Database, project: str = "My project") -> StoredRun:
    """Store a project, if there is none of that name, with the seed tasks and a run of them."""
    with database.write() as connection:
        owner = projects.project_named(connection, project) or projects.add_project(
            connection, project
        )
        seed_ids = projects.add_seed_tasks(connection, owner.id, SEEDS)
        digest = projects.seed_digest(SEEDS)
        members = [(id_, 1) for id_ in seed_ids]
        data_set_id = projects.add_data_set(
            connection, owner.id, "Seed tasks", "seeds", digest, members
        )
        runs.remember_prompt_set(connection, "cafe", "standard", "[instructions]")
        run_id = add_run(connection, owner.id, data_set_id)
        derivation_id = runs.get_derivation(connection, run_id).id
    return StoredRun(run_id, owner.id, tuple(seed_ids), data_set_id, derivation_id)


def add_run(connection: Connection, project_id: int, data_set_id: int, **changes: Any) -> int:
    """Store a run. Returns its id."""
    values: dict[str, Any] = {
        "project_id": project_id,
        "seed_data_set_id": data_set_id,
        "prompt_set": "cafe",
        "settings": SETTINGS,
        "endpoint": ENDPOINT,
        "concurrency": 4,
        "budget": BUDGET,
    }
    return runs.add_run(connection, **(values | changes))


def keep_tasks(database: Database, run_id: int, *instructions: str, number: int = 1) -> list[int]:
    """Store tasks that a derivation of a run keeps, each with an instance. Returns their ids."""
    with database.write() as connection:
        derivation = runs.get_derivation(connection, run_id, number)
        project_id = runs.existing_run(connection, run_id).project_id
        ids = []
        for n, text in enumerate(instructions, derivation.kept):
            id_ = tasks.add_machine_task(connection, project_id, derivation.id, (n, 0), text)
            reading = InstanceReading((Instance("", f"{text} Done."),))
            tasks.set_instances(connection, id_, reading)
            ids.append(id_)
        kept = derivation.kept + len(ids)
        runs.update_derivation(connection, derivation.id, kept=kept)
    return ids


def request(ordinal: int, stage: Stage = Stage.INSTRUCTIONS, **changes: Any) -> PlannedRequest:
    """A request of a run that was not stored yet."""
    values: dict[str, Any] = {
        "prompt": Prompt("Come up with tasks:\n", f"{ordinal}."),
        "parameters": {"model": "tiny", "temperature": 0.7, "stop": ["\n\n", "16"]},
    }
    return PlannedRequest(stage, ordinal, **(values | changes))


def response(text: str | None = "a list", **changes: Any) -> Response:
    """A response with usage."""
    values: dict[str, Any] = {
        "raw": f'{{"text": "{text}"}}',
        "finish_reason": "stop",
        "prompt_tokens": 30,
        "completion_tokens": 12,
        "latency": 0.25,
    }
    return Response(text=text, **(values | changes))


def plan(database: Database, run: StoredRun, planned: PlannedRequest) -> int:
    """Store a request in a transaction of its own. Returns its id."""
    with database.write() as connection:
        id_ = ledger.plan(connection, run.id, planned).id
    assert id_ is not None
    return id_


def rows_of(database: Database, table: sa.Table) -> list[dict[str, Any]]:
    """The rows of a table in order of its key."""
    with database.read() as connection:
        found = connection.execute(sa.select(table).order_by(*table.primary_key.columns))
        return [dict(row._mapping) for row in found]


def all_rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    return {table.name: rows_of(database, table) for table in metadata.tables.values()}


def count(database: Database, table: sa.Table) -> int:
    """How many rows a table has."""
    with database.read() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def while_writing(
    database: Database, first: Callable[[Connection], Any], second: Callable[[Connection], Any]
) -> tuple[Any, Any]:
    """Do `second` in another transaction, begun before the one that did `first` is committed.
    Returns what both returned; an error of `second` is raised."""
    begun = threading.Event()

    def other() -> Any:
        begun.set()
        with database.write() as connection:
            return second(connection)

    with ThreadPoolExecutor(1) as thread:
        with database.write() as connection:
            of_first = first(connection)
            waiting = thread.submit(other)
            begun.wait()
            # Long enough for the other to get as far as it can.
            wait([waiting], 0.2)
        return of_first, waiting.result(30)
