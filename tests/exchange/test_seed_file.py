"""Seed files: read whole, or refused with file, line and field."""

import json
from pathlib import Path
from typing import Any

import pytest

from selfinstruct_core.errors import BadInput
from selfinstruct_core.exchange.seed_file import SHIPPED_SEEDS, load_seed_file, read_seed_tasks
from selfinstruct_core.models import Instance, SeedTask

FORMAT = (
    '{"id": ..., "name": ..., "instruction": ..., "instances": [{"input": ..., "output": ...}], '
    '"is_classification": ...}'
)


def row(number: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"seed_task_{number}",
        "name": "say_it",
        "instruction": f"Say it {number} times.",
        "instances": [{"input": "", "output": "It."}],
        "is_classification": False,
        **changes,
    }


def lines(*rows: object) -> str:
    return "".join(json.dumps(one) + "\n" for one in rows)


def refusal(path: Path, content: str | bytes) -> str:
    """What the file's error says after its name."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadInput) as caught:
        load_seed_file(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "seeds.jsonl"


class TestGoodFiles:
    def test_all_fields(self, path: Path) -> None:
        path.write_text(
            lines(
                row(7, instances=[{"input": " a ", "output": "b\n"}, {"input": "", "output": "ß"}]),
                row(2, is_classification=True, further="ignored"),
            ),
            "utf-8",
        )
        assert load_seed_file(path) == (
            SeedTask(
                "seed_task_7",
                "say_it",
                "Say it 7 times.",
                (Instance(" a ", "b\n"), Instance("", "ß")),
                False,
            ),
            SeedTask("seed_task_2", "say_it", "Say it 2 times.", (Instance("", "It."),), True),
        )

    @pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
    @pytest.mark.parametrize("end", [b"\n", b"\r\n"])
    @pytest.mark.parametrize("between", [b"", b" \t"])
    def test_files_of_other_editors(
        self, path: Path, start: bytes, end: bytes, between: bytes
    ) -> None:
        rows = [json.dumps(row(n), ensure_ascii=False).encode() for n in range(3)]
        path.write_bytes(start + end.join([between, rows[0], between, rows[1], rows[2], between]))
        assert [seed.id for seed in load_seed_file(path)] == [f"seed_task_{n}" for n in range(3)]

    def test_without_a_line_s_end_and_with_odd_separators(self, path: Path) -> None:
        # Only \n ends a line of JSON Lines.
        odd = "one\u2028two\u0085three"
        path.write_text(json.dumps(row(instruction=odd), ensure_ascii=False), "utf-8")
        assert load_seed_file(path)[0].instruction == odd

    def test_the_shipped_seeds(self) -> None:
        seeds = load_seed_file(SHIPPED_SEEDS)
        assert len(seeds) == 175
        assert sum(seed.is_classification for seed in seeds) == 25


class TestRefusals:
    @pytest.mark.parametrize(
        ("rows", "words"),
        [
            ([row(id=None)], ", line 1, field id: is of type NoneType; write a text."),
            ([row(id=7)], ", line 1, field id: is of type int; write a text."),
            ([row(id=" ")], ", line 1, field id: is empty; write a text."),
            ([row(), row()], ', line 2, field id: "seed_task_0" stands in line 1 already; give'),
            ([row(name=["x"])], ", line 1, field name: is of type list; write a text."),
            ([row(), row(1, instruction="")], ", line 2, field instruction: is empty; write a"),
            ([row(instruction=" \n")], ", line 1, field instruction: is empty; write a text."),
            ([row(instruction=True)], ", line 1, field instruction: is of type bool; write a"),
            ([row(instances=[])], ", line 1, field instances: is empty; write one instance or"),
            ([row(instances={})], ", line 1, field instances: is of type dict; write a list of"),
            ([row(instances=["x"])], ", line 1, field instances: holds no {input, output} objects"),
            (
                [row(instances=[{"output": "x"}])],
                ", line 1, instance 1, field input: missing; write a text.",
            ),
            (
                [row(instances=[{"input": "", "output": "x"}, {"input": "y"}])],
                ", line 1, instance 2, field output: missing; write a text.",
            ),
            (
                [row(instances=[{"input": None, "output": "x"}])],
                ", line 1, instance 1, field input: is of type NoneType; write a text.",
            ),
            (
                [row(instances=[{"input": "x", "output": ""}])],
                ", line 1, instance 1, field output: is empty; write a text.",
            ),
            (
                [row(is_classification="false")],
                ", line 1, field is_classification: is of type str; write true or false.",
            ),
            (
                [row(is_classification=0)],
                ", line 1, field is_classification: is of type int; write true or false.",
            ),
            ([[row()]], f", line 1: not a JSON object; write {FORMAT}."),
            ([row(), "text"], f", line 2: not a JSON object; write {FORMAT}."),
            ([row(), None], f", line 2: not a JSON object; write {FORMAT}."),
        ],
    )
    def test_a_wrong_value(self, path: Path, rows: list[object], words: str) -> None:
        assert words in refusal(path, lines(*rows))

    @pytest.mark.parametrize(
        "field", ["id", "name", "instruction", "instances", "is_classification"]
    )
    def test_a_missing_field(self, path: Path, field: str) -> None:
        broken = row(3)
        del broken[field]
        message = refusal(path, "\n" + lines(row(1)) + "\r\n" + lines(row(2), broken))
        # Empty lines count.
        assert message.startswith(f", line 5, field {field}: missing; write ")

    @pytest.mark.parametrize("size", [1, 60, 130])
    def test_a_torn_last_line(self, path: Path, size: int) -> None:
        message = refusal(path, lines(row(1), row(2)) + json.dumps(row(3))[:size])
        assert message.startswith(", line 3: not a complete JSON object (")
        assert message.endswith(f"Write each task on one line as {FORMAT}.")

    def test_a_torn_character(self, path: Path) -> None:
        whole = lines(row(1)).encode() + json.dumps(row(2, name="ß"), ensure_ascii=False).encode()
        message = refusal(path, whole[: whole.index("ß".encode()) + 1])
        assert message == ", line 2: not UTF-8 text; save the file with the encoding UTF-8."

    @pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "cp1252"])
    def test_other_encodings(self, path: Path, encoding: str) -> None:
        text = lines(row(1)) + json.dumps(row(2, name="größe"), ensure_ascii=False)
        line = 1 if encoding == "utf-16" else 2
        assert refusal(path, text.encode(encoding)) == (
            f", line {line}: not UTF-8 text; save the file with the encoding UTF-8."
        )

    def test_a_json_list_is_not_json_lines(self, path: Path) -> None:
        message = refusal(path, json.dumps([row(1), row(2)], indent=1))
        assert message.startswith(", line 1: not a complete JSON object (")

    @pytest.mark.parametrize("content", ["", "\n\n", " \r\n", "\ufeff"])
    def test_nothing(self, path: Path, content: str) -> None:
        assert refusal(path, content) == (f": holds no seed tasks; write one per line as {FORMAT}.")

    @pytest.mark.parametrize("escape", ["\\ud83d", "\\u0000"])
    def test_what_no_database_holds(self, path: Path, escape: str) -> None:
        content = json.dumps(row(instruction="HERE it is")).replace("HERE", escape)
        assert refusal(path, content).startswith(", line 1, field instruction: holds a NUL or half")

    def test_a_directory(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput) as caught:
            load_seed_file(tmp_path)
        assert str(caught.value) == (
            f"{tmp_path}: cannot be read (Is a directory). Check name and rights."
        )

    def test_no_file(self, path: Path) -> None:
        with pytest.raises(BadInput) as caught:
            load_seed_file(path)
        assert str(caught.value) == (
            f"{path}: cannot be read (No such file or directory). Check name and rights."
        )

    def test_a_text_names_where_it_came_from(self) -> None:
        with pytest.raises(BadInput, match=r"^upload\.jsonl, line 2, field id: is empty"):
            read_seed_tasks(lines(row(1), row(2, id="")), "upload.jsonl")
