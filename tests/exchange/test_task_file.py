"""Files of instruction data: read whole, or refused with file, place and field."""

import json
from typing import Any

import pytest

from selfinstruct_core.errors import BadInput
from selfinstruct_core.exchange import task_file
from selfinstruct_core.exchange.importing import tasks_digest
from selfinstruct_core.exchange.reading import decode
from selfinstruct_core.exchange.task_file import read_tasks
from selfinstruct_core.models import (
    Drop,
    DroppedInstance,
    ImportedTask,
    Instance,
    InstanceReading,
)

COLUMNS = "Write instruction, input (may be empty) and output into each row."


def lines(*rows: object) -> str:
    return "".join(json.dumps(one) + "\n" for one in rows)


def row(**changes: Any) -> dict[str, Any]:
    return {"instruction": "Say it.", "output": "It.", **changes}


def one(instruction: str = "Say it.", *instances: tuple[str, str], **more: Any) -> ImportedTask:
    reading = InstanceReading(tuple(Instance(*pair) for pair in instances))
    return ImportedTask(instruction, reading, **more)


def refusal(content: str) -> str:
    """What the error says after the file's name."""
    with pytest.raises(BadInput) as caught:
        read_tasks(content, "data.json")
    message = str(caught.value)
    assert message.startswith("data.json")
    return message.removeprefix("data.json")


class TestGoodFiles:
    @pytest.mark.parametrize("write", [lines, lambda *rows: json.dumps(rows, indent=1)])
    def test_lines_and_lists(self, write: Any) -> None:
        content = write(row(), row(instruction="Say ü.", input="x", is_classification=True))
        assert read_tasks(content, "data.json") == (
            one("Say it.", ("", "It.")),
            one("Say ü.", ("x", "It."), is_classification=True),
        )

    @pytest.mark.parametrize("input_", ["input", "context"])
    @pytest.mark.parametrize("output", ["output", "response", "target", "completion"])
    def test_names_of_columns(self, input_: str, output: str) -> None:
        content = lines({"instruction": " Say it.\n", input_: "a", output: "b", "category": 3})
        assert read_tasks(content, "data.json") == (one(" Say it.\n", ("a", "b")),)

    def test_the_seed_format(self) -> None:
        instances = [{"input": "3", "output": "odd"}, {"input": "4", "output": "even"}]
        rows = (
            {"id": "s1", "name": "odd", "instruction": "Odd?", "instances": instances},
            {"id": 7, "instruction": "None.", "instances": [], "is_classification": None},
        )
        assert read_tasks(lines(*rows), "data.json") == (
            one("Odd?", ("3", "odd"), ("4", "even"), source_id="s1", name="odd"),
            one("None.", source_id="7"),
        )

    @pytest.mark.parametrize("output", ["", " \n", None])
    def test_a_task_without_an_output(self, output: str | None) -> None:
        reading = InstanceReading((), (DroppedInstance("a", "", Drop.EMPTY_OUTPUT),))
        content = lines(row(input="a", output=output))
        assert read_tasks(content, "data.json") == (ImportedTask("Say it.", reading),)

    def test_two_columns_of_one_meaning_of_which_one_is_filled(self) -> None:
        content = lines(row(response="", input=None, context="c"))
        assert read_tasks(content, "data.json") == (one("Say it.", ("c", "It.")),)

    def test_the_limits_themselves(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("MOST_TASKS", "LONGEST_INSTRUCTION", "LONGEST_TEXT"):
            monkeypatch.setattr(task_file, name, 3)
        rows = [{"instruction": "abc", "output": "abc"}] * 3
        assert len(read_tasks(lines(*rows), "data.json")) == 3


class TestBadFiles:
    @pytest.mark.parametrize("content", ["", "\n \n", "[]", "\ufeff"])
    def test_empty(self, content: str) -> None:
        assert refusal(content.removeprefix("\ufeff")) == f": holds no tasks. {COLUMNS}"

    def test_a_torn_line(self) -> None:
        whole = lines(row(), row())
        said = refusal(whole[:-9])
        assert said.startswith(", line 2: not valid JSON (")
        assert said.endswith("). Correct or remove it.")
        assert refusal("[" + json.dumps(row())).startswith(": not valid JSON (Expecting")

    def test_another_encoding(self) -> None:
        for content in (b'{"a": 1}\n"\xfc"', '{"a": 1}\n'.encode("utf-16")):
            with pytest.raises(BadInput, match="not UTF-8 text; save the file with"):
                decode(content, "data.json")

    @pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000])
    def test_endless_depth(self, deep: str) -> None:
        assert "not valid JSON" in refusal(deep)

    @pytest.mark.parametrize(
        ("changed", "words"),
        [
            ({"instruction": 0}, "instruction: is of type int; write a text."),
            ({"instruction": " \n"}, "instruction: is empty; write a text."),
            ({"instruction": None}, "instruction: is empty; write a text."),
            ({"input": ["a"]}, "input: is of type list; write a text."),
            ({"output": 3.5}, "output: is of type float; write a text."),
            ({"output": "a\0"}, "output: holds a NUL or half a surrogate pair; remove it."),
            ({"input": "\ud800"}, "input: holds a NUL or half a surrogate pair; remove it."),
            (
                {"is_classification": "yes"},
                "is_classification: is of type str; write true or false, or leave it out.",
            ),
            (
                {"response": "Other."},
                "output: differs from response, which means the same; keep one.",
            ),
            ({"instances": []}, "instances: stands beside an output; keep one of the two."),
            (
                {"instances": ["a"], "output": None},
                "instances: is no list of {input, output}; write one.",
            ),
        ],
    )
    @pytest.mark.parametrize("place", ["line", "item"])
    def test_fields(self, changed: dict[str, Any], words: str, place: str) -> None:
        rows = (row(), row(), row(**changed))
        content = lines(*rows) if place == "line" else json.dumps(rows)
        assert refusal(content) == f", {place} 3, field {words}"

    def test_a_field_of_an_instance(self) -> None:
        instances = [{"input": "", "output": "a"}, {"input": ""}]
        assert refusal(lines({"instruction": "a", "instances": instances})) == (
            ", line 1, instance 2, field output: missing (there is input). " + COLUMNS
        )

    def test_other_columns(self) -> None:
        assert refusal(lines({"Instruction": "a", "x" * 50: "b"})) == (
            f", line 1, field instruction: missing (there is Instruction, {'x' * 40}). {COLUMNS}"
        )
        assert refusal(lines({"instruction": "a", "answer": "b"})) == (
            f", line 1, field output: missing (there is instruction, answer). {COLUMNS}"
        )
        assert refusal(lines({})) == (
            f", line 1, field instruction: missing (there is nothing). {COLUMNS}"
        )
        assert "(there is 0, 1, 2, 3, 4, 5, ...)" in refusal(lines(dict.fromkeys("01234567", "")))

    def test_prompt_and_completion(self) -> None:
        assert refusal(lines({"prompt": "Say it.\nInput: a", "completion": "b"})) == (
            ", line 1, field prompt: holds instruction and input in one text, which nobody can "
            f"tell apart again. {COLUMNS}"
        )

    @pytest.mark.parametrize("item", ["text", 3, None, ["a"]])
    def test_rows_that_are_no_objects(self, item: object) -> None:
        assert refusal(json.dumps([row(), item])) == f", item 2: not a JSON object. {COLUMNS}"

    def test_huge_fields(self) -> None:
        for field, most in (("instruction", 100_000), ("input", 1_000_000)):
            assert refusal(lines(row(**{field: "a" * (most + 1)}))) == (
                f", line 1, field {field}: is longer than {most:,} characters; shorten it."
            )

    def test_too_many_rows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(task_file, "MOST_TASKS", 2)
        assert refusal(lines(row(), row(), row(), {})) == (
            ", line 3: more than 2 tasks; split the file."
        )


def test_the_digest_is_that_of_the_tasks() -> None:
    def digest(*rows: object) -> str:
        return tasks_digest(read_tasks(json.dumps(rows), "data.json"))

    known = digest(row(), row(input="a"))
    assert digest(row(further=1), row(context="a")) == known
    others = [
        digest(row()),
        digest(row(input="a"), row()),
        digest(row(), row(input="a", is_classification=False)),
        digest(row(), row(input="a", output="It")),
        digest(row(), row(input="a", id="7")),
    ]
    assert len({known, *others}) == 6
