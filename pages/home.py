"""Home: what is here, the one next step, the latest runs."""

import streamlit as st

from pages.shared.connection import studio_database
from pages.shared.notices import shown_problems
from pages.shared.presses import once
from pages.shared.words import STATES, ago, exact_time, model_name
from selfinstruct_core.generation.recipe import default_settings, with_changes
from selfinstruct_core.generation.run_overview import RunLine, list_runs
from selfinstruct_core.generation.runs import NewRun, start_run
from selfinstruct_core.settings import ROOT
from selfinstruct_core.storage.holdings import Holdings, holdings

FIRST_RUN = "first-run"
FIRST_RUN_TASKS = 20
READING_WIDTH = 640  # pixels, in which a line of text has 65 to 80 characters


def show_welcome() -> None:
    """An empty studio: what it is for, and one button."""
    st.text(
        "From a small pool of tasks written by people, a language model invents new ones. "
        "Filters keep what is new and usable, and what is kept joins the pool. "
        "Nothing is here yet: start with a short run of the built-in demo model, which replays "
        "written examples and needs no key and no server.",
        width=READING_WIDTH,
    )
    st.image(
        ROOT / "docs" / "loop.svg",
        width=720,
        alt="Tasks sampled from the pool make a prompt; the language model writes candidates; "
        "filters keep what is new and usable; instances are written for what is kept, and it "
        "joins the pool.",
    )
    label = f"Run {FIRST_RUN_TASKS} tasks with the demo model"
    st.button(label, type="primary", on_click=start_first_run)


def start_first_run() -> None:
    """Start it, and leave its number for the page, which goes there. As a callback, because a
    quick second press finds a page that has a run already, and no button."""
    settings = with_changes(default_settings(), {"target": FIRST_RUN_TASKS})
    new = NewRun(settings=settings)
    with shown_problems("The run was not started"):
        st.session_state[FIRST_RUN] = once("first run", lambda: start_run(studio_database(), new))


def show_holdings(held: Holdings) -> None:
    """What the studio holds, in numbers."""
    numbers = {
        "Seed tasks": held.seed_tasks,
        "Machine-made tasks": held.machine_tasks,
        "Their instances": held.machine_instances,
        "Runs": held.runs,
    }
    with st.container(horizontal=True, gap="medium"):
        for label, value in numbers.items():
            st.metric(label, f"{value:,}", width="content")


def show_runs(lines: list[RunLine]) -> None:
    """The latest runs, each with a way to it."""
    st.subheader("Latest runs")
    for line in lines:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.page_link(
                "bootstrap.py",
                label=f"Run {line.id:d}",
                icon=":material/arrow_forward:",
                query_params={"run": str(line.id)},
            )
            st.text(
                f"{line.kept:,} of {line.settings.target:,} kept · {STATES[line.state]} · "
                f"{model_name(line.endpoint)}"
            )
            st.caption(ago(line.created_at), help=exact_time(line.created_at))


if FIRST_RUN in st.session_state:
    started = st.session_state.pop(FIRST_RUN)
    st.switch_page("bootstrap.py", query_params={"run": str(started)})
st.title("Self-Instruct Studio")
with shown_problems("The database cannot be used"):
    latest = list_runs(studio_database(), limit=5)
    if latest:
        show_holdings(holdings(studio_database()))
        st.page_link(
            "bootstrap.py", label="Next step: start or watch a run", icon=":material/arrow_forward:"
        )
        show_runs(latest)
    else:
        show_welcome()
