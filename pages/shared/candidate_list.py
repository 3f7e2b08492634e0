"""All candidates of a run: a list to search and to page through."""

import pandas as pd
import streamlit as st

from pages.shared.origin_dialog import CANDIDATE, place_in_address
from pages.shared.paging import ask_page, choose_line
from pages.shared.words import REASONS, TASK_STATES
from selfinstruct_core.generation.run_records import count_candidates, newest_candidates
from selfinstruct_core.storage.candidates import (
    KEPT,
    REJECTED,
    CandidateFilter,
    CandidateLine,
)
from selfinstruct_core.storage.database import Database

PAGE = 50
WHICH = {"": "all candidates", KEPT: "kept", REJECTED: "rejected"} | {
    reason.value: f"rejected: {words}" for reason, words in REASONS.items()
}


def show_candidates(database: Database, run_id: int) -> None:
    """The candidates of a run, newest first; a chosen one opens with its origin."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = st.selectbox(
            "Which", list(WHICH), format_func=WHICH.__getitem__, key=f"which-{run_id}", width=260
        )
        contains = st.text_input("Instruction contains", key=f"contains-{run_id}", width=320)
    wanted = CandidateFilter(which, contains.strip())
    total = count_candidates(database, run_id, wanted)
    if not total:
        st.text("No such candidate.")
        return
    page = ask_page(total, PAGE, f"candidates-page-{run_id}-{which}-{contains}")
    lines = newest_candidates(database, run_id, wanted, PAGE, page * PAGE)
    key = f"candidates-{run_id}-{which}-{contains}-{page}"
    line = choose_line(lines, candidate_table(lines), key)
    if line is None:
        st.caption("Choose a row to see where the candidate comes from.")
    elif st.button("Show its origin", icon=":material/account_tree:", key=f"origin-{run_id}"):
        st.query_params[CANDIDATE] = place_in_address(line.ordinal, line.position)
        st.rerun(scope="app")


def candidate_table(lines: list[CandidateLine]) -> pd.DataFrame:
    """The lines as a table."""
    rows = [
        (
            place_in_address(line.ordinal, line.position),
            line.instruction,
            "kept" if line.reason is None else REASONS[line.reason],
            None if line.nearest_score is None else round(line.nearest_score, 2),
            line.nearest_instruction or line.detail,
            "" if line.state is None else TASK_STATES[line.state],
            "yes" if line.is_classification else "",
        )
        for line in lines
    ]
    columns = ["place", "instruction", "verdict", "ROUGE-L", "nearest, or why", "task"]
    return pd.DataFrame(rows, columns=[*columns, "classification"])
