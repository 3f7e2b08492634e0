"""The form that starts a run: what it asks, and what it makes of the answers."""

import json
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.shared.notices import shown_problems
from pages.shared.presses import once
from pages.shared.words import RECIPES
from selfinstruct_core.errors import BadInput
from selfinstruct_core.exchange.reading import decode
from selfinstruct_core.exchange.seed_file import load_seed_file, read_seed_tasks
from selfinstruct_core.generation.prompt_set import PromptSet, load_prompt_set, read_prompt_set
from selfinstruct_core.generation.recipe import (
    NUMBERINGS,
    RunSettings,
    default_settings,
    settings_to_json,
    with_changes,
)
from selfinstruct_core.generation.runs import (
    DEFAULT_CONCURRENCY,
    DEFAULT_PROJECT,
    NewRun,
    list_projects,
    start_run,
)
from selfinstruct_core.generation.tokenizers import Tokenizer
from selfinstruct_core.lm.endpoints import MOST_CONCURRENT, list_endpoints
from selfinstruct_core.models import Api, Budget, Endpoint, Mode, SeedTask
from selfinstruct_core.storage.database import Database

SENT = "forms-sent"

MODES = {
    Mode.IMPROVED: "improved: the quirks of the reference code mended",
    Mode.PAPER: "paper: reads as the reference code does, quirks included",
}
APIS = {
    Api.COMPLETIONS: "completions, for base models",
    Api.CHAT: "chat, for chat models",
}
TOKENIZERS = {
    Tokenizer.ROUGE: "rouge: a-z and 0-9, as in the paper",
    Tokenizer.SCRIPTS: "scripts: also Korean, Chinese and others",
}
NUMBERING_NAMES = {"code": '"1." as in the code', "paper": '"Task 1:" as the paper prints it'}


def show_new_run_form(database: Database) -> None:
    """Ask for the settings of a run and start it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        target = st.number_input("Tasks to keep", 1, 1_000_000, 100, step=10, width=160)
        seed = st.number_input("Random seed", 0, 2**31 - 1, 42, width=160)
        mode = st.selectbox("Mode", list(MODES), format_func=MODES.__getitem__, width=380)
        recipe = st.selectbox(
            "Recipe",
            list(RECIPES),
            format_func=RECIPES.__getitem__,
            width=460,
            help="self-instruct builds each task in several requests and feeds new tasks back "
            "into its prompts; alpaca asks for some twenty whole tasks at a time, after three "
            "seed tasks, which costs far fewer requests and brings one instance a task.",
        )
    endpoint = ask_endpoint(database)
    defaults = default_settings(mode, endpoint.api, recipe)
    start = st.container()
    with st.expander("More settings"):
        sources = ask_sources(database)
        changes = ask_changes(defaults)
    changes |= {"target": target, "seed": seed}
    key = f"start-run-{forms_sent()}"
    if start.button("Start", type="primary", icon=":material/play_arrow:", key=key):
        # The problem stands at the button, not below settings that may fill the screen.
        with start, shown_problems("The run was not started; nothing was stored"):
            new = read_form(endpoint, sources, changes, defaults)
            run_id = once(key, lambda: start_run(database, new))
            st.query_params["run"] = str(run_id)
            st.session_state[SENT] = forms_sent() + 1
            st.rerun()


def forms_sent() -> int:
    """How many runs this session has started. A form that was sent closes."""
    return int(st.session_state.get(SENT, 0))


@dataclass(frozen=True, slots=True)
class Sources:
    """What a run starts from, as chosen in the form."""

    project: str
    seed_file: Any
    prompt_file: Any


def ask_sources(database: Database) -> Sources:
    """Project, seed tasks and prompt texts."""
    names = [project.name for project in list_projects(database)] or [DEFAULT_PROJECT]
    return Sources(
        project=st.selectbox("Project", names, accept_new_options=True, width=380) or "",
        seed_file=st.file_uploader(
            "Seed tasks (JSONL in the published format; without a file the shipped ones are used)",
            type=["jsonl"],
        ),
        prompt_file=st.file_uploader(
            "Prompt texts (TOML; without a file the shipped ones are used)", type=["toml"]
        ),
    )


def read_form(
    endpoint: Endpoint, sources: Sources, changes: dict[str, Any], defaults: RunSettings
) -> NewRun:
    """The run that the form describes. Raises BadInput naming the file or the field."""
    if not endpoint.model:
        raise BadInput("Field Model's name: is empty; write the name that the server knows.")
    concurrency, budget = changes.pop("concurrency"), changes.pop("budget")
    changes["decoding"] = parsed_decoding(changes["decoding"])
    seed_file = sources.seed_file
    return NewRun(
        project=sources.project,
        seeds=uploaded_seeds(seed_file, changes["classification_only"]),
        seeds_name=seed_file.name if seed_file else "Seed tasks",
        endpoint=endpoint,
        settings=with_changes(defaults, changes),
        prompts=uploaded_prompts(sources.prompt_file),
        concurrency=concurrency,
        budget=budget,
    )


def ask_endpoint(database: Database) -> Endpoint:
    """Which model is asked, and how."""
    demo = "Demo model: replays written examples, is no language model"
    other = "An OpenAI-compatible server"
    named = {one.endpoint.name: one.endpoint for one in list_endpoints(database)}
    with st.container(horizontal=True):
        kind = st.selectbox("Model", [demo, *named, other], width=460)
        if kind in named:
            return named[kind]
        api = st.radio("Interface", list(APIS), format_func=APIS.__getitem__)
    if kind == demo:
        return Endpoint(api=api)
    with st.container(horizontal=True):
        address = st.text_input("Address", placeholder="http://localhost:8000/v1", width=320)
        model = st.text_input("Model's name", width=240)
        key_env = st.text_input(
            "Variable with the key, if it needs one", placeholder="OPENAI_API_KEY", width=260
        )
    return Endpoint(model.strip(), api, address.strip(), key_env.strip() or None)


def ask_changes(defaults: RunSettings) -> dict[str, Any]:
    """The settings that a run seldom changes, in the form of `with_changes`."""
    filters = defaults.filters
    st.markdown("##### Filters and prompt")
    with st.container(horizontal=True):
        threshold = st.number_input(
            "Too similar above ROUGE-L", 0.0, 1.0, filters.threshold, step=0.05, width=200
        )
        shortest = st.number_input("Fewest words", 1, 1000, filters.min_words, width=130)
        longest = st.number_input("Most words", 1, 10_000, filters.max_words, width=130)
        most = st.number_input("Most instances per task", 1, 100, filters.max_instances, width=200)
    with st.container(horizontal=True):
        tokenizer = st.selectbox(
            "Tokenizer", list(TOKENIZERS), format_func=TOKENIZERS.__getitem__, width=320
        )
        numbering = st.selectbox(
            "Numbering", NUMBERINGS, format_func=NUMBERING_NAMES.__getitem__, width=260
        )
        size = st.number_input("Tasks in a prompt", 1, 50, defaults.context_tasks, width=150)
        machine = st.number_input(
            "of them machine-made", 0, 50, defaults.machine_tasks_in_context, width=170
        )
    only = st.checkbox("Classification tasks only")
    with st.container(horizontal=True):
        cost = st.number_input("Budget: money", 0.0, value=None, width=160)
        requests = st.number_input("Budget: requests", 1, value=None, width=160)
        minutes = st.number_input("Budget: minutes", 0.0, value=None, width=160)
    with st.container(horizontal=True):
        concurrency = st.number_input(
            "Requests at once", 1, MOST_CONCURRENT, DEFAULT_CONCURRENCY, width=160
        )
        window = st.number_input(
            "Window",
            1,
            512,
            defaults.window,
            width=160,
            help="How many requests sampling may run ahead of the pool; requests at once never "
            "exceed it. It changes the data set, requests at once do not.",
        )
    keywords = st.text_area(
        "Keywords that reject a candidate, one a line", "\n".join(filters.keywords), height=120
    )
    decoding = st.text_area(
        "Decoding of each stage (JSON)",
        json.dumps(settings_to_json(defaults)["decoding"], indent=1),
        height=160,
        key=f"decoding-{defaults.recipe}-{defaults.mode}-{defaults.api}",
    )
    return {
        "concurrency": concurrency,
        "budget": Budget(cost, requests, None if minutes is None else minutes * 60),
        "classification_only": only,
        "window": window,
        "numbering": numbering,
        "context_tasks": size,
        "machine_tasks_in_context": machine,
        "filters": {
            "threshold": threshold,
            "min_words": shortest,
            "max_words": longest,
            "max_instances": most,
            "tokenizer": tokenizer,
            "keywords": [word.strip() for word in keywords.splitlines() if word.strip()],
        },
        "decoding": decoding,
    }


def parsed_decoding(text: str) -> dict[str, Any]:
    """The decoding field as values. Raises BadInput naming the field."""
    try:
        decoding = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"Field Decoding: not valid JSON ({error}).") from error
    if not isinstance(decoding, dict):
        raise BadInput("Field Decoding: write one JSON object with the stages' names.")
    return decoding


def uploaded_seeds(upload: Any, classification_only: bool) -> tuple[SeedTask, ...]:
    """The seed tasks of an uploaded file, or the shipped ones. Raises BadInput."""
    if upload is None:
        seeds = load_seed_file()
    else:
        seeds = read_seed_tasks(decode(upload.getvalue(), upload.name), upload.name)
    return tuple(seed for seed in seeds if seed.is_classification or not classification_only)


def uploaded_prompts(upload: Any) -> PromptSet:
    """The prompt texts of an uploaded file, or the shipped ones. Raises BadInput."""
    if upload is None:
        return load_prompt_set()
    return read_prompt_set(decode(upload.getvalue(), upload.name), upload.name)
