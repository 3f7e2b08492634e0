"""A name for what reads verbs and nouns, which changes when it may read another thing."""

import hashlib
from functools import cache
from pathlib import Path

from selfinstruct_core.analysis.parsers import BUNDLED

_RULES = ("clauses", "directives", "lemmas", "parsers", "root_verbs", "verb_nouns")


@cache
def bundled_identity() -> str:
    """The name of the bundled model together with the rules that read its parses: the SHA-256
    of their files. Knows them without loading them."""
    rules = Path(__file__).parent
    model = sorted(path for path in BUNDLED.rglob("*") if path.is_file())
    return f"bundled-{_digest([rules / f'{name}.py' for name in _RULES] + model)[:16]}"


def _digest(files: list[Path]) -> str:
    hashed = hashlib.sha256()
    for path in files:
        hashed.update(path.name.encode() + b"\0")
        hashed.update(hashlib.sha256(path.read_bytes()).digest())
    return hashed.hexdigest()
