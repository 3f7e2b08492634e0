"""Which program this is: the release, and a fingerprint of the code that is running."""

import hashlib
from functools import cache
from pathlib import Path

from selfinstruct_core import __version__


@cache
def code_version() -> str:
    """The release and the first 12 digits of a hash over the core's source files.

    Workers compare it: after an update, or an edit, the old one makes room for the new.
    """
    folder = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(path.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:12]}"
