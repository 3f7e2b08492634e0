"""Bootstrap: start a run, see the runs, watch one live."""

import streamlit as st

from pages.shared.candidate_list import show_candidates
from pages.shared.connection import studio_database
from pages.shared.new_run import Template, forms_sent, show_new_run_form
from pages.shared.notices import shown_problems
from pages.shared.origin_dialog import (
    CANDIDATE,
    asked_place,
    place_in_address,
    show_origin_dialog,
)
from pages.shared.replay_form import show_replay
from pages.shared.request_view import show_requests
from pages.shared.run_view import COPIED, show_run
from pages.shared.words import exact_time, model_name
from selfinstruct_core.generation.run_overview import ENDED, RunLine, list_runs
from selfinstruct_core.generation.runs import NewRun, new_run_like
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
    return number_in_address("run")


def number_in_address(name: str) -> int | None:
    """The number that a parameter of the address holds, 0 when what it holds is none."""
    asked = st.query_params.get(name)
    if asked is None:
        return None
    return int(asked) if asked.isdecimal() and len(asked) <= LONGEST_NUMBER else 0


def runs_to_choose(database: Database, asked: int | None) -> list[RunLine]:
    """The newest runs, as far back as the one that the address names."""
    lines = list_runs(database, LISTED)
    if lines and asked and asked < lines[-1].id:
        return list_runs(database, lines[0].id - asked + 1)
    return lines


def asked_template(database: Database) -> Template:
    """What the form starts from: the run that the address names, or the defaults."""
    copied = number_in_address(COPIED)
    if copied:
        with shown_problems("The settings cannot be copied"):
            return Template(new_run_like(database, copied), copied)
    return Template(NewRun())


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


def show_records(database: Database, run_id: int, live: bool) -> None:
    """Everything the run holds, to page through and to read again. Nothing of it is looked up
    before it is unfolded."""
    with st.expander("All candidates", key=f"all-candidates-{run_id}", on_change="rerun") as lists:
        if lists.open:
            show_candidates(database, run_id)
    with st.expander("All requests", key=f"all-requests-{run_id}", on_change="rerun") as lists:
        if lists.open:
            show_requests(database, run_id)
    if not live:
        with st.expander("Other filters", key=f"replay-{run_id}", on_change="rerun") as form:
            if form.open:
                show_replay(database, run_id)


def show_page(database: Database) -> None:
    """The form for a new run, then the chosen run."""
    asked = asked_run()
    lines = runs_to_choose(database, asked)
    template = asked_template(database)
    opened = not lines or template.copied is not None
    with st.expander("New run", expanded=opened, key=f"new-run-{forms_sent()}-{template.copied}"):
        if template.copied is not None:
            st.text(f"With the settings of run {template.copied}; change what shall differ.")
        show_new_run_form(database, template)
    if not lines:
        st.text("No run yet. Press Start: the built-in demo model needs no key and no server.")
        return
    line = choose_run(lines, asked)
    live = line.state not in ENDED
    st.fragment(show_run, run_every=LIVE_SECONDS if live else None)(database, line.id, live)
    st.fragment(show_records)(database, line.id, live)
    place = asked_place()
    if place is not None:
        # A link within the page leaves the browser's address as it was; this puts it there.
        st.query_params[CANDIDATE] = place_in_address(*place)
        show_origin_dialog(database, line.id, place)


st.title("Bootstrap")
with shown_problems("The database cannot be used"):
    show_page(studio_database())
