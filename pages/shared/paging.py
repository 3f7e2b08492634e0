"""Paging through a long list whose rows stay on the server, and choosing one of them."""

from collections.abc import Sequence
from typing import TypeVar

import pandas as pd
import streamlit as st

Line = TypeVar("Line")


def ask_page(total: int, size: int, key: str) -> int:
    """Which page of the list to show, from 0."""
    pages = max(1, -(-total // size))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # A page that a shrinking list no longer has would be refused as a value.
        page = st.number_input("Page", 1, pages, key=f"{key}-{pages}", width=130)
        first = (page - 1) * size
        st.caption(f"{first + 1:,} to {min(total, first + size):,} of {total:,}")
    return int(page) - 1


def choose_line(lines: Sequence[Line], table: pd.DataFrame, key: str) -> Line | None:
    """The line whose row a person has chosen in the table, None while there is none."""
    chosen = st.dataframe(
        table, hide_index=True, on_select="rerun", selection_mode="single-row", key=key
    )
    rows = chosen.selection.rows
    return lines[rows[0]] if rows and rows[0] < len(lines) else None
