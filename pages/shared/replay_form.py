"""Reading a run again with other filters: first what would change, then the data set."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from pages.shared.new_run import MODES, ask_filters
from pages.shared.notices import shown_problems
from pages.shared.words import VERDICTS, exact_time
from selfinstruct_core.generation.preview import KEPT, Preview, preview_replay
from selfinstruct_core.generation.replay import replay_run
from selfinstruct_core.generation.run_overview import run_overview
from selfinstruct_core.generation.run_records import list_derivations
from selfinstruct_core.models import Mode
from selfinstruct_core.storage.database import Database

SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Compared:
    """The settings that were compared, with what they would change."""

    mode: Mode
    filters: dict[str, Any]
    preview: Preview


def show_replay(database: Database, run_id: int) -> None:
    """Ask for other filters, show what they would change, and make the data set on request."""
    settings = run_overview(database, run_id).settings
    st.text("Nothing is sent: the stored responses are read again. The run itself stays as it is.")
    with st.form(f"replay-form-{run_id}", border=False):
        mode = st.selectbox(
            "Mode of reading",
            list(MODES),
            index=list(MODES).index(settings.mode),
            format_func=MODES.__getitem__,
            width=380,
        )
        filters = ask_filters(settings.filters)
        compare = st.form_submit_button("Compare", icon=":material/difference:")
    # What is compared may be lost: it is computed again from the stored responses.
    key = f"compared-{run_id}"
    if compare:
        st.session_state.pop(key, None)
        with shown_problems("Nothing was compared"), st.spinner("Reading the responses again"):
            preview = preview_replay(database, run_id, mode, filters)
            st.session_state[key] = Compared(mode, filters, preview)
    compared: Compared | None = st.session_state.get(key)
    if compared is not None:
        show_preview(compared.preview)
        if st.button("Make this data set", type="primary", key=f"make-replay-{run_id}"):
            make_replay(database, run_id, compared)
            del st.session_state[key]
    show_derivations(database, run_id)


def make_replay(database: Database, run_id: int, compared: Compared) -> None:
    """Store the replay that was compared."""
    with shown_problems("The data set was not made"), st.spinner("Making the data set"):
        made = replay_run(database, run_id, compared.mode, compared.filters)
        st.success(f"Replay {made.number:d} is stored: {made.counts.kept:,} tasks kept.")


def show_preview(preview: Preview) -> None:
    """What would change: verdicts counted and listed, then tasks that would differ."""
    names = list({**preview.before, **preview.after})
    rows = [
        (
            VERDICTS[name],
            preview.before.get(name, 0),
            preview.after.get(name, 0),
            preview.after.get(name, 0) - preview.before.get(name, 0),
        )
        for name in names
    ]
    columns = ["verdict", "in the run", "with these filters", "change"]
    st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True)
    changes = preview.verdicts
    if not changes and not preview.changed:
        st.text("No verdict and no task would change.")
        return
    st.text(
        f"{len(changes):,} candidates would be judged otherwise; {len(preview.changed):,} tasks "
        f"kept in both would have another class or other instances; {preview.not_asked:,} tasks "
        "would have no instances, because the model was never asked for them."
    )
    listed = [
        (VERDICTS[one.before], VERDICTS[one.after], one.instruction) for one in changes[:SHOWN]
    ] + [(VERDICTS[KEPT], "other instances", text) for text in preview.changed[:SHOWN]]
    columns = ["in the run", "with these filters", "instruction"]
    st.dataframe(pd.DataFrame(listed, columns=columns), hide_index=True)
    if max(len(changes), len(preview.changed)) > SHOWN:
        st.caption(f"The first {SHOWN:,} of each kind are listed.")


def show_derivations(database: Database, run_id: int) -> None:
    """The readings that are stored, the run's own first."""
    rows = [
        (
            "the run itself" if one.number == 1 else f"replay {one.number}",
            one.settings["mode"],
            one.settings["filters"]["threshold"],
            one.kept,
            exact_time(one.created_at),
            one.digest or "",
        )
        for one in list_derivations(database, run_id)
    ]
    st.caption("Stored readings of this run")
    columns = ["reading", "mode", "threshold", "kept", "made", "digest"]
    st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True)
