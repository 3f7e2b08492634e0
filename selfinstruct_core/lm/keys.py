"""Keys of endpoints: where they may come from, and never where they go.

A key is named by its variable and read at the moment of use, from the environment or from a
private `.env` file. It is not stored, logged or shown anywhere.
"""

import os
import re
import stat
from pathlib import Path

from dotenv import dotenv_values

from selfinstruct_core.errors import BadInput
from selfinstruct_core.settings import env_file

_ALLOWED = re.compile(r"OPENAI_API_KEY|STUDIO_KEY_[A-Z0-9_]+")


def check_key_name(name: str) -> None:
    """Raise BadInput unless the variable may hold a key. Other variables of the server may hold
    other secrets, which must not be sent to an address that somebody typed in."""
    if not _ALLOWED.fullmatch(name):
        raise BadInput(
            f"{name} cannot be used as a key's variable; name it OPENAI_API_KEY or STUDIO_KEY_... "
            "(capital letters, digits, underscores)."
        )


def read_key(name: str | None) -> str | None:
    """The key that the variable holds, None when no variable is named.

    Raises BadInput when the name is not allowed, the variable is not set anywhere, or the file
    can be read by other users.
    """
    if name is None:
        return None
    check_key_name(name)
    key = os.environ.get(name) or _from_file(env_file()).get(name)
    if not key:
        raise BadInput(
            f"The key {name} is not set. Export it, or write {name}=... into {env_file()} "
            "(readable by you alone: chmod 600)."
        )
    return key


def key_is_set(name: str | None) -> bool:
    """Whether a request could be sent: no key is wanted, or the variable holds one."""
    try:
        read_key(name)
    except BadInput:
        return False
    return True


def _from_file(path: Path) -> dict[str, str | None]:
    if not path.is_file():
        return {}
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadInput(f"{path} can be read by other users; run: chmod 600 {path}")
    return dotenv_values(path, interpolate=False)
