"""Where a candidate comes from, in a dialog that the address can name."""

import pandas as pd
import streamlit as st

from pages.shared.notices import shown_problems
from pages.shared.request_view import show_exchange
from pages.shared.words import DROPS, REASONS, SAID, STAGES, TASK_STATES
from selfinstruct_core.generation.origin import Origin, RuleSaid, candidate_origin
from selfinstruct_core.models import Instance
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.tasks import PlacedTask

CANDIDATE = "candidate"
"""The parameter of the address, as ORDINAL.POSITION."""
LONGEST_NUMBER = 9


def place_in_address(ordinal: int, position: int) -> str:
    """A candidate's place as the address names it."""
    return f"{ordinal}.{position}"


def asked_place() -> tuple[int, int] | None:
    """The place of the candidate that the address names, None if it names none."""
    parts = str(st.query_params.get(CANDIDATE, "")).split(".")
    if len(parts) != 2 or not all(p.isdecimal() and len(p) <= LONGEST_NUMBER for p in parts):
        return None
    return int(parts[0]), int(parts[1])


def forget_place() -> None:
    """Take the candidate out of the address when its dialog is closed."""
    st.query_params.pop(CANDIDATE, None)


@st.dialog("Origin of a candidate", width="large", on_dismiss=forget_place)
def show_origin_dialog(database: Database, run_id: int, place: tuple[int, int]) -> None:
    """Everything that led to a candidate, and what became of it."""
    with shown_problems("The origin cannot be shown"):
        with st.spinner("Comparing with the pool of that moment"):
            origin = candidate_origin(database, run_id, *place)
        show_candidate(origin)
        show_rules(origin)
        show_neighbours(origin)
        show_parents(origin)
        show_response(origin)
        show_instances(origin)


def show_candidate(origin: Origin) -> None:
    """The instruction and its fate in a line."""
    candidate = origin.candidate
    st.text(candidate.instruction or "(empty)")
    words = [f"run {origin.run.id:d}, response {candidate.ordinal:d}, item {candidate.position:d}"]
    if candidate.reason is not None:
        words.append(f"rejected: {REASONS[candidate.reason]}")
    elif candidate.state is not None:
        words.append(f"kept, {TASK_STATES[candidate.state]}")
        if candidate.is_classification:
            words.append("classification task")
    st.caption(" · ".join(words))


def show_rules(origin: Origin) -> None:
    """What each rule said, in the order of judging."""
    st.markdown("##### Verdicts")
    with st.container(gap="xxsmall"):
        for said, words in SAID.items():
            rules = [one for one in origin.rules if one.said is said]
            if rules:
                st.text(f"{words}: {', '.join(rule_in_words(one) for one in rules)}")


def rule_in_words(one: RuleSaid) -> str:
    """A rule with what it objected to."""
    return f"{REASONS[one.rule]} ({one.detail})" if one.detail else REASONS[one.rule]


def where_from(task: PlacedTask) -> str:
    """A task's own origin in a few words."""
    if task.place is not None:
        return f"machine-made {place_in_address(*task.place)}"
    return f"seed {task.source_id}"


def show_neighbours(origin: Origin) -> None:
    """The most similar tasks of the pool at that moment."""
    st.markdown("##### Nearest in the pool as it was then")
    if not origin.neighbours:
        st.text("Nothing in the pool shared a word with it.")
        return
    rows = [
        (round(one.score, 3), one.task.instruction, where_from(one.task))
        for one in origin.neighbours
    ]
    columns = ["ROUGE-L", "instruction", "from"]
    st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True)


def show_parents(origin: Origin) -> None:
    """The tasks that the prompt showed, each machine-made one with a way to its own origin."""
    st.markdown("##### Tasks that the prompt showed")
    with st.container(gap="xxsmall"):
        for parent in origin.parents:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.text(f"{parent.instruction}  ({where_from(parent)})")
                if parent.place is not None:
                    origin_link(origin.run.id, parent.place)


def origin_link(run_id: int, place: tuple[int, int]) -> None:
    """A way to the origin of a candidate."""
    st.page_link(
        "bootstrap.py",
        label="Origin",
        icon=":material/chevron_right:",
        query_params={"run": str(run_id), CANDIDATE: place_in_address(*place)},
        width="content",
    )


def show_response(origin: Origin) -> None:
    """The response with this candidate set apart, and the request as it was sent."""
    st.markdown("##### Response")
    text = origin.request.text
    if text is None:
        st.text("The reply had no text.")
    elif origin.span is None:
        st.code(text, language=None, wrap_lines=True)
        st.caption("Where the candidate stands in it cannot be told.")
    else:
        start, end = origin.span
        if text[:start].strip():
            st.code(text[:start], language=None, wrap_lines=True)
        with st.container(border=True):
            st.markdown(":blue-badge[this candidate]")
            st.text(text[start:end])
        if text[end:].strip():
            st.code(text[end:], language=None, wrap_lines=True)
    with st.expander("Request and response as sent and received"):
        show_exchange(origin.request)


def show_instances(origin: Origin) -> None:
    """The task's instances, those that were dropped, and the requests they came from."""
    reading = origin.instances
    if reading.instances or reading.dropped:
        st.markdown("##### Instances")
    for number, instance in enumerate(reading.instances, 1):
        show_instance(f"Instance {number:d}", instance)
    for dropped in reading.dropped:
        show_instance(f"Dropped: {DROPS[dropped.reason]}", Instance(dropped.input, dropped.output))
    for request in origin.later:
        with st.expander(f"Request: {STAGES[request.line.stage]}"):
            show_exchange(request)


def show_instance(title: str, instance: Instance) -> None:
    """Input and output as plain text."""
    with st.container(border=True, gap="xxsmall"):
        st.text(title)
        if instance.input:
            st.caption("Input")
            st.text(instance.input)
        st.caption("Output")
        st.text(instance.output)
