"""The form that starts a run: what it asks, and what it makes of the answers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.shared.notices import shown_problems
from pages.shared.presses import once
from pages.shared.words import RECIPES
from selfinstruct_core.errors import BadInput, StudioError
from selfinstruct_core.exchange.reading import decode
from selfinstruct_core.exchange.seed_file import read_seed_tasks
from selfinstruct_core.generation.estimate import estimate_run
from selfinstruct_core.generation.prompt_set import PromptSet, read_prompt_set
from selfinstruct_core.generation.recipe import (
    NUMBERINGS,
    Filters,
    RunSettings,
    default_settings,
    settings_to_json,
    with_changes,
)
from selfinstruct_core.generation.run_overview import list_projects
from selfinstruct_core.generation.runs import DEFAULT_PROJECT, NewRun, start_run
from selfinstruct_core.generation.tokenizers import Tokenizer
from selfinstruct_core.lm.endpoints import MOST_CONCURRENT, list_endpoints
from selfinstruct_core.models import Api, Budget, Endpoint, Mode, Recipe, SeedTask
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


@dataclass(frozen=True, slots=True)
class Template:
    """What the form shows at first: the defaults, or the settings of run `copied`."""

    new: NewRun
    copied: int | None = None

    def defaults(self, mode: Mode, api: Api, recipe: Recipe) -> RunSettings:
        """The settings behind the form; another mode, interface or recipe has its own."""
        own = self.new.settings
        if (own.mode, own.api, own.recipe) == (mode, api, recipe):
            return own
        return default_settings(mode, api, recipe)


def show_new_run_form(database: Database, template: Template) -> None:
    """Ask for the settings of a run and start it."""
    settings = template.new.settings
    with st.container(horizontal=True, vertical_alignment="bottom"):
        target = st.number_input("Tasks to keep", 1, 1_000_000, settings.target, 10, width=160)
        seed = st.number_input("Random seed", 0, 2**31 - 1, settings.seed, width=160)
        mode = st.selectbox(
            "Mode",
            list(MODES),
            index=list(MODES).index(settings.mode),
            format_func=MODES.__getitem__,
            width=380,
        )
        recipe = st.selectbox(
            "Recipe",
            list(RECIPES),
            index=list(RECIPES).index(settings.recipe),
            format_func=RECIPES.__getitem__,
            width=460,
            help="self-instruct builds each task in several requests and feeds new tasks back "
            "into its prompts; alpaca asks for some twenty whole tasks at a time, after three "
            "seed tasks, which costs far fewer requests and brings one instance a task.",
        )
    endpoint = ask_endpoint(database, template)
    start = st.container()
    defaults = template.defaults(mode, endpoint.api, recipe)
    with st.expander("More settings"):
        sources = ask_sources(database, template)
        changes = ask_changes(defaults, template)
    changes |= {"target": target, "seed": seed}
    key = f"start-run-{forms_sent()}"
    # The problem stands at the button, not below settings that may fill the screen.
    with start:
        pressed = st.button("Start", type="primary", icon=":material/play_arrow:", key=key)
        if pressed:
            with shown_problems("The run was not started; nothing was stored"):
                new = read_form(endpoint, sources, changes, defaults)
                run_id = once(key, lambda: start_run(database, new))
                st.query_params.from_dict({"run": str(run_id)})
                st.session_state[SENT] = forms_sent() + 1
                st.rerun()
        else:
            show_estimate(database, lambda: read_form(endpoint, sources, changes, defaults))


def show_estimate(database: Database, read: Callable[[], NewRun]) -> None:
    """What the run that the form describes will need; nothing while it describes none."""
    try:
        estimate = estimate_run(database, read())
    except StudioError:
        return
    cost = "" if estimate.cost is None else f" · cost about {estimate.cost:,.2f}"
    basis = "by the lengths of prompts and seed tasks"
    if estimate.runs:
        basis = f"as earlier runs of this model needed (n = {estimate.runs:,})"
    st.caption(
        f"About {estimate.requests:,} requests and {estimate.tokens:,} tokens{cost}, {basis}"
    )


def forms_sent() -> int:
    """How many runs this session has started. A form that was sent closes."""
    return int(st.session_state.get(SENT, 0))


@dataclass(frozen=True, slots=True)
class Sources:
    """What a run starts from, as chosen in the form."""

    project: str
    seed_file: Any
    prompt_file: Any
    template: Template


def ask_sources(database: Database, template: Template) -> Sources:
    """Project, seed tasks and prompt texts."""
    names = [project.name for project in list_projects(database)] or [DEFAULT_PROJECT]
    known = template.new.project in names
    else_used = (
        "the shipped ones are used"
        if template.copied is None
        else f"those of run {template.copied:d} are used"
    )
    return Sources(
        project=st.selectbox(
            "Project",
            names,
            index=names.index(template.new.project) if known else 0,
            accept_new_options=True,
            width=380,
        )
        or "",
        seed_file=st.file_uploader(
            f"Seed tasks (JSONL in the published format; without a file {else_used})",
            type=["jsonl"],
        ),
        prompt_file=st.file_uploader(
            f"Prompt texts (TOML; without a file {else_used})", type=["toml"]
        ),
        template=template,
    )


def read_form(
    endpoint: Endpoint, sources: Sources, changes: dict[str, Any], defaults: RunSettings
) -> NewRun:
    """The run that the form describes. Raises BadInput naming the file or the field."""
    if not endpoint.model:
        raise BadInput("Field Model's name: is empty; write the name that the server knows.")
    limits = {"concurrency", "budget"}
    settings = {name: value for name, value in changes.items() if name not in limits}
    settings["decoding"] = parsed_decoding(settings["decoding"])
    base, seed_file, prompt_file = sources.template.new, sources.seed_file, sources.prompt_file
    seeds = uploaded_seeds(seed_file) if seed_file else base.seeds
    only = settings["classification_only"]
    return NewRun(
        project=sources.project,
        seeds=tuple(seed for seed in seeds if seed.is_classification or not only),
        seeds_name=seed_file.name if seed_file else base.seeds_name,
        endpoint=endpoint,
        settings=with_changes(defaults, settings),
        prompts=uploaded_prompts(prompt_file) if prompt_file else base.prompts,
        concurrency=changes["concurrency"],
        budget=changes["budget"],
    )


def ask_endpoint(database: Database, template: Template) -> Endpoint:
    """Which model is asked, and how."""
    demo = "Demo model: replays written examples, is no language model"
    other = "An OpenAI-compatible server"
    used = template.new.endpoint
    named = {one.endpoint.name: one.endpoint for one in list_endpoints(database)}
    if template.copied is not None and not used.is_demo:
        named = {f"As run {template.copied}: {used.model} at {used.base_url}": used} | named
    kinds = [demo, *named, other] if used.is_demo else [*named, demo, other]
    with st.container(horizontal=True):
        kind = st.selectbox("Model", kinds, width=460)
        if kind in named:
            return named[kind]
        api = st.radio(
            "Interface", list(APIS), index=list(APIS).index(used.api), format_func=APIS.__getitem__
        )
    if kind == demo:
        return Endpoint(api=api)
    with st.container(horizontal=True):
        address = st.text_input("Address", placeholder="http://localhost:8000/v1", width=320)
        model = st.text_input("Model's name", width=240)
        key_env = st.text_input(
            "Variable with the key, if it needs one", placeholder="OPENAI_API_KEY", width=260
        )
    return Endpoint(model.strip(), api, address.strip(), key_env.strip() or None)


def ask_filters(filters: Filters) -> dict[str, Any]:
    """What decides which candidates are kept, in the form of `with_changes`."""
    with st.container(horizontal=True):
        threshold = st.number_input(
            "Too similar above ROUGE-L", 0.0, 1.0, filters.threshold, step=0.05, width=200
        )
        shortest = st.number_input("Fewest words", 1, 1000, filters.min_words, width=130)
        longest = st.number_input("Most words", 1, 10_000, filters.max_words, width=130)
        most = st.number_input("Most instances per task", 1, 100, filters.max_instances, width=200)
    tokenizer = st.selectbox(
        "Tokenizer",
        list(TOKENIZERS),
        index=list(TOKENIZERS).index(filters.tokenizer),
        format_func=TOKENIZERS.__getitem__,
        width=320,
    )
    keywords = st.text_area(
        "Keywords that reject a candidate, one a line", "\n".join(filters.keywords), height=120
    )
    return {
        "threshold": threshold,
        "min_words": shortest,
        "max_words": longest,
        "max_instances": most,
        "tokenizer": tokenizer,
        "keywords": [word.strip() for word in keywords.splitlines() if word.strip()],
    }


def ask_changes(defaults: RunSettings, template: Template) -> dict[str, Any]:
    """The settings that a run seldom changes, in the form of `with_changes`."""
    st.markdown("##### Filters and prompt")
    filters = ask_filters(defaults.filters)
    with st.container(horizontal=True):
        numbering = st.selectbox(
            "Numbering",
            NUMBERINGS,
            index=NUMBERINGS.index(defaults.numbering),
            format_func=NUMBERING_NAMES.__getitem__,
            width=260,
        )
        size = st.number_input("Tasks in a prompt", 1, 50, defaults.context_tasks, width=150)
        machine = st.number_input(
            "of them machine-made", 0, 50, defaults.machine_tasks_in_context, width=170
        )
    only = st.checkbox("Classification tasks only", defaults.classification_only)
    with st.container(horizontal=True):
        budget = ask_budget(template.new.budget)
    with st.container(horizontal=True):
        concurrency = st.number_input(
            "Requests at once", 1, MOST_CONCURRENT, template.new.concurrency, width=160
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
    decoding = st.text_area(
        "Decoding of each stage (JSON)",
        json.dumps(settings_to_json(defaults)["decoding"], indent=1),
        height=160,
        key=f"decoding-{defaults.recipe}-{defaults.mode}-{defaults.api}-{template.copied}",
    )
    return {
        "concurrency": concurrency,
        "budget": budget,
        "classification_only": only,
        "window": window,
        "numbering": numbering,
        "context_tasks": size,
        "machine_tasks_in_context": machine,
        "filters": filters,
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


def ask_budget(limits: Budget) -> Budget:
    """What a run may use up at most; an empty field means no limit."""
    cost = st.number_input("Budget: money", 0.0, value=limits.cost, width=160)
    requests = st.number_input("Budget: requests", 1, value=limits.requests, width=160)
    allowed = None if limits.seconds is None else limits.seconds / 60
    minutes = st.number_input("Budget: minutes", 0.0, value=allowed, width=160)
    return Budget(cost, requests, None if minutes is None else minutes * 60)


def uploaded_seeds(upload: Any) -> tuple[SeedTask, ...]:
    """The seed tasks of an uploaded file. Raises BadInput."""
    return read_seed_tasks(decode(upload.getvalue(), upload.name), upload.name)


def uploaded_prompts(upload: Any) -> PromptSet:
    """The prompt texts of an uploaded file. Raises BadInput."""
    return read_prompt_set(decode(upload.getvalue(), upload.name), upload.name)
