"""`import`: what it says of a file, and what it says when it cannot take it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from selfinstruct_core.cli import main
from selfinstruct_core.storage.open import open_database
from selfinstruct_core.storage.schema import metadata
from tests.storage.stored import all_rows

Run = Callable[..., tuple[int, str, str]]
ROWS = (
    {"instruction": "Say it.", "response": "It."},
    {"instruction": "Say it again.", "context": "Louder.", "response": ""},
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'studio.db'}"


@pytest.fixture
def take(capsys: pytest.CaptureFixture[str], url: str) -> Run:
    """Run the command here: exit code, output, errors."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = main(["import", *map(str, arguments), "--database", url])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    return path


def test_json(take: Run, file: Path) -> None:
    expected = {
        "data_set": 1,
        "name": "mine",
        "project": "My project",
        "tasks": 2,
        "instances": 1,
        "without_output": 1,
    }
    code, out, err = take(file, "--json")
    assert (code, json.loads(out), err) == (0, {**expected, "added": True}, "")
    code, out, err = take(file, "--name", "Other", "--json")
    assert (code, json.loads(out), err) == (0, {**expected, "added": False}, "")


def test_for_people(take: Run, file: Path) -> None:
    said = (
        'Data set 1: "Blüten" in Garden\n'
        "2 tasks with 1 instances\n"
        "Instances without an output, left out: 1\n"
    )
    arguments = (file, "--name", "Blüten", "--project", "Garden")
    assert take(*arguments) == (0, said, "")
    assert take(*arguments) == (0, said + "It was there already; nothing was changed.\n", "")


def test_a_bad_file_changes_nothing(take: Run, file: Path, url: str) -> None:
    torn = file.with_name("torn.jsonl")
    torn.write_bytes(file.read_bytes()[:-5])
    code, out, err = take(torn, "--json")
    assert (code, out) == (1, "")
    assert err.startswith(f"error: {torn}, line 2: not valid JSON (")
    rows = all_rows(open_database(url))
    assert [name for name, found in rows.items() if found] == ["schema_migrations"]
    assert set(rows) == set(metadata.tables)


def test_a_file_that_is_missing(take: Run, tmp_path: Path) -> None:
    code, out, err = take(tmp_path / "no.json")
    assert (code, out) == (1, "")
    assert err == (
        f"error: {tmp_path / 'no.json'}: cannot be read (No such file or directory). "
        "Check name and rights.\n"
    )
