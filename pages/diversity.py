"""Diversity: what a data set looks like."""

import streamlit as st

from pages.shared.connection import studio_database
from pages.shared.notices import shown_problems
from pages.shared.portrait_view import show_portrait
from pages.shared.words import KINDS, READINGS
from selfinstruct_core.data_sets.catalogue import data_set_key, list_data_sets
from selfinstruct_core.data_sets.measures import (
    MeasureOptions,
    MeasureProgress,
    measure_progress,
    request_measures,
)
from selfinstruct_core.data_sets.portrait import portrait
from selfinstruct_core.errors import NotFound
from selfinstruct_core.exchange.importing import Import, import_tasks
from selfinstruct_core.generation.runs import DEFAULT_PROJECT
from selfinstruct_core.models import DataSet, DataSetKey
from selfinstruct_core.storage.database import Database

LOOK_SECONDS = 2.0
IMPORTED = "imported"
CHOSEN = "set"  # the parameter of the address that names the data set


def asked_key() -> DataSetKey | None:
    """The data set that the address names."""
    try:
        return data_set_key(str(st.query_params.get(CHOSEN, "")))
    except NotFound:
        return None


def choose(found: list[DataSet]) -> DataSet:
    """The data set that the address names, else the newest; the choice goes into the address."""
    by_key = {one.key: one for one in found}
    asked = asked_key()
    first = asked if asked in by_key else found[0].key
    chosen = st.selectbox(
        "Data set",
        list(by_key),
        index=list(by_key).index(first),
        format_func=lambda key: title(by_key[key]),
        key=f"data-set-{first}",
    )
    if asked != chosen:
        st.query_params[CHOSEN] = str(chosen)
    return by_key[chosen]


def title(one: DataSet) -> str:
    """A data set in one line of the list."""
    return f"{one.name} · {KINDS[one.kind]} · {one.tasks:,} tasks · {one.project}"


def show_import(database: Database) -> None:
    """Take a file in as a data set."""
    with st.expander("Import a file"):
        file = st.file_uploader(
            "JSON or JSONL with the columns instruction, input and output", type=["json", "jsonl"]
        )
        pressed = st.button("Import", disabled=file is None)
        if file is not None and pressed:
            with shown_problems("The file was not imported; nothing was stored"):
                made = import_tasks(
                    database, file.getvalue(), file.name, file.name, DEFAULT_PROJECT
                )
                st.query_params[CHOSEN] = f"set-{made.data_set_id}"
                st.session_state[IMPORTED] = made
                st.rerun()
    show_imported(st.session_state.pop(IMPORTED, None))


def show_imported(made: Import | None) -> None:
    """What became of the file, once."""
    if made is None:
        return
    st.success(f"{made.tasks:,} tasks with {made.instances:,} instances are stored.")
    if made.without_output:
        st.text(f"{made.without_output:,} instances were left out, because they have no output.")
    if not made.added:
        st.text(f"This content was here already, as {made.name}.")


def show_measuring(
    database: Database, key: DataSetKey, options: MeasureOptions, missing: int
) -> None:
    """How far measuring is; asks for it where nobody has. When it is over, the page is drawn
    again."""
    progress = measure_progress(database, key, options)
    if progress is None or not (progress.open or progress.error):
        progress = request_measures(database, key, options)
    if progress is None:
        st.rerun(scope="app")
    show_progress(progress, missing)


def show_progress(progress: MeasureProgress, missing: int) -> None:
    """The state of the measuring in words and as a bar."""
    if progress.error:
        st.warning("Measuring failed; the figures below are of what was measured before.")
        st.text(progress.error)
    elif progress.total:
        share = min(1.0, progress.done / progress.total)
        st.progress(share, text=f"Measuring: {progress.done:,} of {progress.total:,}")
    else:
        st.text(f"{missing:,} measurements wait for a worker; runs come first.")


def show_page(database: Database) -> None:
    """The chosen data set in numbers and figures."""
    show_import(database)
    found = [one for one in list_data_sets(database) if one.tasks]
    if not found:
        st.text("No data set yet: import a file here, or start a run on the Bootstrap page.")
        return
    chosen = choose(found)
    reading = st.selectbox(
        "Verbs and objects", list(READINGS), format_func=READINGS.__getitem__, width=460
    )
    options = MeasureOptions(reading)
    with st.spinner("Counting"):
        seen = portrait(database, chosen.key, options)
    if seen.missing:
        measuring = st.fragment(show_measuring, run_every=LOOK_SECONDS)
        measuring(database, chosen.key, options, seen.missing)
    show_portrait(seen)


st.title("Diversity")
with shown_problems("The data set cannot be shown"):
    show_page(studio_database())
