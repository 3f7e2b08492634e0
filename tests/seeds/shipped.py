"""The tasks that ship, as their files hold them."""

import json
from pathlib import Path
from typing import Any

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
FILES = ("seed_tasks", "demo_tasks", "user_oriented_tasks")

Row = dict[str, Any]


def rows(name: str) -> list[Row]:
    """The rows of a file in order."""
    lines = (SEEDS / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def tasks(name: str) -> list[Row]:
    """The tasks of a file: every row but those that are faulty on purpose."""
    return [row for row in rows(name) if "defect" not in row]


def texts(row: Row) -> list[str]:
    """Everything written in a task."""
    parts = [text for one in row["instances"] for text in (one["input"], one["output"])]
    return [row["instruction"], *parts, *row.get("responses", {}).values()]
