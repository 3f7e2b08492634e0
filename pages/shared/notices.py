"""Telling a person that something went wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from selfinstruct_core.errors import StudioError


def problem(title: str, details: str) -> None:
    """A fixed title and what was said, which may hold text from files or servers: shown as
    plain text, because st.error would format it and load images that it names."""
    st.error(title, icon=":material/error:")
    st.text(details)


@contextmanager
def shown_problems(title: str) -> Iterator[None]:
    """Show what a person can mend instead of raising it; the rest of the page goes on."""
    try:
        yield
    except StudioError as error:
        problem(title, str(error))
