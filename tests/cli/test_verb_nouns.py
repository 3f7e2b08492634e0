"""`verb-nouns`: what it prints for a small file, and what it says when it cannot."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from selfinstruct_core.cli import main
from tests.support import commands

TEXTS = (
    "Write a poem about the sea.",
    "Describe the city.",
    "You are given a text. Write a short poem.",
    "Tell me if it rains.",
    "Write two poems.",
    "¡42!",
)
PAIRS = {
    "first": [
        ("write", "poem"),
        ("describe", "city"),
        ("give", "text"),
        ("tell", None),
        ("write", "poem"),
        (None, None),
    ],
}
PAIRS["paper"] = PAIRS["first"]
PAIRS["task"] = [*PAIRS["first"][:2], ("write", "poem"), *PAIRS["first"][3:]]

VerbNouns = Callable[..., tuple[int, str, str]]


@pytest.fixture
def verb_nouns(capsys: pytest.CaptureFixture[str]) -> VerbNouns:
    """Run the command here: exit code, output, errors."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = main(["verb-nouns", *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tasks.jsonl"
    path.write_text("".join(json.dumps({"instruction": text}) + "\n" for text in TEXTS), "utf-8")
    return path


@pytest.mark.parametrize("reading", ["first", "task", "paper"])
def test_json(verb_nouns: VerbNouns, file: Path, reading: str) -> None:
    code, out, err = verb_nouns(file, "--reading", reading, "--json")
    assert (code, err) == (0, "")
    *rows, counts = [json.loads(line) for line in out.splitlines()]
    assert rows == [
        {"instruction": text, "verb": verb, "noun": noun}
        for text, (verb, noun) in zip(TEXTS, PAIRS[reading], strict=True)
    ]
    assert counts == {"pair": 4, "verb_only": 1, "neither": 1}


def test_as_a_process(file: Path) -> None:
    to_parse = commands.start("verb-nouns", str(file), "--json")
    assert to_parse.communicate(timeout=100) == (
        '{"instruction": "Write a poem about the sea.", "verb": "write", "noun": "poem"}\n'
        '{"instruction": "Describe the city.", "verb": "describe", "noun": "city"}\n'
        '{"instruction": "You are given a text. Write a short poem.", "verb": "give", '
        '"noun": "text"}\n'
        '{"instruction": "Tell me if it rains.", "verb": "tell", "noun": null}\n'
        '{"instruction": "Write two poems.", "verb": "write", "noun": "poem"}\n'
        '{"instruction": "\\u00a142!", "verb": null, "noun": null}\n'
        '{"pair": 4, "verb_only": 1, "neither": 1}\n',
        "",
    )
    assert to_parse.returncode == 0


def test_for_people(verb_nouns: VerbNouns, file: Path) -> None:
    assert verb_nouns(file) == (
        0,
        "Instructions: 6\n"
        "  verb and object                4   66.7%\n"
        "  verb only                      1   16.7%\n"
        "  neither                        1   16.7%\n"
        "Pairs: 3 different; the most common:\n"
        "  write poem                     2\n"
        "  describe city                  1\n"
        "  give text                      1\n",
        "",
    )


def test_a_file_without_instructions(verb_nouns: VerbNouns, tmp_path: Path) -> None:
    empty = tmp_path / "empty.json"
    empty.write_text("[]")
    assert verb_nouns(empty, "--json") == (0, '{"pair": 0, "verb_only": 0, "neither": 0}\n', "")
    assert verb_nouns(empty) == (
        0,
        "Instructions: 0\n"
        "  verb and object                0\n"
        "  verb only                      0\n"
        "  neither                        0\n",
        "",
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('["a", 3]', ", item 2, field instruction: is of type int; write a text."),
        ('"a"\n{"text": "b"}', ", line 2, field instruction: is missing; write a text."),
        ('["a",', ": not valid JSON (Expecting value: line 1 column 6 (char 5)). Correct that"),
        ("\xff", ", line 1: not UTF-8 text; save the file with the encoding UTF-8."),
    ],
)
def test_bad_files(verb_nouns: VerbNouns, tmp_path: Path, content: str, words: str) -> None:
    bad = tmp_path / "bad.json"
    bad.write_bytes(content.encode("latin-1"))
    code, out, err = verb_nouns(bad, "--json")
    assert (code, out) == (1, "")
    assert err.startswith(f"error: {bad}{words}")


def test_a_model_that_is_missing(verb_nouns: VerbNouns, file: Path) -> None:
    assert verb_nouns(file, "--model", "en_no_such_model", "--json") == (
        1,
        "",
        "error: There is no spaCy pipeline en_no_such_model. Give the folder of one, or install "
        "it: python -m spacy download en_no_such_model\n",
    )


def test_other_commands_do_not_wait_for_spacy() -> None:
    code = "import sys, selfinstruct_core.cli; raise SystemExit('spacy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=commands.ROOT).returncode == 0


def test_wrong_use(verb_nouns: VerbNouns, file: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        verb_nouns(file, "--reading", "last")
    assert caught.value.code == 2
