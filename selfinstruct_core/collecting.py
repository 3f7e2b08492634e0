"""Making very many objects at once."""

import contextlib
import gc
import threading
from collections.abc import Iterator

_lock = threading.Lock()
_waiting = 0


@contextlib.contextmanager
def collected_later() -> Iterator[None]:
    """Look for unreachable cycles of objects after this and not during it.

    Python looks again and again while objects are made; where a hundred thousand rows become
    objects that all stay, this takes as long as making them. May be used by threads at once.
    """
    global _waiting
    with _lock:
        switched_off = gc.isenabled() or _waiting > 0
        if switched_off:
            _waiting += 1
            gc.disable()
    try:
        yield
    finally:
        if switched_off:
            with _lock:
                _waiting -= 1
                if not _waiting:
                    gc.enable()
