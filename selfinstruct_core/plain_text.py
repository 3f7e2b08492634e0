"""Text that every database can hold and every encoder can write."""

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text with each NUL and lone surrogate, which servers do send, replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)
