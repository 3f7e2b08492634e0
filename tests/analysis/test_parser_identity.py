"""The name of what reads verbs and nouns changes with the model and with the rules."""

import shutil
from pathlib import Path

import pytest

from selfinstruct_core.analysis import parser_identity
from selfinstruct_core.analysis.parser_identity import bundled_identity
from selfinstruct_core.analysis.parsers import BUNDLED


def test_every_module_that_reads_is_part_of_it() -> None:
    folder = Path(parser_identity.__file__).parent
    reading = {path.stem for path in folder.glob("*.py")} & set(parser_identity._RULES)
    assert reading == set(parser_identity._RULES)
    imported = {
        line.split()[1].rsplit(".", 1)[1]
        for name in parser_identity._RULES
        for line in (folder / f"{name}.py").read_text("utf-8").splitlines()
        if line.startswith("from selfinstruct_core.analysis.")
    }
    assert imported <= reading


def test_it_changes_with_a_file_of_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = bundled_identity()
    copy = tmp_path / BUNDLED.name
    shutil.copytree(BUNDLED, copy)
    monkeypatch.setattr(parser_identity, "BUNDLED", copy)
    bundled_identity.cache_clear()
    assert bundled_identity() == known
    with (copy / "parser" / "cfg").open("ab") as file:
        file.write(b" ")
    bundled_identity.cache_clear()
    assert bundled_identity() != known
    bundled_identity.cache_clear()
