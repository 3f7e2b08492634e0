"""A run by the real engine, and the same requests by a client that does nothing else."""

import asyncio
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import sqlalchemy as sa

from benchmarks.support.model_server import ModelServer
from selfinstruct_core.generation.execution import execute
from selfinstruct_core.generation.recipe import default_settings, with_changes
from selfinstruct_core.generation.runs import NewRun, start_run_here
from selfinstruct_core.models import Endpoint, RunState
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent, the seconds from first to last, and the processor's seconds for the sender."""

    bodies: list[dict[str, Any]]
    seconds: float
    cpu_seconds: float


def engine_run(server: ModelServer, tasks: int, at_once: int) -> Sent:
    """A run of the real engine, on a database of its own."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("STUDIO_BENCH_DIR")) as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'studio.db'}")
        new = NewRun(
            endpoint=Endpoint("model", base_url=server.base_url),
            settings=with_changes(default_settings(), {"target": tasks, "window": at_once}),
            concurrency=at_once,
        )
        job = start_run_here(database, new, "benchmark")
        began, cpu_began = time.perf_counter(), time.process_time()
        state = execute(database, job)
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
        assert state is RunState.FINISHED, state
        bodies = _bodies(database)
        database.dispose()
    return Sent(bodies, seconds, cpu_seconds)


def _bodies(database: Database) -> list[dict[str, Any]]:
    query = sa.text(
        "SELECT p.text || r.tail, r.parameters FROM requests r "
        "JOIN prompt_prefixes p ON p.hash = r.prefix_hash ORDER BY r.id"
    ).columns(sa.column("prompt", sa.Text), sa.column("parameters", sa.JSON))
    with database.read() as connection:
        return [{"prompt": row[0], **row[1]} for row in connection.execute(query)]


def plain_run(server: ModelServer, bodies: list[dict[str, Any]], at_once: int) -> Sent:
    """The same requests in the same order, so many at once, nothing stored."""
    return asyncio.run(_plain_run(server.base_url, bodies, at_once))


async def _plain_run(base_url: str, bodies: list[dict[str, Any]], at_once: int) -> Sent:
    left = iter(bodies)

    async def send(client: httpx2.AsyncClient) -> None:
        for body in left:
            answer = await client.post("/completions", json=body)
            assert answer.json()["choices"][0]["text"]

    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx2.AsyncClient(base_url=base_url, limits=limits) as client:
        began, cpu_began = time.perf_counter(), time.process_time()
        await asyncio.gather(*(send(client) for _ in range(at_once)))
        return Sent(bodies, time.perf_counter() - began, time.process_time() - cpu_began)
