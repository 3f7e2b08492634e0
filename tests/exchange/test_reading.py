"""Files of instructions and of saved responses, and files that are far too large for either."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from selfinstruct_core.errors import BadInput
from selfinstruct_core.exchange import reading
from selfinstruct_core.exchange.reading import (
    decode,
    filled_lines,
    read_instructions,
    read_json_lines,
    read_text,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.json"


class TestInstructions:
    @pytest.mark.parametrize(
        "content",
        [
            '["a", {"instruction": "ß", "input": 3}, "a"]',
            ' \n[\n"a",\n{"instruction": "\\u00df"},\n"a"\n]\n',
            '\ufeff["a", "ß", "a"]',
            '"a"\n{"instruction": "ß"}\n"a"\n',
            '\ufeff\n{"instruction": "a"}\r\n\r\n{"instruction": "ß"}\r\n \t\n"a"',
        ],
    )
    def test_lists_and_lines_of_texts_and_objects(self, path: Path, content: str) -> None:
        path.write_bytes(content.encode())
        assert read_instructions(path) == ["a", "ß", "a"]

    @pytest.mark.parametrize("content", ["", "\n", "[]", " [ ] "])
    def test_nothing(self, path: Path, content: str) -> None:
        path.write_text(content, "utf-8")
        assert read_instructions(path) == []

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ('["a", 7]', ", item 2, field instruction: is of type int; write a text."),
            ('["a", null]', ", item 2, field instruction: is missing; write a text."),
            ('[{"text": "a"}]', ", item 1, field instruction: is missing; write a text."),
            ('[{"instruction": []}]', ", item 1, field instruction: is of type list; write a"),
            ('["a", ["b"]]', ", item 2, field instruction: is of type list; write a text."),
            ('["a",\n"b"', ": not valid JSON (Expecting ',' delimiter: line 2 column 4 (char 9))."),
            ('"a"\n\n7', ", line 3, field instruction: is of type int; write a text."),
            ('{"instruction": "a"}\n{"i', ", line 2: not valid JSON (Unterminated string"),
            ('{"name": "a"}', ", line 1, field instruction: is missing; write a text."),
            ('{"instruction": {}}', ", line 1, field instruction: is of type dict; write a text."),
            ("true", ", line 1, field instruction: is of type bool; write a text."),
            ("plain text", ", line 1: not valid JSON (Expecting value: line 1 column 1 (char 0))"),
        ],
    )
    def test_refusals(self, path: Path, content: str, words: str) -> None:
        path.write_text(content, "utf-8")
        with pytest.raises(BadInput) as caught:
            read_instructions(path)
        assert str(caught.value).startswith(f"{path}{words}")


class TestJsonLines:
    def test_objects_with_their_places(self, path: Path) -> None:
        path.write_text('{"text": "a"}\n\n \n{"text": null}\n', "utf-8")
        assert read_json_lines(path) == [
            (f"{path}, line 1", {"text": "a"}),
            (f"{path}, line 4", {"text": None}),
        ]

    @pytest.mark.parametrize("line", ['"a"', "[]", "3", "null"])
    def test_what_is_no_object(self, path: Path, line: str) -> None:
        path.write_text('{"text": "a"}\n' + line, "utf-8")
        with pytest.raises(BadInput) as caught:
            read_json_lines(path)
        assert str(caught.value) == (
            f"{path}, line 2: not a JSON object; write one object per line."
        )

    def test_lines_are_numbered_as_an_editor_does(self) -> None:
        rng = random.Random(1)
        for _ in range(3000):
            content = "".join(rng.choice("\n\n\n a\r\u2028\t") for _ in range(rng.randrange(14)))
            expected = [(n, s) for n, s in enumerate(content.split("\n"), 1) if s.strip()]
            assert list(filled_lines(content)) == expected


class TestText:
    @pytest.mark.parametrize(
        ("content", "line"), [(b"\xff", 1), (b"a\nb\nc\xc3", 3), (b"\n\n\n\x80\n\n", 4)]
    )
    def test_not_utf_8(self, content: bytes, line: int) -> None:
        with pytest.raises(BadInput) as caught:
            decode(content, "upload.jsonl")
        assert str(caught.value) == (
            f"upload.jsonl, line {line}: not UTF-8 text; save the file with the encoding UTF-8."
        )

    def test_a_file_above_the_limit(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reading, "LARGEST_FILE", 3 * 2**20)
        path.write_bytes(b"a" * (3 * 2**20))
        assert len(read_text(path)) == 3 * 2**20
        path.write_bytes(b"a" * (3 * 2**20 + 1))
        with pytest.raises(BadInput) as caught:
            read_text(path)
        assert str(caught.value) == f"{path}: larger than 3 MiB; split it."

    def test_directories_and_missing_files(self, tmp_path: Path) -> None:
        for place, why in (
            (tmp_path, "Is a directory"),
            (tmp_path / "none", "No such file or directory"),
        ):
            for read in (read_text, read_instructions, read_json_lines):
                with pytest.raises(BadInput) as caught:
                    read(place)
                assert str(caught.value) == (
                    f"{place}: cannot be read ({why}). Check name and rights."
                )


GARBAGE = {
    "bytes": b"\xff" + random.Random(3).randbytes(999_999),
    "letters": b"lorem ipsum ",
    "brackets": b'{"a":[',
    "digits": b"1",
}
MEASURED = """
import resource, sys, time
from pathlib import Path
from selfinstruct_core.errors import BadInput
from selfinstruct_core.exchange.reading import read_instructions, read_json_lines
from selfinstruct_core.exchange.seed_file import load_seed_file
for read in (load_seed_file, read_json_lines, read_instructions):
    started = time.process_time()
    try:
        read(Path(sys.argv[1]))
    except BadInput as error:
        print(error)
    else:
        print("nothing in it")
    print(time.process_time() - started)
# The peak of this process alone; getrusage begins with that of the one that started it.
status = Path("/proc/self/status")
if status.exists():
    peak = int(status.read_text().split("VmHWM:")[1].split()[0])
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak / 1024)
"""


class TestGarbage:
    @staticmethod
    def messages(path: Path, unit: bytes) -> list[str]:
        """What each reader says of 100 MB of it after two empty lines."""
        chunk = unit * (1_000_000 // len(unit))
        with path.open("wb") as file:
            file.write(b"\n\n")
            for _ in range(100_000_000 // len(chunk)):
                file.write(chunk)
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, str(path)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        path.unlink()
        *said, megabytes = done.stdout.splitlines()
        assert float(megabytes) < 350
        assert all(float(seconds) < 5 for seconds in said[1::2])
        return said[::2]

    @pytest.mark.parametrize("kind", list(GARBAGE))
    def test_is_refused_in_seconds_and_in_bounded_memory(self, path: Path, kind: str) -> None:
        for message in self.messages(path, GARBAGE[kind]):
            assert message.startswith(f"{path}, line 3: not ")
            assert len(message) < 500 + len(str(path))

    def test_empty_lines_hold_nothing(self, path: Path) -> None:
        seeds, *others = self.messages(path, b"\n")
        assert seeds.startswith(f"{path}: holds no seed tasks; ")
        assert others == ["nothing in it"] * 2
