"""`parse`: saved responses read on the command line, as JSON to the letter."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from selfinstruct_core.cli import main
from tests.support import commands

SEEDS = (
    {
        "id": "seed_task_0",
        "name": "sea",
        "instruction": "Write a poem about the sea.",
        "instances": [{"input": "", "output": "Blue."}],
        "is_classification": False,
    },
    {
        "id": "seed_task_1",
        "name": "parity",
        "instruction": "Is the number odd or even?",
        "instances": [{"input": "3", "output": "odd"}],
        "is_classification": True,
    },
)
LISTS = (
    {"text": " name two rivers in Asia.\n10. Draw me a cat\n11. Sing", "finish_reason": "stop"},
    {"text": None, "finish_reason": "stop"},
    {
        "text": "Sure, here are two tasks:\n\n**9.** Name two rivers in Asia please.\n\n"
        "**10.** Write a poem about NASA. \ud83d",
        "finish_reason": "length",
    },
    {"text": ""},
)
ANSWERS = ({"text": " Yes"}, {"text": "**yes**, it is"}, {"text": "No"}, {"text": None})
EXAMPLES = (
    {
        "instruction": "Greet them.",
        "text": "Here is one:\n\n**Example 1**\nAnn\n**Output:** Hello, Ann.\nExample 2\nBob",
        "finish_reason": "stop",
    },
    {"text": "Output: Hello.", "finish_reason": "length"},
    {"text": None},
    {"text": "Hé\u0000", "finish_reason": None},
)
LABELS = (
    {"text": "Class label: odd\n3\nClass label: even\n4\nClass label: odd\n3"},
    {"text": "odd", "finish_reason": "stop"},
    {"text": None, "finish_reason": "length"},
)
TASKS = (
    {
        "text": " List the rivers of a country.\n4. Input:\nEgypt\n4. Output:\nNile\n###\n"
        "5) Instruction: Name a song.\n5) Input:\nN/A\n5) Output:\nHey\n###\n"
        "6. Instruction: List all the rivers of a country.\n6. Input:\nMali\n6. Output:\nMali",
        "finish_reason": "stop",
    },
    {"text": None},
    {"text": " Dance with me now.\n4. Output:\nYes.\n###\n5. Instr", "finish_reason": "length"},
)
STAGES: dict[str, tuple[dict[str, Any], ...]] = {
    "instructions": LISTS,
    "classification": ANSWERS,
    "input-first": EXAMPLES,
    "output-first": LABELS,
    "tasks": TASKS,
}


def candidate(
    text: str, reason: str | None = None, detail: str = "", **further: object
) -> dict[str, object]:
    kept = {"instruction": text, "kept": reason is None, "reason": reason, "detail": detail}
    return kept | further


def reading(
    *instances: tuple[str, str], dropped: Sequence[tuple[str, str, str]] = ()
) -> dict[str, object]:
    return {
        "instances": [{"input": given, "output": output} for given, output in instances],
        "dropped": [
            {"input": given, "output": output, "reason": reason}
            for given, output, reason in dropped
        ],
    }


RIVERS = "Name two rivers in Asia."
EXPECTED: dict[tuple[str, str], list[dict[str, object]]] = {
    ("instructions", "improved"): [
        {
            "candidates": [
                candidate(RIVERS),
                candidate("Draw me a cat", "keyword", "draw"),
                candidate("Sing", "too_short", "1 words"),
            ]
        },
        {"candidates": []},
        {
            "candidates": [
                candidate("Sure, here are two tasks:", "preamble"),
                candidate("Name two rivers in Asia please."),
                candidate("Write a poem about NASA. \ud83d", "truncated", "the last item"),
            ]
        },
        {"candidates": [candidate("", "empty")]},
    ],
    ("instructions", "paper"): [
        {
            "candidates": [
                candidate("Name two rivers in asia."),
                candidate("Draw me a cat", "keyword", "draw"),
                candidate("Sing", "too_short", "1 words"),
            ]
        },
        {"candidates": []},
        {
            "candidates": [
                candidate(
                    "Sure, here are two tasks: **9.** name two rivers in asia please. "
                    "**10.** write a poem about nasa. \ud83d",
                    "truncated",
                    "the whole response",
                )
            ]
        },
        {"candidates": [candidate("", "empty")]},
    ],
    ("classification", "improved"): [
        {"is_classification": answer} for answer in (True, True, False, False)
    ],
    ("classification", "paper"): [
        {"is_classification": answer} for answer in (True, False, False, False)
    ],
    ("input-first", "improved"): [
        reading(
            ("Ann", "Hello, Ann."),
            dropped=[("", "Here is one:", "preamble"), ("", "Bob", "no_output_field")],
        ),
        reading(dropped=[("", "Hello.", "truncated")]),
        reading(),
        reading(dropped=[("", "Hé", "no_output_field")]),
    ],
    ("input-first", "paper"): [
        # "**Output:**" is no field there but for its word, and the preamble ends with "**".
        reading(
            ("", "Here is one:\n\n**"),
            ("**\nAnn\n**", "** Hello, Ann."),
            ("", "Bob"),
        ),
        reading(dropped=[("", "Hello.", "truncated")]),
        reading(),
        reading(dropped=[("", "Hé\x00", "no_output_field")]),
    ],
    ("output-first", "improved"): [
        reading(("3", "odd"), ("4", "even"), dropped=[("3", "odd", "duplicate")]),
        reading(dropped=[("", "odd", "no_class_label")]),
        reading(),
    ],
}
MALI = reading(dropped=[("Mali", "Mali", "same_as_input")])
EXPECTED["tasks", "improved"] = [
    {
        "candidates": [
            candidate("List the rivers of a country.", **reading(("Egypt", "Nile"))),
            candidate("Name a song.", "too_short", "3 words", **reading(("", "Hey"))),
            candidate("List all the rivers of a country.", **MALI),
        ]
    },
    {"candidates": []},
    {
        "candidates": [
            candidate("Dance with me now.", **reading(("", "Yes."))),
            candidate("5. Instr", "truncated", "the last task"),
        ]
    },
]
EXPECTED["tasks", "paper"] = [
    {
        "candidates": [
            candidate("List the rivers of a country.", **reading(("Egypt", "Nile"))),
            candidate(
                "5) Instruction: Name a song.\n5) Input:\nN/A\n5) Output:\nHey",
                "malformed",
                "1 parts where 7 are expected",
            ),
            candidate("List all the rivers of a country.", **MALI),
        ]
    },
    {"candidates": []},
    {
        "candidates": [
            candidate(
                "Dance with me now.\n4. Output:\nYes.", "malformed", "5 parts where 7 are expected"
            ),
            candidate("5. Instr", "truncated", "the last task"),
        ]
    },
]
EXPECTED["output-first", "paper"] = EXPECTED["output-first", "improved"]

POOLED = [
    {
        "candidates": [
            # Against the seeds no word in order but "in": of "the number" nothing.
            candidate(RIVERS, nearest="Write a poem about the sea.", score=0.0),
            candidate("Draw me a cat", "keyword", "draw", nearest=None, score=None),
            candidate("Sing", "too_short", "1 words", nearest=None, score=None),
        ]
    },
    {"candidates": []},
    {
        "candidates": [
            candidate("Sure, here are two tasks:", "preamble", nearest=None, score=None),
            # 5 of 5 and 5 of 6 words: 2 * 5/6 / (11/6).
            candidate(
                "Name two rivers in Asia please.",
                "too_similar",
                nearest=RIVERS,
                score=0.9090909090909091,
            ),
            candidate(
                "Write a poem about NASA. \ud83d",
                "truncated",
                "the last item",
                nearest=None,
                score=None,
            ),
        ]
    },
    {"candidates": [candidate("", "empty", nearest=None, score=None)]},
]


def written(path: Path, rows: Iterable[object]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, str]]:
    """Exit code, output and errors of commands that ran side by side as processes."""
    folder = tmp_path_factory.mktemp("parse")
    files = {stage: written(folder / f"{stage}.jsonl", rows) for stage, rows in STAGES.items()}
    bad = written(folder / "bad.jsonl", [{"text": "Yes"}, {"answer": "Yes"}])
    seeds = written(folder / "seeds.jsonl", SEEDS)
    lists = files["instructions"]
    started = {
        "paper": commands.start("parse", lists, "--stage", "instructions", "--mode", "paper"),
        "pool": commands.start("parse", lists, "--stage", "instructions", "--pool", seeds),
        "examples": commands.start("parse", files["input-first"], "--stage", "input-first"),
        "bad": commands.start("parse", bad, "--stage", "classification"),
    }
    ended = {}
    for name, process in started.items():
        out, err = process.communicate(timeout=100)
        ended[name] = (process.returncode, out, err.replace(str(folder), "FOLDER"))
    return ended


class TestProcesses:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("paper", EXPECTED["instructions", "paper"]),
            ("pool", POOLED),
            ("examples", EXPECTED["input-first", "improved"]),
        ],
    )
    def test_one_line_of_json_for_each_response(
        self, processes: dict[str, tuple[int, str, str]], name: str, expected: list[object]
    ) -> None:
        code, out, err = processes[name]
        assert (code, err) == (0, "")
        # In the order of the keys, and in ASCII.
        assert out == "".join(json.dumps(line) + "\n" for line in expected)

    def test_a_bad_row_prints_nothing_but_the_error(
        self, processes: dict[str, tuple[int, str, str]]
    ) -> None:
        assert processes["bad"] == (
            1,
            "",
            "error: FOLDER/bad.jsonl, line 2, field text: missing; write the response's text, or "
            "null.\n",
        )


@pytest.fixture
def parse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, list[Any], str]]:
    """Run the command here: exit code, lines of output, error without the folder's name."""

    def run(rows: str | Iterable[object], *arguments: str) -> tuple[int, list[Any], str]:
        path = tmp_path / "in.jsonl"
        if isinstance(rows, str):
            path.write_text(rows, "utf-8")
        else:
            written(path, rows)
        code = main(["parse", str(path), *arguments])
        said = capsys.readouterr()
        lines = [json.loads(line) for line in said.out.splitlines()]
        return code, lines, said.err.replace(f"{tmp_path}/", "")

    return run


Parse = Callable[..., tuple[int, list[Any], str]]


@pytest.mark.parametrize(("stage", "mode"), EXPECTED)
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_all_stages_in_both_modes(
    parse: Parse, stage: str, mode: str, more: tuple[str, ...]
) -> None:
    done = parse(STAGES[stage], "--stage", stage, "--mode", mode, *more)
    assert done == (0, EXPECTED[stage, mode], "")


def test_improved_is_the_default(parse: Parse) -> None:
    assert parse(ANSWERS, "--stage", "classification")[1] == EXPECTED["classification", "improved"]


def test_the_sample_of_five_depends_on_the_instruction_alone(parse: Parse) -> None:
    text = "\n".join(f"Class label: l{n}\nx{n}" for n in range(9))
    rows = [{"text": text, "instruction": name} for name in ("a", "b", "a", "\ud83d")]
    code, lines, _ = parse([*rows, {"text": text}], "--stage", "output-first")
    taken = ["".join(one["input"] for one in line["instances"]) for line in lines]
    assert code == 0
    assert taken == ["x3x4x6x7x8", "x1x5x6x7x8", "x3x4x6x7x8", "x2x3x4x7x8", "x0x3x5x7x8"]
    assert [len(line["instances"]) for line in lines] == [5] * 5
    assert {one["reason"] for one in lines[0]["dropped"]} == {"over_limit"}


def test_stop_sequences_are_not_applied_again(parse: Parse) -> None:
    row = {"text": " Name two wars of 1916. Add dates.\n10. Sing to me now\n16. Dance with me now"}
    for mode in ("paper", "improved"):
        _, lines, _ = parse([row], "--stage", "instructions", "--mode", mode)
        last = lines[0]["candidates"][-1]["instruction"]
        assert last.endswith("ance with me now")


def test_novelty_runs_through_the_file(parse: Parse, tmp_path: Path) -> None:
    seeds = written(tmp_path / "seeds.jsonl", SEEDS)
    rows = [{"text": " Count all my blue socks"}, {"text": " Count all my blue socks"}]
    _, lines, _ = parse(rows, "--stage", "instructions", "--pool", seeds)
    first, second = (line["candidates"][0] for line in lines)
    assert (first["kept"], first["score"]) == (True, 0.0)
    assert second == candidate(
        "Count all my blue socks", "too_similar", nearest="Count all my blue socks", score=1.0
    )


def test_nothing_gives_nothing(parse: Parse) -> None:
    for stage in STAGES:
        assert parse("\n \n", "--stage", stage) == (0, [], "")


@pytest.mark.parametrize("stage", list(STAGES))
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ('{"txt": "a"}', "field text: missing; write the response's text, or null."),
        ('{"text": 3}', "field text: is of another type; write a text or null."),
        ('{"text": ["a"]}', "field text: is of another type; write a text or null."),
        (
            '{"text": "a", "finish_reason": 1}',
            "field finish_reason: is of another type; write a text or null.",
        ),
    ],
)
def test_bad_rows_name_line_and_field(parse: Parse, stage: str, bad: str, words: str) -> None:
    done = parse('{"text": "a"}\n\n' + bad, "--stage", stage)
    assert done == (1, [], f"error: in.jsonl, line 3, {words}\n")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"text": "a"}\n"b"', "line 2: not a JSON object; write one object per line."),
        ('{"text": "a"}\n{"te', "line 2: not valid JSON (Unterminated string starting at: "),
        ('[{"text": "a"}]', "line 1: not a JSON object; write one object per line."),
    ],
)
def test_bad_lines(parse: Parse, content: str, words: str) -> None:
    code, lines, error = parse(content, "--stage", "instructions")
    assert (code, lines) == (1, [])
    assert error.startswith(f"error: in.jsonl, {words}")


def test_an_instruction_of_another_type(parse: Parse) -> None:
    done = parse([{"text": "a", "instruction": 1}], "--stage", "input-first")
    words = "error: in.jsonl, line 1, field instruction: is of another type; write a text.\n"
    assert done == (1, [], words)


def test_a_bad_pool(parse: Parse, tmp_path: Path) -> None:
    seeds = written(tmp_path / "seeds.jsonl", [SEEDS[0], {**SEEDS[1], "name": 5}])
    code, lines, error = parse(LISTS, "--stage", "instructions", "--pool", seeds)
    assert (code, lines) == (1, [])
    assert error == "error: seeds.jsonl, line 2, field name: is of type int; write a text.\n"


def test_files_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path, why in ((tmp_path / "none", "No such file or directory"), (tmp_path, "Is a dir")):
        assert main(["parse", str(path), "--stage", "instructions"]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith(f"error: {path}: cannot be read ({why}")


@pytest.mark.parametrize(
    "arguments", [(), ("--stage", "stage-1"), ("--stage", "instructions", "--mode", "fast")]
)
def test_wrong_use(parse: Parse, arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(ANSWERS, *arguments)
    assert caught.value.code == 2
