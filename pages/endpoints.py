"""Endpoints: the model servers that runs can ask, and what each of them takes."""

import streamlit as st

from pages.shared.connection import studio_database
from pages.shared.notices import shown_problems
from pages.shared.words import APIS, ago, exact_time
from selfinstruct_core.lm.endpoints import (
    MOST_CONCURRENT,
    KnownEndpoint,
    list_endpoints,
    remove_endpoint,
    save_endpoint,
    test_endpoint,
)
from selfinstruct_core.lm.local_servers import find_local_servers
from selfinstruct_core.models import Endpoint, ProbeReport
from selfinstruct_core.storage.database import Database

KNOWN = {True: "model known", False: "model not in the server's list", None: "models not told"}


def show_endpoint(database: Database, known: KnownEndpoint) -> None:
    """One endpoint with its test."""
    endpoint = known.endpoint
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(endpoint.name, width="content")
            st.text(f"{endpoint.model} at {endpoint.base_url}", width="stretch")
            if st.button("Test connection", key=f"test-{endpoint.name}"):
                with shown_problems("The test was not made"), st.spinner("Asking the server"):
                    test_endpoint(database, endpoint.name)
                    st.rerun()
            if st.button("Remove", key=f"remove-{endpoint.name}"):
                with shown_problems("The endpoint was not removed"):
                    remove_endpoint(database, endpoint.name)
                    st.rerun()
        st.text(facts(known))
        if known.report is not None:
            show_report(known.report)
        if known.tested_at is not None:
            st.caption(f"tested {ago(known.tested_at)}", help=exact_time(known.tested_at))
        else:
            st.caption("not tested yet")


def facts(known: KnownEndpoint) -> str:
    """The settings of an endpoint in one line; of the key only whether it is set."""
    endpoint = known.endpoint
    parts = [APIS[endpoint.api], f"{endpoint.concurrency} requests at once"]
    if endpoint.requests_per_minute is not None:
        parts.append(f"{endpoint.requests_per_minute} a minute")
    if endpoint.price_in is not None and endpoint.price_out is not None:
        parts.append(f"{endpoint.price_in:g} in, {endpoint.price_out:g} out per million tokens")
    else:
        parts.append("no prices: cost unknown")
    if endpoint.key_env is not None:
        parts.append(f"key {endpoint.key_env} {'is set' if known.key_is_set else 'is NOT set'}")
    return " · ".join(parts)


def show_report(report: ProbeReport) -> None:
    """What the last test told."""
    if not report.works:
        reached = "reached, but does not work" if report.reachable else "not reachable"
        st.text(f"{reached}: {report.words}")
        return
    kept = ", which it does not keep to" if report.limit_kept is False else ""
    usage = "tells tokens" if report.tells_usage else "tells no tokens: cost unknown"
    st.text(f"works · {KNOWN[report.model_known]} · {report.token_parameter}{kept} · {usage}")
    st.text(f"accepts {', '.join(report.accepted) or 'no optional parameter'}")
    for name, words in report.refused.items():
        st.text(f"refuses {name}, which is not sent from now on: {words}")


def show_form(database: Database) -> None:
    """Add an endpoint, or replace one of that name."""
    with st.form("endpoint", border=False):
        with st.container(horizontal=True):
            name = st.text_input("Name", width=200)
            address = st.text_input("Address", placeholder="http://localhost:8000/v1", width=320)
            model = st.text_input("Model's name at that server", width=260)
        api = st.radio("Interface", list(APIS), format_func=APIS.__getitem__, horizontal=True)
        with st.container(horizontal=True):
            key_env = st.text_input(
                "Variable with the key", placeholder="OPENAI_API_KEY or STUDIO_KEY_...", width=300
            )
            price_in = st.number_input(
                "Price in, per million tokens", 0.0, value=None, width=200, format="%.4f"
            )
            price_out = st.number_input(
                "Price out, per million tokens", 0.0, value=None, width=200, format="%.4f"
            )
        with st.container(horizontal=True):
            at_once = st.number_input("Requests at once", 1, MOST_CONCURRENT, 16, width=160)
            per_minute = st.number_input("Requests per minute", 1, value=None, width=180)
        if st.form_submit_button("Save", type="primary"):
            with shown_problems("The endpoint was not saved"):
                save_endpoint(
                    database,
                    Endpoint(
                        model=model.strip(),
                        api=api,
                        base_url=address.strip(),
                        key_env=key_env.strip() or None,
                        name=name.strip(),
                        price_in=price_in,
                        price_out=price_out,
                        concurrency=at_once,
                        requests_per_minute=per_minute,
                    ),
                )
                st.rerun()


def show_local_servers() -> None:
    """Look for servers on this machine, when asked to."""
    if not st.button("Look for servers on this machine", icon=":material/search:"):
        return
    found = find_local_servers()
    for server in found:
        st.text(f"{server.base_url} (usually {server.usually}): {', '.join(server.models)}")
    if not found:
        st.text("None answers on the usual ports of Ollama, LM Studio, llama.cpp and vLLM.")


st.title("Endpoints")
with shown_problems("The database cannot be used"):
    endpoints = list_endpoints(studio_database())
    if not endpoints:
        st.text(
            "Name a model's server here to choose it for runs. Without one there is the demo "
            "model, which replays written examples."
        )
    for one in endpoints:
        show_endpoint(studio_database(), one)
    st.subheader("Add an endpoint")
    show_local_servers()
    show_form(studio_database())
