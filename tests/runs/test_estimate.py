"""What a run will need, and runs with the settings of others."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from selfinstruct_core.errors import NotFound
from selfinstruct_core.exchange.seed_file import read_seed_tasks
from selfinstruct_core.generation import classification, execution, instances
from selfinstruct_core.generation.estimate import Estimate, StageEstimate, estimate_run
from selfinstruct_core.generation.prompt_set import SHIPPED, load_prompt_set, read_prompt_set
from selfinstruct_core.generation.recipe import default_settings, with_changes
from selfinstruct_core.generation.run_overview import run_overview
from selfinstruct_core.generation.runs import (
    NewRun,
    extend_run,
    new_run_like,
    start_run,
    start_run_here,
    stop_run,
)
from selfinstruct_core.models import (
    Api,
    Budget,
    Endpoint,
    Instance,
    RunState,
    SeedTask,
    Stage,
)
from selfinstruct_core.storage import runs as run_rows
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.schema import data_sets, tasks
from tests.storage.stored import all_rows, count
from tests.support.run_rows import run_rows as rows_of_run
from tests.support.scripted_server import Answer, ScriptedServer, completion

Generate = Callable[..., tuple[int, RunState]]

# Instructions of 10, 20 and 60 characters, 30 on average; instances of 20, 30 and 70, 40 on
# average of the three.
SEEDS = (
    SeedTask("a", "one", "i" * 10, (Instance("x" * 15, "y" * 5), Instance("", "y" * 30)), False),
    SeedTask("b", "two", "j" * 60, (Instance("x" * 50, "y" * 20),), True),
    SeedTask("c", "three", "k" * 20, (), False),
)
MIDDLE = "k" * 20


def new(target: int, **changes: Any) -> NewRun:
    """A run over the three seeds."""
    settings = with_changes(default_settings(), {"target": target, **changes.pop("settings", {})})
    return NewRun(seeds=SEEDS, settings=settings, **changes)


def length_of_prompts() -> dict[Stage, int]:
    """The lengths of this run's prompts, about the middle one of the seeds."""
    texts = load_prompt_set()
    lines = f"1. {'i' * 10}\n2. {'j' * 60}\n3. {'k' * 20}\n4."
    return {
        Stage.INSTRUCTIONS: len(texts.instructions.header + "\n" + lines),
        Stage.CLASSIFICATION: len(classification.render(MIDDLE, texts.classification).text),
        **{
            stage: len(instances.render(MIDDLE, shown, stage).text)
            for stage, shown in (
                (Stage.INPUT_FIRST, texts.input_first),
                (Stage.OUTPUT_FIRST, texts.output_first),
            )
        },
    }


def test_by_lengths_when_no_run_came_before(database: Database) -> None:
    length = length_of_prompts()
    # 60% of 7 wanted tasks are 4.2 a response: 10 tasks need 2.38 of them; 20% are
    # classification tasks. 7 * 30, 4 and 2 * 40 characters come back, 4 a token.
    number = 10 / (0.6 * 7)
    assert estimate_run(database, new(10)).stages == (
        StageEstimate(
            Stage.INSTRUCTIONS,
            3,
            round(number * length[Stage.INSTRUCTIONS] / 4),
            round(number * 52.5),
        ),
        StageEstimate(Stage.CLASSIFICATION, 10, round(10 * length[Stage.CLASSIFICATION] / 4), 10),
        StageEstimate(Stage.INPUT_FIRST, 8, round(8 * length[Stage.INPUT_FIRST] / 4), 160),
        StageEstimate(Stage.OUTPUT_FIRST, 2, round(2 * length[Stage.OUTPUT_FIRST] / 4), 40),
    )


def test_a_response_is_not_longer_than_it_may_be(database: Database) -> None:
    limits = {
        "instructions": {"max_tokens": 21},
        "classification": {"max_tokens": 1},
        "input-first": {"max_tokens": 3},
    }
    found = estimate_run(database, new(42, settings={"decoding": limits}))
    assert [stage.requests for stage in found.stages] == [10, 42, 34, 9]
    # 10 * 21, 42 * 1, 33.6 * 3 and 8.4 * 20.
    assert [stage.completion_tokens for stage in found.stages] == [210, 42, 101, 168]


def test_the_cost_of_an_estimate(database: Database) -> None:
    def cost(**prices: float) -> float | None:
        endpoint = Endpoint("m", base_url="http://localhost:1/v1", **prices)
        return estimate_run(database, new(10, endpoint=endpoint)).cost

    free = estimate_run(database, new(10))
    prompt = sum(stage.prompt_tokens for stage in free.stages)
    completion_ = sum(stage.completion_tokens for stage in free.stages)
    assert (free.cost, free.runs) == (0.0, 0)
    assert (free.requests, free.tokens) == (23, prompt + completion_)
    assert cost(price_in=2.0, price_out=4.0) == (prompt * 2.0 + completion_ * 4.0) / 1_000_000
    assert cost(price_in=0.0, price_out=0.0) == 0.0
    assert cost() is cost(price_in=2.0) is cost(price_out=2.0) is None


LETTERS = "abcdefghijklmnop"


def list_of(number: int) -> str:
    """Two tasks that resemble nothing, and one that is too short."""
    word = LETTERS[number] * 4
    return f" {word}1 {word}2 {word}3 {word}4\n10. {word}5 {word}6 {word}7 {word}8\n11. No"


class Script:
    """Responses of two tasks each, with tokens by stage; each task with an 8 is classification."""

    def __init__(self) -> None:
        self.lists = 0

    def __call__(self, _: int, body: dict[str, Any]) -> Answer:
        prompt = body["prompt"]
        if prompt.endswith(("\n4.", "\n5.", "\n6.", "\n9.")):
            self.lists += 1
            return completion(list_of(self.lists - 1), tokens=(200, 40))
        if prompt.endswith("Is it classification?"):
            return completion(" Yes" if "8\n" in prompt[-30:] else " No", tokens=(50, 1))
        return completion("Output: none", tokens=(100, 12))


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(Script()) as server:
        yield server


def work(database: Database, started: NewRun) -> int:
    """Run a run to its end and return its number."""
    job = start_run_here(database, started, "test")
    assert execution.execute(database, job) is RunState.FINISHED
    return job.run_id


def test_by_what_earlier_runs_needed(database: Database, server: ScriptedServer) -> None:
    endpoint = Endpoint("m", base_url=server.base_url, price_in=2.0, price_out=4.0)
    work(database, new(4, endpoint=endpoint, concurrency=1))
    assert len(server.requests) == 2 + 4 + 4
    # Two kept tasks a response; half of them are classification tasks.
    found = estimate_run(database, new(9, endpoint=endpoint))
    stages = (
        StageEstimate(Stage.INSTRUCTIONS, 5, 900, 180),
        StageEstimate(Stage.CLASSIFICATION, 9, 450, 9),
        StageEstimate(Stage.INPUT_FIRST, 5, 450, 54),
        StageEstimate(Stage.OUTPUT_FIRST, 5, 450, 54),
    )
    assert found == Estimate(stages, (2250 * 2.0 + 297 * 4.0) / 1_000_000, 1)
    assert (found.requests, found.tokens) == (24, 2547)

    other = dataclasses.replace(endpoint, model="n")
    assert estimate_run(database, new(9, endpoint=other)).runs == 0
    unpriced = dataclasses.replace(endpoint, price_in=None)
    assert estimate_run(database, new(9, endpoint=unpriced)) == Estimate(stages, None, 1)


def test_lengths_fill_in_what_earlier_runs_do_not_tell(database: Database) -> None:
    def silent(n: int, body: dict[str, Any]) -> Answer:
        answer = completion("8" if body["prompt"].endswith("?") else " No")
        del answer.body["usage"]
        return answer

    with ScriptedServer(silent) as server:
        endpoint = Endpoint("m", base_url=server.base_url)
        job = start_run_here(database, new(4, endpoint=endpoint, settings={"max_fruitless": 1}), "")
        assert execution.execute(database, job) is RunState.EXHAUSTED
    # It answered, and kept nothing: what is assumed holds, but it is a run of that model.
    found = estimate_run(database, new(10, endpoint=endpoint))
    assert found.runs == 1
    assert found.stages == estimate_run(database, new(10)).stages


def test_nothing_is_sent_or_stored(database: Database, server: ScriptedServer) -> None:
    endpoint = Endpoint("m", base_url=server.base_url)
    work(database, new(4, endpoint=endpoint, concurrency=1))
    rows, sent = all_rows(database), len(server.requests)
    for target in (1, 10**6):
        assert estimate_run(database, new(target, endpoint=endpoint)).runs == 1
        assert estimate_run(database, new(target)).runs == 0
    new_run_like(database, 1)
    assert all_rows(database) == rows
    assert len(server.requests) == sent


def test_seeds_without_instances(database: Database) -> None:
    bare = tuple(dataclasses.replace(seed, instances=()) for seed in SEEDS)
    started = dataclasses.replace(new(10), seeds=bare)
    # An instance is taken to be as long as an instruction: 2 * 30 characters, 4 a token.
    found = estimate_run(database, started).stages
    assert [stage.completion_tokens for stage in found] == [125, 10, 120, 30]
    assert new_run_like(database, start_run(database, started)) == started


@pytest.mark.parametrize("changes", [{}, {"classification_only": True}, {"context_tasks": 3}])
def test_the_shipped_seeds_have_an_estimate(database: Database, changes: dict[str, Any]) -> None:
    settings = with_changes(default_settings(), {"target": 84, **changes})
    found = estimate_run(database, NewRun(settings=settings))
    assert [stage.requests for stage in found.stages] == [20, 84, 68, 17]
    assert all(stage.prompt_tokens > stage.requests * 10 for stage in found.stages)


def test_the_same_settings_and_seed_give_the_same_data_set(
    database: Database, generate: Generate
) -> None:
    first, _ = generate(target=8, seed=9, window=4, filters={"threshold": 0.6})
    copied = new_run_like(database, first)
    again = work(database, copied)
    assert rows_of_run(database, again) == rows_of_run(database, first)
    digests = [run_overview(database, id_).derivation.digest for id_ in (first, again)]
    assert digests[0] == digests[1] is not None

    settings = with_changes(copied.settings, {"seed": 10})
    other = work(database, dataclasses.replace(copied, settings=settings))
    assert run_overview(database, other).derivation.digest != digests[0]
    # All three over the same seeds, which are stored once.
    with database.read() as connection:
        found = {run_rows.existing_run(connection, n).seed_data_set_id for n in (1, 2, 3)}
    assert len(found) == 1


UPLOADED = """\
{"id": "ü1", "name": "", "instruction": " Rank them:\\n a, b ", "instances": [
{"input": "", "output": "1"}, {"input": "b", "output": "2\\n"}, {"input": "a", "output": "1"}],
"is_classification": true}
"""


@pytest.fixture
def whole(tmp_path: Path) -> NewRun:
    """A run in which nothing is as it is by default."""
    line = UPLOADED.replace("\n", "").replace('"name": ""', '"name": "ranks"')
    second = line.replace("ü1", "2").replace("true", "false").replace("Rank", "Name")
    seeds = read_seed_tasks(f"{line}\n{second}", "a file")
    assert [len(seed.instances) for seed in seeds] == [3, 3]
    source = SHIPPED.read_text("utf-8").replace('name = "studio"', 'name = "mine"')
    changes = {
        "target": 7,
        "seed": -3,
        "window": 2,
        "numbering": "paper",
        "classification_only": True,
        "filters": {"threshold": 0.1 + 0.2, "keywords": ["ü", "go to"], "tokenizer": "scripts"},
        "decoding": {"input-first": {"stop": ["\n\n"], "temperature": 0.3}},
    }
    return NewRun(
        project="Other",
        seeds=seeds,
        seeds_name="mine.jsonl",
        endpoint=Endpoint(
            *("m", Api.CHAT, "http://localhost:1/v1", "STUDIO_KEY_X", "mine", 1.5, 2.5, 3, 60),
            *(7.5, "max_completion_tokens", ("seed", "stop")),
        ),
        settings=with_changes(default_settings(api=Api.CHAT), changes),
        prompts=read_prompt_set(source, "mine"),
        concurrency=5,
        budget=Budget(1.25, 30, 90.5),
    )


def test_everything_is_copied(database: Database, whole: NewRun) -> None:
    run_id = start_run(database, whole)
    copied = new_run_like(database, run_id)
    assert copied == whole
    again = start_run(database, copied)
    assert new_run_like(database, again) == whole
    # Projects, seeds and prompts were there already.
    assert (count(database, tasks), count(database, data_sets)) == (2, 1)
    with database.read() as connection:
        first, second = (run_rows.existing_run(connection, n) for n in (run_id, again))
    assert first.seed_data_set_id == second.seed_data_set_id
    assert (first.project_id, first.prompt_set) == (second.project_id, second.prompt_set)
    assert (first.settings, first.endpoint) == (second.settings, second.endpoint)


def test_present_limits_are_copied(database: Database, whole: NewRun) -> None:
    run_id = start_run(database, whole)
    stop_run(database, run_id)
    extend_run(database, run_id, target=50, budget=Budget(requests=2))
    copied = new_run_like(database, run_id)
    settings = with_changes(whole.settings, {"target": 50})
    assert copied == dataclasses.replace(whole, settings=settings, budget=Budget(requests=2))


def test_a_copy_of_a_run_that_does_not_exist(database: Database) -> None:
    with pytest.raises(NotFound, match="There is no run 3"):
        new_run_like(database, 3)
