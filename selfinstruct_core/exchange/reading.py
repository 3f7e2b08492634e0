"""Reading text files and the instructions in them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from selfinstruct_core.errors import BadInput

LARGEST_FILE = 512 * 1024 * 1024
"""Bytes; what is larger is not a file that somebody meant to read here."""


def read_text(path: Path) -> str:
    """The text of a UTF-8 file. Raises BadInput naming the file and, in bad bytes, the line."""
    return decode(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises BadInput naming it."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadInput(f"{path}: larger than {LARGEST_FILE // 2**20} MiB; split it.")
        return path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"{path}: cannot be read ({error.strerror}). Check name and rights."
        ) from error


def decode(content: bytes, where: str) -> str:
    """The bytes as UTF-8 text; `where` names them in errors (BadInput)."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadInput(
            f"{where}, line {line}: not UTF-8 text; save the file with the encoding UTF-8."
        ) from error


def filled_lines(content: str) -> Iterator[tuple[int, str]]:
    """The lines that hold something, one after the other, with their numbers from 1."""
    number, last = 1, 0
    for line in re.finditer(r"[^\n]+", content):
        number += content.count("\n", last, line.start())
        last = line.start()
        if line[0].strip():
            yield number, line[0]


def read_instructions(path: Path) -> list[str]:
    """The instructions of a JSON list or of JSON lines, in file order.

    An item is a text, or an object with a text in the field `instruction`. Raises BadInput
    naming the file, the line (in a list: the item) and the field.
    """
    return [_instruction(item, where) for where, item in items(read_text(path), str(path))]


def read_json_lines(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """The objects of a JSON Lines file with the place of each, "FILE, line N". Raises BadInput."""
    objects = []
    for where, item in _lines(read_text(path), str(path)):
        if not isinstance(item, dict):
            raise BadInput(f"{where}: not a JSON object; write one object per line.")
        objects.append((where, item))
    return objects


def items(content: str, where: str) -> Iterator[tuple[str, Any]]:
    """The items of a JSON list or of JSON lines in order, each with its place: "WHERE, item N"
    in a list, else "WHERE, line N". Raises BadInput."""
    if not content.lstrip().startswith("["):
        yield from _lines(content, where)
        return
    try:
        listed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{where}: not valid JSON ({error}). Correct that place.") from error
    for number, item in enumerate(listed, 1):
        yield f"{where}, item {number}", item


def _lines(content: str, where: str) -> Iterator[tuple[str, Any]]:
    for number, line in filled_lines(content):
        place = f"{where}, line {number}"
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{place}: not valid JSON ({error}). Correct or remove it.") from error
        yield place, item


def _instruction(item: Any, where: str) -> str:
    text = item.get("instruction") if isinstance(item, dict) else item
    if not isinstance(text, str):
        found = "missing" if text is None else f"of type {type(text).__name__}"
        raise BadInput(f"{where}, field instruction: is {found}; write a text.")
    return text
