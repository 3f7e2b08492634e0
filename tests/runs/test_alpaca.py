"""Runs of Alpaca's recipe: whole tasks from one stage, with everything that runs promise."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from selfinstruct_core.errors import BadInput
from selfinstruct_core.exchange.seed_file import load_seed_file
from selfinstruct_core.generation import execution
from selfinstruct_core.generation.prompt_set import read_prompt_set
from selfinstruct_core.generation.recipe import default_settings
from selfinstruct_core.generation.replay import replay_run
from selfinstruct_core.generation.run_overview import run_overview
from selfinstruct_core.generation.runs import NewRun, extend_run, resume_run_here, start_run
from selfinstruct_core.lm.demo.examples import load_examples
from selfinstruct_core.lm.demo.replies import reply
from selfinstruct_core.lm.demo.server import DemoServer
from selfinstruct_core.models import Api, Endpoint, Mode, Recipe, RunState, Stage
from selfinstruct_core.settings import SEEDS_FOLDER
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database
from tests.support import commands
from tests.support.run_rows import run_rows
from tests.support.scripted_server import Answer, ScriptedServer, completion

Generate = Callable[..., tuple[int, RunState]]
ALPACA = Recipe.ALPACA

FIRST = (
    " List the rivers of a country.\n4. Input:\nEgypt\n4. Output:\nNile\n###\n"
    "5. Instruction: Write a poem about the autumn rain.\n5. Input:\n<noinput>\n5. Output:\nDrip.\n"
    "###\n6. Instruction: Repeat the given words twice.\n6. Input:\nDrip.\n6. Output:\nDrip.\n###\n"
    "7. Instruction: Choose music for a wedding party.\n7. Input:\n<noinput>\n7. Output:\nJazz\n"
    "###\n8. Instruction: Name a bird of the sea.\n8. Input: N/A\n###\n"
    "9. Instruction: Explain how tides work.\n9. Input:\n<noinput>\n9. Output:\nThe mo"
)
SECOND = (
    " List the rivers of one country.\n4. Input:\nMali\n4. Output:\nNiger\n###\n"
    "5. Instruction: Name a bird of the sea.\n5. Input:\n<noinput>\n5. Output:\nGull\n###\n"
    "21. Instruction: Never seen"
)


def _script(number: int, _: dict[str, Any]) -> Answer:
    return completion(FIRST, "length") if number == 0 else completion(SECOND)


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer(_script) as server:
        yield server


def _at(server: ScriptedServer, **more: Any) -> Endpoint:
    return Endpoint("m", base_url=server.base_url, **more)


def _count(database: Database, table: str) -> Any:
    with database.read() as connection:
        return connection.scalar(sa.text(f"SELECT count(*) FROM {table}"))


def test_what_is_sent_and_what_is_stored(
    database: Database, generate: Generate, scripted: ScriptedServer
) -> None:
    run_id, state = generate(target=4, recipe=ALPACA, endpoint=_at(scripted))
    assert state is RunState.FINISHED
    first = scripted.requests[0]
    assert {name: value for name, value in first.items() if name not in ("prompt", "seed")} == {
        "model": "m",
        "max_tokens": 3072,
        "temperature": 1.0,
        "top_p": 1.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "stop": ["\n21. Instruction:", "\n###\n21"],
    }
    assert first["prompt"].endswith("\n###\n4. Instruction:")
    rows = run_rows(database, run_id)
    assert [row[:5] for row in rows["candidates"]] == [
        (0, 0, "List the rivers of a country.", None, ""),
        (0, 1, "Write a poem about the autumn rain.", None, ""),
        (0, 2, "Repeat the given words twice.", None, ""),
        (0, 3, "Choose music for a wedding party.", "keyword", "music"),
        (0, 4, "8. Instruction: Name a bird of the sea.\n8. Input: N/A", "malformed", "no output"),
        (0, 5, "Explain how tides work.", "truncated", "the last task"),
        (1, 0, "List the rivers of one country.", "too_similar", ""),
        (1, 1, "Name a bird of the sea.", None, ""),
    ]
    # The nearest of the near-duplicate is the first task of the run: 2 * 5/6 / (5/6 + 5/6).
    assert rows["candidates"][6][5:] == (pytest.approx(5 / 6), 0, 0, None)
    # Whether they are classification tasks was never asked, so it is not known.
    assert rows["tasks"] == [
        (0, 0, "List the rivers of a country.", None, "ready"),
        (0, 1, "Write a poem about the autumn rain.", None, "ready"),
        (0, 2, "Repeat the given words twice.", None, "no_instance"),
        (1, 1, "Name a bird of the sea.", None, "ready"),
    ]
    assert rows["instances"] == [
        (0, 0, 0, "Egypt", "Nile"),
        (0, 1, 0, "", "Drip."),
        (1, 1, 0, "", "Gull"),
    ]
    assert rows["dropped"] == [(0, 2, 0, "Drip.", "Drip.", "same_as_input")]

    overview = run_overview(database, run_id)
    assert overview.traffic.answered == 2
    assert [(one.stage, one.responses) for one in overview.traffic.stages] == [(Stage.TASKS, 2)]
    assert (overview.counts.kept, overview.counts.instances) == (4, 3)
    assert (overview.counts.no_instance, overview.counts.pending) == (1, 0)
    assert overview.counts.classification == 0
    assert _count(database, "data_set_items") == len(load_seed_file()) + 4


def test_paper_mode_stops_where_the_reference_does(database: Database, generate: Generate) -> None:
    text = FIRST.replace("Nile", "In 2020. Then no more")
    with ScriptedServer(lambda *_: completion(text)) as server:
        run_id, _ = generate(
            target=1, recipe=ALPACA, mode=Mode.PAPER, max_fruitless=1, endpoint=_at(server)
        )
        assert server.requests[0]["stop"] == ["\n20", "20.", "20."]
    # Q24: the text ends inside the year, and the task is kept.
    assert run_rows(database, run_id)["instances"] == [(0, 0, 0, "Egypt", "In 20")]


def test_machine_tasks_are_never_shown(database: Database, generate: Generate) -> None:
    generate(target=150, seed=3, recipe=ALPACA)
    with database.read() as connection:
        contexts = connection.execute(sa.text("SELECT context FROM requests")).scalars().all()
        seeds = "SELECT id FROM tasks WHERE origin = 'seed'"
        known = set(connection.execute(sa.text(seeds)).scalars())
    shown = [json.loads(context) for context in contexts]
    assert len(shown) > 5
    assert all(len(set(ids)) == 3 and set(ids) <= known for ids in shown)


def test_timing_changes_nothing(database: Database, generate: Generate) -> None:
    first, state = generate(target=150, seed=3, recipe=ALPACA)
    assert state is RunState.FINISHED
    one_by_one, _ = generate(target=150, seed=3, recipe=ALPACA, concurrency=1)
    assert run_rows(database, one_by_one) == run_rows(database, first)
    with DemoServer(jitter=0.05) as server:
        jittered, _ = generate(
            target=150, seed=3, recipe=ALPACA, endpoint=Endpoint("demo", base_url=server.base_url)
        )
    assert run_rows(database, jittered) == run_rows(database, first)
    digests = {run_overview(database, run).derivation.digest for run in (1, 2, 3)}
    assert len(digests) == 1
    reasons = Counter(row[3] for row in run_rows(database, first)["candidates"])
    assert {"malformed", "too_similar", "keyword"} <= set(reasons)


def test_a_chat_model_is_asked_to_go_on(database: Database, generate: Generate) -> None:
    run_id, state = generate(target=20, recipe=ALPACA, endpoint=Endpoint(api=Api.CHAT))
    assert state is RunState.FINISHED
    with database.read() as connection:
        query = "SELECT parameters FROM requests WHERE ordinal = 0"
        parameters = connection.scalar(sa.text(query))
    assert "up to task 20" in parameters
    assert run_overview(database, run_id).counts.instances > 10


def test_a_larger_target_equals_a_run_that_had_it_from_the_start(
    database: Database, generate: Generate
) -> None:
    whole, _ = generate(target=60, seed=5, recipe=ALPACA)
    run_id, _ = generate(target=20, seed=5, recipe=ALPACA)
    assert len(run_rows(database, run_id)["tasks"]) < 40
    extend_run(database, run_id, target=60)
    job = resume_run_here(database, run_id, "test")
    assert execution.execute(database, job) is RunState.FINISHED
    assert run_rows(database, run_id) == run_rows(database, whole)


def test_a_replay_reads_the_same_responses_otherwise(
    database: Database, generate: Generate
) -> None:
    run_id, _ = generate(target=60, recipe=ALPACA)
    before, requests = run_rows(database, run_id), _count(database, "requests")
    same = replay_run(database, run_id)
    assert same.digest == run_overview(database, run_id).derivation.digest
    assert run_rows(database, run_id, same.number) == before

    strict = replay_run(database, run_id, filters={"threshold": 0.3})
    assert strict.difference.removed
    lenient = replay_run(database, run_id, filters={"threshold": 1.0, "keywords": []})
    assert lenient.difference.added
    # Whole tasks come with their instances: none of them was not asked for.
    assert {row[4] for row in run_rows(database, run_id, lenient.number)["tasks"]} == {
        "ready", "no_instance",
    }  # fmt: skip

    paper = replay_run(database, run_id, Mode.PAPER)
    assert paper.settings.decoding[Stage.TASKS].stop == ("\n20", "20.", "20.")
    assert paper.counts.rejected["malformed"] > strict.counts.rejected["malformed"]
    assert paper.difference.removed
    assert run_rows(database, run_id) == before
    assert _count(database, "requests") == requests


def test_prompt_texts_without_a_brief_are_refused(database: Database) -> None:
    source = (SEEDS_FOLDER / "prompts.toml").read_text("utf-8").replace("[tasks]", "[unused]")
    new = NewRun(settings=default_settings(recipe=ALPACA), prompts=read_prompt_set(source, "my"))
    with pytest.raises(BadInput, match=r"the table \[tasks\] is missing"):
        start_run(database, new)
    assert _count(database, "runs") == 0


def test_killed_and_resumed_equals_uninterrupted(
    tmp_path: Path, database: Database, generate: Generate
) -> None:
    calm, _ = generate(target=80, seed=11, recipe=ALPACA)
    examples = load_examples()

    def script(_: int, body: dict[str, Any]) -> Answer:
        time.sleep(0.05)
        said = reply(body["prompt"], body["seed"], body["max_tokens"], body["stop"], examples)
        return completion(said.text, said.finish_reason)

    url = f"sqlite:///{tmp_path / 'killed.db'}"
    generating = ("generate", "--database", url)
    new = ("--recipe", "alpaca", "--tasks", "80", "--seed", "11", "--model", "demo")
    with ScriptedServer(script) as server:
        process = commands.start(*generating, *new, "--endpoint", server.base_url)
        while len(server.requests) < 8:
            assert process.poll() is None, process.communicate()
            time.sleep(0.001)
        process.kill()
        process.communicate()
        killed = open_database(url)
        with killed.write() as connection:
            connection.execute(sa.text("UPDATE jobs SET lease_until = 0"))
        done = commands.run_json(*generating, "--resume", "1")
    assert (done["status"], done["classification"]) == ("finished", None)
    assert done["digest"] == run_overview(database, calm).derivation.digest
    assert run_rows(killed, 1) == run_rows(database, calm)
    killed.dispose()
