"""A press of a button that is carried out once, however often it is pressed."""

from collections.abc import Callable
from threading import Lock

import streamlit as st


class Presses:
    """What the presses of one session gave, by their names."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._given: dict[str, int] = {}

    def once(self, name: str, do: Callable[[], int]) -> int:
        with self._lock:
            if name not in self._given:
                self._given[name] = do()
            return self._given[name]


def once(name: str, do: Callable[[], int]) -> int:
    """What the press of that name gave, carried out at the first call only.

    A second press makes Streamlit start over in another thread while the first one is still
    being carried out.
    """
    presses: Presses = st.session_state.setdefault("presses", Presses())
    return presses.once(name, do)
