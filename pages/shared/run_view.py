"""One run on screen: where it is, what was kept and rejected, and why."""

import pandas as pd
import streamlit as st

from pages.shared.notices import problem, shown_problems
from pages.shared.words import REASONS, STATES, ago, duration, exact_time, model_name
from selfinstruct_core.analysis.run_figures import reasons_figure
from selfinstruct_core.errors import StudioError
from selfinstruct_core.generation.runs import (
    ENDED,
    RunOverview,
    latest_candidates,
    resume_run,
    run_overview,
    stop_run,
)
from selfinstruct_core.models import Rejection, RunState
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.tasks import LatestCandidate

LATEST = 8


def show_run(database: Database, run_id: int, live: bool) -> None:
    """The run as it is now. When a run that was live has ended, or one that had ended goes on,
    the whole page is drawn again, with or without refreshing."""
    try:
        overview = run_overview(database, run_id)
    except StudioError as error:
        problem("The run cannot be shown", str(error))
        return
    if (overview.run.state not in ENDED) != live:
        st.rerun()
    show_head(database, overview)
    show_progress(overview)
    show_reasons(overview)
    show_latest(database, run_id)


def show_head(database: Database, overview: RunOverview) -> None:
    """What runs, in which state, and the buttons."""
    run, settings = overview.run, overview.settings
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(f"Run {run.id}", width="content")
        st.text(
            f"{model_name(run.endpoint)} · {settings.mode} · seed {settings.seed} · "
            f"{'stopping' if overview.stopping else STATES[run.state]}",
            width="content",
        )
        started = run.started_at or run.created_at
        st.caption(f"started {ago(started)}", help=exact_time(started), width="content")
        show_buttons(database, overview)
    if run.detail:
        st.text(run.detail)


def show_buttons(database: Database, overview: RunOverview) -> None:
    """Stop while it runs; go on when it ended early."""
    run = overview.run
    if run.state not in ENDED:
        pressed = st.button(
            "Stop", icon=":material/stop:", key=f"stop-{run.id}", disabled=overview.stopping
        )
        if pressed:
            with shown_problems("The run was not stopped"):
                stop_run(database, run.id)
                st.rerun()
    elif run.state is not RunState.FINISHED and st.button(
        "Resume", icon=":material/play_arrow:", key=f"resume-{run.id}"
    ):
        with shown_problems("The run was not resumed"):
            resume_run(database, run.id)
            st.rerun()


def show_progress(overview: RunOverview) -> None:
    """How far it is, how fast, what it cost so far."""
    kept, target = overview.derivation.kept, overview.settings.target
    parts = [f"{kept:,} of {target:,} kept"]
    if overview.rate is not None:
        parts.append(f"{overview.rate:.1f} / s")
    if overview.seconds_left is not None and overview.seconds_left > 0:
        parts.append(f"about {duration(overview.seconds_left)} left")
    st.progress(min(1.0, kept / target), text=" · ".join(parts))
    traffic, counts = overview.traffic, overview.counts
    tokens = "unknown" if traffic.tokens is None else f"{traffic.tokens:,}"
    st.text(
        f"Requests {traffic.answered:,} ({traffic.in_flight:,} in flight, "
        f"{traffic.failed:,} failed) · {tokens} tokens"
    )
    st.text(
        f"Instances {counts.instances:,} · classification tasks {counts.classification:,} · "
        f"tasks without a valid instance {counts.no_instance:,} · not finished {counts.pending:,}"
    )


def show_reasons(overview: RunOverview) -> None:
    """Kept and rejected as a chart, with the same numbers as a table."""
    rejected = {
        REASONS[Rejection(reason)]: count for reason, count in overview.counts.rejected.items()
    }
    kept = overview.derivation.kept
    st.markdown("##### Kept and rejected")
    if not kept and not rejected:
        st.text("No candidate yet.")
        return
    st.plotly_chart(
        reasons_figure(kept, rejected),
        key=f"reasons-{overview.run.id}",
        config={"displayModeBar": False},
        alt="Bars: candidates kept and rejected by reason; the table below has the numbers.",
    )
    with st.expander("The same numbers as a table"):
        rows = [("kept", kept), *sorted(rejected.items(), key=lambda item: -item[1])]
        st.dataframe(pd.DataFrame(rows, columns=["what", "candidates"]), hide_index=True)


def show_latest(database: Database, run_id: int) -> None:
    """The newest candidates, kept and rejected side by side."""
    left, right = st.columns(2)
    with left:
        st.markdown("##### Latest kept")
        kept = latest_candidates(database, run_id, kept=True, limit=LATEST)
        for candidate in kept:
            show_kept(candidate)
        if not kept:
            st.text("Nothing yet.")
    with right:
        st.markdown("##### Latest rejected")
        rejected = latest_candidates(database, run_id, kept=False, limit=LATEST)
        for candidate in rejected:
            show_rejected(candidate)
        if not rejected:
            st.text("Nothing yet.")


def show_kept(candidate: LatestCandidate) -> None:
    """A kept task with its class and its nearest neighbour's score."""
    notes = []
    if candidate.is_classification:
        notes.append("classification")
    if candidate.state is not None:
        notes.append(candidate.state.replace("_", " "))
    if candidate.nearest_score is not None:
        notes.append(f"nearest {candidate.nearest_score:.2f}")
    with st.container(border=True, gap="xxsmall"):
        st.text(candidate.instruction)
        st.caption(" · ".join(notes))


def show_rejected(candidate: LatestCandidate) -> None:
    """A rejected candidate with the reason and, where there is one, what it resembles."""
    if candidate.reason is None:
        return
    with st.container(border=True, gap="xxsmall"):
        st.text(candidate.instruction or "(empty)")
        if candidate.nearest_instruction is not None and candidate.nearest_score is not None:
            st.caption(f"{REASONS[candidate.reason]} {candidate.nearest_score:.2f}, nearest:")
            st.text(f"≈ {candidate.nearest_instruction}")
        else:
            st.caption(REASONS[candidate.reason])
            if candidate.detail:
                st.text(candidate.detail)
