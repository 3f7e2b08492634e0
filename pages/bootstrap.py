"""Bootstrap: start a run, see the runs, watch one live."""

import streamlit as st

from pages.shared.connection import studio_database
from pages.shared.new_run import forms_sent, show_new_run_form
from pages.shared.notices import shown_problems
from pages.shared.run_view import show_run
from pages.shared.words import exact_time, model_name
from selfinstruct_core.generation.runs import ENDED, RunLine, list_runs
from selfinstruct_core.storage.database import Database

LISTED = 50
LONGEST_NUMBER = 18  # digits of a row's number
LIVE_SECONDS = 2.0


def line_title(line: RunLine) -> str:
    """A run in one line of the list."""
    # Nothing that changes while it runs: the browser keeps the text of the chosen line.
    return (
        f"Run {line.id} · {line.settings.target:,} tasks · {model_name(line.endpoint)} · "
        f"{line.project} · {exact_time(line.created_at)}"
    )


def asked_run() -> int | None:
    """The number of the run that the address names, 0 when what it names is no number."""
    asked = st.query_params.get("run")
    if asked is None:
        return None
    return int(asked) if asked.isdecimal() and len(asked) <= LONGEST_NUMBER else 0


def runs_to_choose(database: Database, asked: int | None) -> list[RunLine]:
    """The newest runs, as far back as the one that the address names."""
    lines = list_runs(database, LISTED)
    if lines and asked and asked < lines[-1].id:
        return list_runs(database, lines[0].id - asked + 1)
    return lines


def choose_run(lines: list[RunLine], asked: int | None) -> RunLine:
    """The run that the address names, else the newest; the choice goes into the address, so
    that the page can be opened elsewhere."""
    by_id = {line.id: line for line in lines}
    first = asked if asked in by_id else lines[0].id
    # A key per address: a link to another run must not be overruled by an older choice.
    chosen = st.selectbox(
        "Run",
        list(by_id),
        index=list(by_id).index(first),
        format_func=lambda id_: line_title(by_id[id_]),
        key=f"run-{first}",
    )
    if asked is None or chosen != first:
        st.query_params["run"] = str(chosen)
    elif asked != first:
        st.text("There is no run of the number in the address; this is the newest one.")
    return by_id[chosen]


def show_page(database: Database) -> None:
    """The form for a new run, then the chosen run."""
    asked = asked_run()
    lines = runs_to_choose(database, asked)
    with st.expander("New run", expanded=not lines, key=f"new-run-{forms_sent()}"):
        show_new_run_form(database)
    if not lines:
        st.text("No run yet. Press Start: the built-in demo model needs no key and no server.")
        return
    line = choose_run(lines, asked)
    live = line.state not in ENDED
    st.fragment(show_run, run_every=LIVE_SECONDS if live else None)(database, line.id, live)


st.title("Bootstrap")
with shown_problems("The database cannot be used"):
    show_page(studio_database())
