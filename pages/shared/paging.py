"""Paging through a long list whose rows stay on the server."""

import streamlit as st


def ask_page(total: int, size: int, key: str) -> int:
    """Which page of the list to show, from 0."""
    pages = max(1, -(-total // size))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # A page that a shrinking list no longer has would be refused as a value.
        page = st.number_input("Page", 1, pages, key=f"{key}-{pages}", width=130)
        first = (page - 1) * size
        st.caption(f"{first + 1:,} to {min(total, first + size):,} of {total:,}")
    return int(page) - 1
