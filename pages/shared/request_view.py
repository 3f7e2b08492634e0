"""Requests of a run: the list to page through, and one of them whole."""

import json

import pandas as pd
import streamlit as st

from pages.shared.notices import shown_problems
from pages.shared.paging import ask_page, choose_line
from pages.shared.words import STAGES, exact_time
from selfinstruct_core.generation.run_records import count_requests, list_requests, one_request
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.request_records import RequestLine, RequestRecord

PAGE = 50


def show_requests(database: Database, run_id: int) -> None:
    """The requests of a run, newest first; the chosen one stands below."""
    stage = st.selectbox(
        "Stage",
        [None, *STAGES],
        format_func=lambda one: "all stages" if one is None else STAGES[one],
        key=f"requests-stage-{run_id}",
        width=260,
    )
    total = count_requests(database, run_id, stage)
    if not total:
        st.text("No request yet.")
        return
    page = ask_page(total, PAGE, f"requests-page-{run_id}-{stage}")
    lines = list_requests(database, run_id, stage, PAGE, page * PAGE)
    line = choose_line(lines, request_table(lines), f"requests-{run_id}-{stage}-{page}")
    if line is None:
        st.caption("Choose a row to see the request and its response whole.")
    else:
        show_chosen(database, run_id, line)


def show_chosen(database: Database, run_id: int, line: RequestLine) -> None:
    """A request of the list, whole."""
    with shown_problems("The request cannot be shown"), st.container(border=True):
        show_exchange(one_request(database, run_id, line.stage, line.ordinal))


def request_table(lines: list[RequestLine]) -> pd.DataFrame:
    """The lines as a table."""
    rows = [
        (
            STAGES[line.stage],
            line.ordinal,
            line.instruction or "",
            exact_time(line.planned_at),
            line.attempts,
            "answered" if line.answered else "open",
            line.finish_reason,
            line.prompt_tokens,
            line.completion_tokens,
            line.latency,
        )
        for line in lines
    ]
    columns = [
        *("stage", "number", "about", "planned", "attempts", "state", "finish reason"),
        *("prompt tokens", "completion tokens", "seconds"),
    ]
    return pd.DataFrame(rows, columns=columns)


def show_exchange(record: RequestRecord) -> None:
    """A request as it was sent, with its attempts, and the response as it came."""
    st.caption("Prompt")
    st.code(record.prompt, language=None, wrap_lines=True, height=240)
    st.caption("Parameters sent with it")
    st.code(json.dumps(record.parameters, ensure_ascii=False, indent=1), language="json")
    st.caption("Attempts")
    rows = [
        (
            one.number,
            exact_time(one.sent_at),
            None if one.ended_at is None else one.ended_at - one.sent_at,
            one.outcome.replace("_", " "),
            one.detail,
        )
        for one in record.attempts
    ]
    columns = ["attempt", "sent", "seconds", "outcome", "what the server said"]
    st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True)
    if record.raw is None:
        st.text("Not answered yet.")
        return
    st.caption("Text of the response")
    st.code(record.text or "", language=None, wrap_lines=True, height=240)
    st.caption("Body as received")
    st.code(record.raw, language="json", wrap_lines=True, height=160)
