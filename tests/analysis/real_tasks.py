"""Alpaca's instructions as tasks, where the real data is there, and the mark of tests of it."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from selfinstruct_core.analysis.data_set import AnalysedTask
from selfinstruct_core.models import Instance

DATA = Path(
    os.environ.get("STUDIO_TEST_DATA") or Path(__file__).parents[2].parent / "shared" / "data"
)
ALPACA = DATA / "alpaca" / "alpaca_5000.json"
needs_real_data = pytest.mark.skipif(
    not ALPACA.is_file(), reason=f"no real data at {DATA} (set STUDIO_TEST_DATA)"
)


def task(id_: int, instruction: str, *instances: tuple[str, str], clf: bool | None = None) -> Any:
    """A task with instances as pairs of input and output."""
    return AnalysedTask(id_, instruction, tuple(Instance(*pair) for pair in instances), clf)


@cache
def alpaca_rows() -> tuple[dict[str, str], ...]:
    """The rows of the file."""
    return tuple(json.loads(ALPACA.read_text("utf-8")))


@cache
def alpaca() -> tuple[AnalysedTask, ...]:
    """The same as tasks, numbered from 1,000,000: no place in the file is an id."""
    return tuple(
        task(1_000_000 + n, row["instruction"], (row["input"], row["output"]))
        for n, row in enumerate(alpaca_rows())
    )


def instructions_of(name: str) -> list[str]:
    """The instructions of a JSONL file of the real data."""
    lines = (DATA / name).read_text("utf-8").split("\n")
    return [json.loads(line)["instruction"] for line in lines if line]
