"""The same seed, settings and responses give the same data set, row for row."""

from collections.abc import Callable
from typing import Any

import pytest

from selfinstruct_core.generation.run_overview import run_overview
from selfinstruct_core.lm.demo.server import DemoServer
from selfinstruct_core.models import Endpoint, RunState
from selfinstruct_core.storage.database import Database
from tests.support.run_rows import run_rows

Generate = Callable[..., tuple[int, RunState]]


@pytest.fixture
def first(database: Database, generate: Generate) -> Any:
    """Run 1: 60 tasks, seed 3, sixteen requests at once."""
    run_id, state = generate(target=60, seed=3)
    assert state is RunState.FINISHED
    return run_rows(database, run_id)


@pytest.mark.parametrize("concurrency", [1, 5])
def test_concurrency_changes_nothing(
    database: Database, generate: Generate, first: Any, concurrency: int
) -> None:
    run_id, _ = generate(target=60, seed=3, concurrency=concurrency)
    assert run_rows(database, run_id) == first


def test_delays_and_port_of_the_server_change_nothing(
    database: Database, generate: Generate, first: Any
) -> None:
    with DemoServer(jitter=0.05) as server:
        run_id, _ = generate(target=60, seed=3, endpoint=Endpoint("demo", base_url=server.base_url))
    assert run_rows(database, run_id) == first


def test_another_seed_gives_another_data_set(
    database: Database, generate: Generate, first: Any
) -> None:
    run_id, _ = generate(target=60, seed=4)
    assert run_rows(database, run_id)["tasks"] != first["tasks"]
    digests = {run_overview(database, one).derivation.digest for one in (1, run_id)}
    assert len(digests) == 2


def test_a_larger_target_only_adds(database: Database, generate: Generate, first: Any) -> None:
    run_id, _ = generate(target=90, seed=3)
    longer = run_rows(database, run_id)
    assert longer["tasks"][: len(first["tasks"])] == first["tasks"]
    assert longer["candidates"][: len(first["candidates"])] == first["candidates"]


def test_the_last_response_is_kept_whole(database: Database, first: Any) -> None:
    # As in the reference code the pool may overshoot: the target is met by the last response.
    last = max(row[0] for row in first["tasks"])
    before = [row for row in first["tasks"] if row[0] < last]
    assert len(before) < 60 <= len(first["tasks"])
    assert run_overview(database, 1).counts.kept == len(first["tasks"])
