"""`generate --like` and `generate --estimate`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from selfinstruct_core.cli import main
from selfinstruct_core.generation.recipe import settings_from_json
from selfinstruct_core.models import Budget, Run
from selfinstruct_core.storage import runs as run_rows
from selfinstruct_core.storage.open import open_database
from tests.storage.stored import all_rows

Generate = Callable[..., tuple[int, str, str]]

SEEDS = """\
{"id": "a", "name": "one", "instruction": "Rank the cheeses.", "is_classification": false,\
 "instances": [{"input": "Brie", "output": "1. Brie"}, {"input": "", "output": "none"}]}
{"id": "b", "name": "two", "instruction": "Say if it is odd.", "is_classification": true,\
 "instances": [{"input": "3", "output": "odd"}]}
"""


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STUDIO_DEMO_LATENCY", "0")
    monkeypatch.setenv("STUDIO_ENV_FILE", str(tmp_path / "no.env"))


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'studio.db'}"


@pytest.fixture
def generate(capsys: pytest.CaptureFixture[str], address: str) -> Generate:
    """Run the command here: exit code, output, errors."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = main(["generate", "--database", address, *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def told(done: tuple[int, str, str]) -> Any:
    code, out, _ = done
    assert (code, out.count("\n")) == (0, 1)
    return json.loads(out)


def stored_run(address: str, run_id: int) -> Run:
    database = open_database(address)
    with database.read() as connection:
        run = run_rows.existing_run(connection, run_id)
    database.dispose()
    return run


def rows(address: str) -> Any:
    database = open_database(address)
    found = all_rows(database)
    database.dispose()
    return found


def test_the_same_seed_gives_the_same_digest(generate: Generate, address: str) -> None:
    limits = ("--threshold", "0.6", "--window", "3", "--concurrency", "2", "--project", "P")
    first = told(
        generate("--tasks", "6", "--seed", "5", "--budget-requests", "90", *limits, "--json")
    )
    again = told(generate("--like", "1", "--json"))
    assert again == first | {"run": 2}
    one, two = stored_run(address, 1), stored_run(address, 2)
    assert two.settings == one.settings
    assert (two.concurrency, two.budget) == (2, Budget(requests=90))
    assert (two.project_id, two.seed_data_set_id) == (one.project_id, one.seed_data_set_id)
    assert two.prompt_set == one.prompt_set


def test_what_is_given_takes_the_place_of_what_is_copied(
    generate: Generate, address: str, tmp_path: Path
) -> None:
    (tmp_path / "seeds.jsonl").write_text(SEEDS, "utf-8")
    (tmp_path / "changes.json").write_text('{"filters": {"min_words": 3}}', "utf-8")
    new = ("--tasks", "4", "--threshold", "0.6", "--budget-minutes", "9")
    first = told(generate("--seeds", tmp_path / "seeds.jsonl", *new, "--json"))
    changes = ("--tasks", "6", "--seed", "8", "--budget-requests", "80", "--concurrency", "3")
    more = ("--settings", tmp_path / "changes.json")
    second = told(generate("--like", "1", *changes, *more, "--json"))
    assert second["digest"] != first["digest"]
    one, two = stored_run(address, 1), stored_run(address, 2)
    settings = settings_from_json(two.settings)
    assert (settings.target, settings.seed, settings.filters.min_words) == (6, 8, 3)
    assert settings.filters.threshold == 0.6
    assert (one.budget, two.budget) == (Budget(seconds=540.0), Budget(requests=80))
    assert (one.concurrency, two.concurrency) == (16, 3)
    assert two.seed_data_set_id == one.seed_data_set_id


@pytest.mark.parametrize(
    ("given", "ignored"),
    [
        (("--resume", "1", "--like", "1"), "--like"),
        (("--resume", "1", "--estimate", "--tasks", "9"), "--estimate"),
        (("--resume", "1", "--seed", "3", "--mode", "paper"), "--mode, --seed"),
        (("--like", "1", "--seed", "3", "--endpoint", "paid"), "--endpoint"),
        (("--like", "1", "--threshold", "0.5", "--seeds", "own.jsonl"), "--seeds, --threshold"),
    ],
)
def test_what_would_be_ignored_is_refused(
    generate: Generate, given: tuple[str, ...], ignored: str
) -> None:
    code, out, err = generate(*given)
    assert (code, out) == (1, "")
    assert err == (
        f"error: {given[0]} takes the settings of its run, so {ignored} cannot be given; "
        "leave that out, or start a new run.\n"
    )


def test_a_run_that_does_not_exist(generate: Generate, address: str) -> None:
    for more in ((), ("--estimate",)):
        code, out, err = generate("--like", "7", *more)
        assert (code, out, err) == (1, "", "error: There is no run 7.\n")
    assert rows(address)["runs"] == []


STAGES = ["instructions", "classification", "input-first", "output-first"]


def test_an_estimate_as_json_stores_nothing(generate: Generate, address: str) -> None:
    found = told(generate("--tasks", "84", "--estimate", "--json"))
    assert list(found) == ["requests", "tokens", "cost", "by_stage", "earlier_runs"]
    # 84 tasks at 4.2 a response; 20% of them for classification.
    assert found["by_stage"] == dict(zip(STAGES, (20, 84, 68, 17), strict=True))
    assert (found["requests"], found["cost"], found["earlier_runs"]) == (189, 0.0, 0)
    assert found["tokens"] > 189 * 100
    empty = rows(address)
    assert {name for name, content in empty.items() if content} == {"schema_migrations"}


def test_an_estimate_in_words(generate: Generate, address: str) -> None:
    tokens = told(generate("--tasks", "84", "--estimate", "--json"))["tokens"]
    assert generate("--tasks", "84", "--estimate") == (
        0,
        f"About 189 requests, {tokens:,} tokens, cost 0.0000\n"
        "Earlier runs of this model that this rests on: 0\n",
        "",
    )
    server = ("--endpoint", "http://localhost:1/v1", "--model", "m")
    _, out, _ = generate("--tasks", "84", "--estimate", *server)
    assert out.splitlines()[0] == f"About 189 requests, {tokens:,} tokens, cost unknown"
    assert told(generate("--tasks", "84", "--estimate", *server, "--json"))["cost"] is None


def test_an_estimate_rests_on_earlier_runs(generate: Generate, address: str) -> None:
    first = told(generate("--tasks", "6", "--json"))
    before = rows(address)
    found = told(generate("--like", "1", "--tasks", "60", "--estimate", "--json"))
    assert rows(address) == before
    committed = before["derivations"][0]["committed"]
    expected = 60 * committed / first["kept"]
    assert expected <= found["by_stage"]["instructions"] < expected + 1
    share = first["classification"] / first["kept"]
    assert found["by_stage"]["classification"] == 60
    assert found["by_stage"]["output-first"] == pytest.approx(60 * share, abs=1)
    assert (found["earlier_runs"], found["cost"]) == (1, 0.0)


def test_an_estimate_needs_to_know_how_many_tasks(generate: Generate, address: str) -> None:
    code, out, err = generate("--estimate")
    assert (code, out) == (1, "")
    assert "--tasks N" in err
    assert rows(address)["runs"] == []
