"""One run on screen: where it is, what was kept and rejected, and why."""

from typing import Literal

import pandas as pd
import streamlit as st

from pages.shared.new_run import ask_budget
from pages.shared.notices import problem, shown_problems
from pages.shared.origin_dialog import origin_link
from pages.shared.words import (
    REASONS,
    STAGES,
    STATES,
    TASK_STATES,
    ago,
    duration,
    exact_time,
    model_name,
)
from selfinstruct_core.analysis.run_figures import reasons_figure, yield_figure
from selfinstruct_core.errors import StudioError
from selfinstruct_core.generation.limits import cost_of
from selfinstruct_core.generation.run_overview import (
    ENDED,
    RunOverview,
    run_log,
    run_overview,
    run_yield,
)
from selfinstruct_core.generation.run_records import newest_candidates
from selfinstruct_core.generation.runs import extend_run, pause_run, resume_run, stop_run
from selfinstruct_core.models import Rejection, RunState
from selfinstruct_core.storage.candidates import (
    KEPT,
    REJECTED,
    CandidateFilter,
    CandidateLine,
)
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.ledger import Traffic

LATEST = 8
COPIED = "like"
"""The parameter of the address that names the run whose settings the form shows."""
STATE_COLOURS: dict[RunState, Literal["blue", "red", "gray"]] = {
    RunState.RUNNING: "blue",
    RunState.FAILED: "red",
}


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
    left, right = st.columns(2)
    with left:
        show_reasons(overview)
    with right:
        show_yield(database, overview)
    show_latest(database, run_id)
    show_more(database, overview)


def show_head(database: Database, overview: RunOverview) -> None:
    """What runs, in which state, and the buttons."""
    run, settings = overview.run, overview.settings
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(f"Run {run.id:d}", anchor=False, width="content")
        st.badge(
            "stopping" if overview.stopping else STATES[run.state],
            color=STATE_COLOURS.get(run.state, "gray"),
        )
        show_buttons(database, overview)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(
            f"{model_name(run.endpoint)} · {settings.recipe} · {settings.mode} · "
            f"random seed {settings.seed}",
            width="content",
        )
        began = "started" if run.started_at else "created"
        since = run.started_at or run.created_at
        st.caption(f"{began} {ago(since)}", help=exact_time(since), width="content")
    if run.state is RunState.FAILED:
        problem("The run failed", run.detail)
    elif run.detail:
        st.text(run.detail)


def show_buttons(database: Database, overview: RunOverview) -> None:
    """Pause or stop while it runs; go on when it ended early; another one with its settings."""
    run = overview.run
    show_life_buttons(database, overview)
    if st.button("Copy settings", icon=":material/content_copy:", key=f"copy-{run.id}"):
        st.query_params[COPIED] = str(run.id)
        st.rerun(scope="app")


def show_life_buttons(database: Database, overview: RunOverview) -> None:
    """Pause, stop or resume, as the state allows."""
    run = overview.run
    if run.state not in ENDED:
        ending = overview.stopping
        pause = st.button("Pause", icon=":material/pause:", key=f"pause-{run.id}", disabled=ending)
        stop = st.button("Stop", icon=":material/stop:", key=f"stop-{run.id}", disabled=ending)
        if pause or stop:
            with shown_problems("The run goes on"):
                (stop_run if stop else pause_run)(database, run.id)
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
    with st.container(gap="xxsmall"):
        st.text(f"{traffic_line(overview.traffic)} · {cost_in_words(overview)}")
        counts = overview.counts
        # Another recipe does not ask for the class: none known is not none there.
        known = f"classification tasks {counts.classification:,} · "
        classes = known if overview.settings.classifies else ""
        st.text(
            f"Instances {counts.instances:,} · {classes}"
            f"tasks without a valid instance {counts.no_instance:,} · "
            f"not finished {counts.pending:,}"
        )


def traffic_line(traffic: Traffic) -> str:
    """Requests and tokens; those sent again after a crash or a cut are named when there are any,
    because the server may have billed them twice."""
    again = (
        f", {traffic.repeated:,} sent again after a cut, at most so many billed twice"
        if traffic.repeated
        else ""
    )
    told = traffic.tokens is not None or not traffic.answered
    tokens = f"{traffic.tokens or 0:,} tokens" if told else "tokens not told by the server"
    return (
        f"Requests {traffic.answered:,} ({traffic.in_flight:,} in flight, "
        f"{traffic.failed:,} failed{again}) · {tokens}"
    )


def cost_in_words(overview: RunOverview) -> str:
    """The cost so far and the budget, as far as they are known."""
    cost, budget = overview.cost, overview.run.budget
    words = "cost unknown" if cost is None else f"cost {cost:,.2f}"
    limits = []
    if budget.cost is not None:
        limits.append(f"{budget.cost:,.2f}")
    if budget.requests is not None:
        limits.append(f"{budget.requests:,} requests")
    if budget.seconds is not None:
        limits.append(duration(budget.seconds))
    return f"{words} · budget {', '.join(limits)}" if limits else words


def show_more(database: Database, overview: RunOverview) -> None:
    """Requests by stage, the log, and larger limits for a run that is not under way."""
    with st.expander("Requests by stage"):
        rows = [
            (
                STAGES[one.stage],
                one.requests,
                one.responses,
                one.prompt_tokens,
                one.completion_tokens,
                cost_of(overview.run.endpoint, one.prompt_tokens, one.completion_tokens),
            )
            for one in overview.traffic.stages
        ]
        columns = ["stage", "requests", "responses", "prompt tokens", "completion tokens", "cost"]
        st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True)
    with st.expander("What happened"), st.container(gap="xxsmall"):
        for event in run_log(database, overview.run.id):
            st.text(f"{exact_time(event.at)}  {event.kind.replace('_', ' ')}  {event.words}")
    if overview.run.state in ENDED:
        with st.expander("More tasks, or another budget"):
            show_limits_form(database, overview)


def show_limits_form(database: Database, overview: RunOverview) -> None:
    """A larger target and another budget, with which the run goes on."""
    run, target = overview.run, overview.settings.target
    with st.form(f"limits-{run.id}", border=False):
        with st.container(horizontal=True):
            new_target = st.number_input("Tasks to keep", target, value=target, width=160)
            budget = ask_budget(run.budget)
        if st.form_submit_button("Change and resume"):
            with shown_problems("The run was not changed"):
                extend_run(
                    database,
                    run.id,
                    target=new_target if new_target > target else None,
                    budget=budget,
                )
                resume_run(database, run.id)
                st.rerun(scope="app")


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


def show_yield(database: Database, overview: RunOverview) -> None:
    """How many tasks each response brought, as the pool fills."""
    st.markdown("##### Yield per response")
    bins = run_yield(database, overview.run.id)
    if not bins:
        st.text("No response yet.")
        return
    st.plotly_chart(
        yield_figure(bins),
        key=f"yield-{overview.run.id}",
        config={"displayModeBar": False},
        alt="Bars: kept tasks per response in the order of the responses; the table below has "
        "the numbers.",
    )
    with st.expander("The same numbers as a table"):
        rows = [
            (one.first, one.last, one.candidates, one.kept, one.kept_per_response) for one in bins
        ]
        columns = ["first response", "last", "candidates", "kept", "kept per response"]
        st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True)


def show_latest(database: Database, run_id: int) -> None:
    """The newest candidates, kept and rejected side by side."""
    left, right = st.columns(2)
    with left:
        st.markdown("##### Latest kept")
        kept = newest_candidates(database, run_id, CandidateFilter(KEPT), LATEST)
        for candidate in kept:
            show_kept(run_id, candidate)
        if not kept:
            st.text("Nothing yet.")
    with right:
        st.markdown("##### Latest rejected")
        rejected = newest_candidates(database, run_id, CandidateFilter(REJECTED), LATEST)
        for candidate in rejected:
            show_rejected(run_id, candidate)
        if not rejected:
            st.text("Nothing yet.")


def show_kept(run_id: int, candidate: CandidateLine) -> None:
    """A kept task with its class and its nearest neighbour's score."""
    notes = []
    if candidate.is_classification:
        notes.append("classification")
    if candidate.state is not None:
        notes.append(TASK_STATES[candidate.state])
    if candidate.nearest_score is not None:
        notes.append(f"ROUGE-L {candidate.nearest_score:.2f} to the nearest")
    with st.container(border=True, gap="xxsmall"):
        st.text(candidate.instruction)
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.caption(" · ".join(notes))
            origin_link(run_id, (candidate.ordinal, candidate.position))


def show_rejected(run_id: int, candidate: CandidateLine) -> None:
    """A rejected candidate with the reason and, where there is one, what it resembles."""
    if candidate.reason is None:
        return
    with st.container(border=True, gap="xxsmall"):
        st.text(candidate.instruction or "(empty)")
        near = candidate.nearest_instruction is not None and candidate.nearest_score is not None
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            if near:
                st.caption(f"{REASONS[candidate.reason]} {candidate.nearest_score:.2f}, nearest:")
            else:
                st.caption(REASONS[candidate.reason], width="content")
                st.text(candidate.detail)
            origin_link(run_id, (candidate.ordinal, candidate.position))
        if near:
            st.text(f"≈ {candidate.nearest_instruction}")
