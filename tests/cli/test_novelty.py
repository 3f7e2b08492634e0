"""`novelty`: the greedy filter over files, by hand and on real data to the unit."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from selfinstruct_core.cli import main
from tests.support import commands

DATA = Path(
    os.environ.get("STUDIO_TEST_DATA") or Path(__file__).parents[2].parent / "shared" / "data"
)

# 4 words; the same; 4 of 4 and 4 of 5 words, F = 8/9; other words; no word for rouge.
TEXTS = ("Sing me a song", "sing me a song!", "Sing me a song now", "Count to ten", "노래해 줘")
OTHERS = ("Sing me a song", "Count up to twenty")
# Nearest: 1, 1, 8/9; "count to" of 3 and 4 words: 4/7; nothing.
COMPARED = {
    "mean": (1 + 1 + 8 / 9 + 4 / 7) / 5,
    "max": 1.0,
    "histogram": [1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 2],
}
FILTERED = {"kept": 2, "rejected": 3, "too_similar": 2, "no_tokens": 1}


def shapes(folder: Path, texts: tuple[str, ...]) -> dict[str, Path]:
    """The same instructions in every form that is read."""
    objects = [{"id": n, "instruction": text} for n, text in enumerate(texts)]
    contents = {
        "list.json": json.dumps(objects, indent=2),
        "texts.json": json.dumps(texts),
        "lines.jsonl": "".join(json.dumps(one) + "\n" for one in objects),
        "texts.jsonl": "\ufeff" + "\r\n".join(json.dumps(t, ensure_ascii=False) for t in texts),
        "mixed.json": json.dumps([objects[0], *texts[1:]]),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content.encode())
    return {name: folder / name for name in contents}


Novelty = Callable[..., tuple[int, str, str]]


@pytest.fixture
def novelty(capsys: pytest.CaptureFixture[str]) -> Novelty:
    """Run the command here: exit code, output, errors."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = main(["novelty", *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def told(done: tuple[int, str, str]) -> Any:
    code, out, err = done
    assert (code, err, out.count("\n")) == (0, "", 1)
    return json.loads(out)


@pytest.mark.parametrize(
    "name", ["list.json", "texts.json", "lines.jsonl", "texts.jsonl", "mixed.json"]
)
def test_every_form_of_file(novelty: Novelty, tmp_path: Path, name: str) -> None:
    path = shapes(tmp_path, TEXTS)[name]
    assert told(novelty(path, "--json")) == FILTERED
    (tmp_path / "others").mkdir()
    others = shapes(tmp_path / "others", OTHERS)[name]
    compared = told(novelty(path, "--against", others, "--json"))
    assert compared == FILTERED | COMPARED | {"mean": pytest.approx(COMPARED["mean"])}


def test_as_a_process(tmp_path: Path) -> None:
    path = shapes(tmp_path, TEXTS)["lines.jsonl"]
    (tmp_path / "others").mkdir()
    others = shapes(tmp_path / "others", OTHERS[:1])["texts.json"]
    to_read = commands.start("novelty", str(path), "--against", str(others))
    to_parse = commands.start("novelty", str(path), "--against", str(path), "--json")
    # Nearest: 1, 1, 8/9, 0, 0.
    assert to_read.communicate(timeout=100) == (
        "Kept: 2\n"
        "Rejected: 3\n"
        "  too_similar                    2\n"
        "  no_tokens                      1\n"
        "Nearest in the other file: mean 0.5778, max 1.0000\n"
        "  0.0 to 0.1                     2\n"
        "  0.1 to 0.2                     0\n"
        "  0.2 to 0.3                     0\n"
        "  0.3 to 0.4                     0\n"
        "  0.4 to 0.5                     0\n"
        "  0.5 to 0.6                     0\n"
        "  0.6 to 0.7                     0\n"
        "  0.7 to 0.8                     0\n"
        "  0.8 to 0.9                     1\n"
        "  0.9 to 1.0                     0\n"
        "  1.0 exactly                    2\n",
        "",
    )
    assert to_parse.communicate(timeout=100) == (
        '{"kept": 2, "rejected": 3, "too_similar": 2, "no_tokens": 1, "mean": 0.8, "max": 1.0, '
        '"histogram": [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4]}\n',
        "",
    )
    assert [process.returncode for process in (to_read, to_parse)] == [0, 0]


def test_settings(novelty: Novelty, tmp_path: Path) -> None:
    path = shapes(tmp_path, (*TEXTS, "노래해 줘", "Count to nine"))["texts.json"]
    expected = {
        # (threshold, tokenizer): kept, too similar, without tokens
        ("0.7", "rouge"): (3, 2, 2),
        ("0.6", "rouge"): (2, 3, 2),  # "count to" of 3 and 3 words: 2/3
        ("1", "rouge"): (5, 0, 2),
        ("0", "rouge"): (2, 3, 2),
        ("0.7", "scripts"): (4, 3, 0),
    }
    for (threshold, tokenizer), (kept, similar, blind) in expected.items():
        found = told(novelty(path, "--json", "--threshold", threshold, "--tokenizer", tokenizer))
        assert found == {
            "kept": kept,
            "rejected": similar + blind,
            "too_similar": similar,
            "no_tokens": blind,
        }


def test_files_without_instructions(novelty: Novelty, tmp_path: Path) -> None:
    empty, full = tmp_path / "empty.jsonl", shapes(tmp_path, TEXTS)["texts.json"]
    empty.write_text("\n")
    nothing = {"kept": 0, "rejected": 0, "too_similar": 0, "no_tokens": 0}
    assert told(novelty(empty, "--json")) == nothing
    for pair in ((empty, full), (full, empty)):
        assert novelty(pair[0], "--against", pair[1], "--json") == (
            1,
            "",
            "error: There are no instructions to compare; both files need at least one.\n",
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
def test_bad_files(novelty: Novelty, tmp_path: Path, content: str, words: str) -> None:
    bad, good = tmp_path / "bad.json", shapes(tmp_path, TEXTS)["texts.json"]
    bad.write_bytes(content.encode("latin-1"))
    for arguments in ((bad,), (good, "--against", bad)):
        code, out, err = novelty(*arguments, "--json")
        assert (code, out) == (1, "")
        assert err.startswith(f"error: {bad}{words}")


@pytest.mark.parametrize(
    "wrong", [("--threshold", "1.5"), ("--threshold", "x"), ("--tokenizer", "bpe"), ("--top", "3")]
)
def test_wrong_use(novelty: Novelty, tmp_path: Path, wrong: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as caught:
        novelty(shapes(tmp_path, TEXTS)["texts.json"], *wrong)
    assert caught.value.code == 2


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no real data at {DATA} (set STUDIO_TEST_DATA)")
class TestKnownFigures:
    SEEDS = DATA / "self_instruct" / "seed_tasks.jsonl"
    USERS = DATA / "self_instruct" / "user_oriented_instructions.jsonl"

    def test_seeds_against_the_user_oriented_instructions(self, novelty: Novelty) -> None:
        found = told(novelty(self.SEEDS, "--against", self.USERS, "--json"))
        assert found["histogram"] == [0, 15, 52, 70, 22, 13, 0, 2, 0, 0, 1]
        assert (round(found["mean"], 4), found["max"]) == (0.3388, 1.0)
        assert found["kept"] + found["rejected"] == 175

    def test_code_instructions(self, novelty: Novelty, tmp_path: Path) -> None:
        path = DATA / "gpteacher" / "codegen-instruct.json"
        assert commands.run_json("novelty", str(path)) == self.counts(2910, 1625)
        first = tmp_path / "first.json"
        first.write_text(json.dumps(json.loads(path.read_text("utf-8"))[:1500]), "utf-8")
        assert told(novelty(first, "--json")) == self.counts(1040, 460)

    def test_roleplay_instructions(self, novelty: Novelty) -> None:
        path = DATA / "gpteacher" / "roleplay-instruct.json"
        assert told(novelty(path, "--json")) == self.counts(1887, 36)

    def test_alpaca_was_filtered_by_the_same_rule(self, novelty: Novelty, tmp_path: Path) -> None:
        rows = json.loads((DATA / "alpaca" / "alpaca_5000.json").read_text("utf-8"))
        distinct = list(dict.fromkeys(row["instruction"] for row in rows))
        path = tmp_path / "distinct.jsonl"
        path.write_text("".join(json.dumps(text) + "\n" for text in distinct), "utf-8")
        assert told(novelty(path, "--json")) == self.counts(len(distinct), 0)

    @staticmethod
    def counts(kept: int, too_similar: int) -> dict[str, int]:
        return {
            "kept": kept,
            "rejected": too_similar,
            "too_similar": too_similar,
            "no_tokens": 0,
        }
