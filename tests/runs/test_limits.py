"""Budgets, paces, pauses and larger targets."""

import itertools
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from selfinstruct_core.errors import BadInput
from selfinstruct_core.generation import engine, execution, retries
from selfinstruct_core.generation.limits import cost_of
from selfinstruct_core.generation.recipe import default_settings, with_changes
from selfinstruct_core.generation.run_overview import run_overview
from selfinstruct_core.generation.runs import (
    NewRun,
    extend_run,
    pause_run,
    resume_run_here,
    start_run_here,
)
from selfinstruct_core.lm.client import Fault, FaultKind
from selfinstruct_core.lm.demo.examples import load_examples
from selfinstruct_core.lm.demo.replies import reply
from selfinstruct_core.models import Budget, Endpoint, RunState, Stage
from selfinstruct_core.storage import runs as run_rows
from selfinstruct_core.storage.database import Database
from tests.support.run_rows import run_rows as rows_of
from tests.support.scripted_server import Answer, ScriptedServer, completion, error

EXAMPLES = load_examples()
TOKENS = (1000, 500)
# 1,000 tokens in at 2.00 and 500 out at 4.00 a million: 0.002 + 0.002.
PRICE = 0.004


def _demo(_: int, body: dict[str, Any]) -> Answer:
    said = reply(body["prompt"], body["seed"], body["max_tokens"], body["stop"], EXAMPLES)
    return completion(said.text, said.finish_reason, TOKENS)


def _new(server: ScriptedServer, target: int = 30, **budget: Any) -> NewRun:
    return NewRun(
        settings=with_changes(default_settings(), {"target": target, "seed": 5}),
        endpoint=Endpoint("demo", base_url=server.base_url, price_in=2.0, price_out=4.0),
        budget=Budget(**budget),
    )


def _work(database: Database, new: NewRun) -> tuple[int, RunState]:
    job = start_run_here(database, new, "test")
    return job.run_id, execution.execute(database, job)


def _resume(database: Database, run_id: int) -> RunState:
    return execution.execute(database, resume_run_here(database, run_id, "test"))


def _scalar(database: Database, query: str) -> Any:
    with database.read() as connection:
        return connection.scalar(sa.text(query))


def test_cost_comes_from_usage_by_stage_and_is_never_doubled(database: Database) -> None:
    with ScriptedServer(_demo) as server:
        run_id, _ = _work(database, _new(server, requests=20))
        assert _scalar(database, "SELECT count(*) FROM attempts") == 20
        extend_run(database, run_id, budget=Budget())
        assert _resume(database, run_id) is RunState.FINISHED
        sent = len(server.requests)
    overview = run_overview(database, run_id)
    assert overview.traffic.answered == sent
    assert overview.cost == pytest.approx(sent * PRICE)
    by_stage = {one.stage: one.responses for one in overview.traffic.stages}
    assert sum(by_stage.values()) == sent
    assert by_stage[Stage.CLASSIFICATION] == overview.counts.kept
    assert all(one.prompt_tokens == one.responses * 1000 for one in overview.traffic.stages)


def test_unknown_prices_and_unknown_tokens_give_an_unknown_cost() -> None:
    priced = Endpoint("m", base_url="http://x/v1", price_in=2.0, price_out=4.0)
    assert cost_of(priced, *TOKENS) == pytest.approx(PRICE)
    assert cost_of(priced, None, None) is None
    assert cost_of(Endpoint("m", base_url="http://x/v1"), *TOKENS) is None
    assert cost_of(Endpoint(), None, None) == 0.0


@pytest.mark.parametrize("requests", [1, 7, 20])
def test_a_budget_of_requests_is_never_passed(database: Database, requests: int) -> None:
    with ScriptedServer(_demo) as server:
        run_id, state = _work(database, _new(server, requests=requests))
    assert state is RunState.BUDGET
    assert len(server.requests) == requests
    detail = run_overview(database, run_id).run.detail
    assert detail == (
        f"the budget of {requests} requests is used up; raise the budget and resume to go on"
    )


def test_a_budget_of_money_ends_the_run_before_it_is_passed(database: Database) -> None:
    with ScriptedServer(_demo) as server:
        run_id, state = _work(database, _new(server, cost=0.05))
    assert state is RunState.BUDGET
    # 12 requests cost 0.048; a thirteenth would make 0.052.
    assert len(server.requests) == 12
    overview = run_overview(database, run_id)
    assert overview.cost == pytest.approx(0.048)
    assert overview.run.detail.startswith("the next request could pass the budget of 0.05;")


def test_money_cannot_be_held_without_usage(database: Database) -> None:
    def silent(n: int, body: dict[str, Any]) -> Answer:
        answer = _demo(n, body)
        del answer.body["usage"]
        return answer

    with ScriptedServer(silent) as server:
        run_id, state = _work(database, _new(server, cost=5.0))
    assert state is RunState.BUDGET
    assert len(server.requests) == 1
    assert run_overview(database, run_id).run.detail.startswith("the cost is unknown, because")


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "HEARTBEAT_SECONDS", 0.05)


@pytest.mark.usefixtures("_quick")
def test_a_budget_of_time_holds_while_the_server_asks_to_wait(database: Database) -> None:
    busy = error(429, "come back tomorrow", retry_after="86400")
    with ScriptedServer(lambda n, body: _demo(n, body) if n < 3 else busy) as server:
        began = time.monotonic()
        run_id, state = _work(database, _new(server, seconds=1.0))
    assert state is RunState.BUDGET
    assert time.monotonic() - began < 20
    overview = run_overview(database, run_id)
    assert overview.run.detail.startswith("the budget of 1 seconds is used up")
    assert overview.run.worked_seconds >= 1.0
    with database.read() as connection:
        kinds = {event.kind for event in run_rows.get_run_events(connection, run_id, 50)}
    assert {"running", "waiting", "budget_reached"} <= kinds


def test_what_the_server_asks_of_one_request_holds_for_all(database: Database) -> None:
    times: list[float] = []

    def script(n: int, body: dict[str, Any]) -> Answer:
        times.append(time.monotonic())
        return error(429, "slow down", retry_after="1") if n == 4 else _demo(n, body)

    with ScriptedServer(script) as server:
        _, state = _work(database, _new(server, 10))
    assert state is RunState.FINISHED
    # Those already under way may still arrive; the next turn is a second later.
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert max(gaps) > 0.8


def test_requests_per_minute_are_kept(database: Database) -> None:
    with ScriptedServer(_demo) as server:
        new = _new(server, 5)
        endpoint = Endpoint("demo", base_url=server.base_url, requests_per_minute=600)
        began = time.monotonic()
        _, state = _work(database, NewRun(settings=new.settings, endpoint=endpoint))
        seconds = time.monotonic() - began
        sent = len(server.requests)
    assert state is RunState.FINISHED
    # 600 a minute: a tenth of a second between any two.
    assert seconds >= (sent - 1) * 0.1


@pytest.mark.usefixtures("_quick")
def test_paused_and_resumed_equals_uninterrupted(database: Database) -> None:
    def slow(n: int, body: dict[str, Any]) -> Answer:
        time.sleep(0.02)
        return _demo(n, body)

    with ScriptedServer(slow) as server:
        calm, _ = _work(database, _new(server))
        job = start_run_here(database, _new(server), "test")
        run_id = job.run_id

        def pause() -> None:
            while run_overview(database, run_id).counts.kept < 5:
                time.sleep(0.01)
            pause_run(database, run_id)

        threading.Thread(target=pause).start()
        assert execution.execute(database, job) is RunState.PAUSED
        assert (
            _scalar(database, f"SELECT count(*) FROM data_sets WHERE name LIKE 'Run {run_id}%'")
            == 0
        )
        assert _resume(database, run_id) is RunState.FINISHED
    assert rows_of(database, run_id) == rows_of(database, calm)


def test_an_extended_run_equals_one_with_that_target(
    database: Database, generate: Callable[..., tuple[int, RunState]]
) -> None:
    whole, _ = generate(target=60, seed=5)
    run_id, _ = generate(target=20, seed=5)
    with pytest.raises(BadInput, match="name a larger one"):
        extend_run(database, run_id, target=20)
    extend_run(database, run_id, target=60)
    assert run_overview(database, run_id).run.state is RunState.PAUSED
    assert _resume(database, run_id) is RunState.FINISHED
    assert rows_of(database, run_id) == rows_of(database, whole)
    assert _scalar(database, f"SELECT count(*) FROM data_sets WHERE name = 'Run {run_id}'") == 2


def test_a_run_under_way_cannot_be_extended(database: Database) -> None:
    with ScriptedServer(_demo) as server:
        job = start_run_here(database, _new(server), "test")
        with pytest.raises(BadInput, match="is under way; pause it"):
            extend_run(database, job.run_id, target=500)


def test_waits_grow_and_end() -> None:
    broken = Fault(FaultKind.SERVER_ERROR, "500")
    waits = [retries.wait_after([broken] * n) for n in range(1, 6)]
    # 0.5, 1, 2, 4, 8 seconds, each between three and five quarters of that.
    for wait, middle in zip(waits, (0.5, 1, 2, 4, 8), strict=True):
        assert 0.75 * middle <= wait <= 1.25 * middle
    with pytest.raises(retries.Hopeless, match="12 attempts failed, the last with server_error"):
        retries.wait_after([broken] * 12)
    unusable = Fault(FaultKind.BAD_REPLY, "{}")
    with pytest.raises(retries.Hopeless, match="6 attempts failed"):
        retries.wait_after([unusable] * 6)
    told = Fault(FaultKind.RATE_LIMITED, "429", retry_after=7200)
    assert retries.wait_after([told] * 10) == 7200
    with pytest.raises(retries.Hopeless):
        retries.wait_after([told] * 60)
