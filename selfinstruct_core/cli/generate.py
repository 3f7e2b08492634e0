"""`generate`: a run in the foreground."""

import argparse
import dataclasses
import json
import sys
import uuid
from pathlib import Path
from typing import Any

from tqdm import tqdm

from selfinstruct_core.cli.output import print_counts, print_json
from selfinstruct_core.cli.types import positive, price, share
from selfinstruct_core.errors import BadInput
from selfinstruct_core.exchange.reading import read_text
from selfinstruct_core.exchange.seed_file import SHIPPED_SEEDS, load_seed_file
from selfinstruct_core.generation.engine import Progress
from selfinstruct_core.generation.estimate import Estimate, estimate_run
from selfinstruct_core.generation.execution import execute, run_of
from selfinstruct_core.generation.prompt_set import SHIPPED, load_prompt_set
from selfinstruct_core.generation.recipe import (
    DEFAULT_SEED,
    NUMBERINGS,
    RunSettings,
    default_settings,
    with_changes,
)
from selfinstruct_core.generation.run_overview import RunOverview, run_overview
from selfinstruct_core.generation.runs import (
    DEFAULT_PROJECT,
    NewRun,
    extend_run,
    new_run_like,
    resume_run_here,
    start_run_here,
    stop_run,
)
from selfinstruct_core.generation.tokenizers import Tokenizer
from selfinstruct_core.lm.endpoints import DEMO, find_endpoint
from selfinstruct_core.models import Api, Budget, Endpoint, Job, Mode, Recipe, RunState
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database


def add_to(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "generate", parents=[common], help="bootstrap new tasks from a seed pool"
    )
    parser.set_defaults(run=run, default_of=parser.get_default)
    add = parser.add_argument
    add("--tasks", type=positive, metavar="N", help="how many tasks to keep")
    add("--resume", type=positive, metavar="RUN", help="go on with this run instead of a new one")
    add(
        "--like",
        type=positive,
        metavar="RUN",
        help="a new run with the settings of this one; --tasks, --seed, --concurrency, "
        "--budget-... and --settings change them",
    )
    add("--estimate", action="store_true", help="say what the run would need, and start nothing")
    add("--seeds", type=Path, default=SHIPPED_SEEDS, metavar="FILE", help="seed tasks (JSONL)")
    add("--prompts", type=Path, default=SHIPPED, metavar="FILE", help="prompt texts (TOML)")
    add(
        "--endpoint",
        default=DEMO,
        metavar="demo|NAME|URL",
        help="the model's server: the demo model (default), a named endpoint, or an address",
    )
    add("--model", metavar="M", help="the model's name at that server")
    add("--api", type=Api, choices=list(Api), help="default: completions")
    add("--key-env", metavar="NAME", help="variable with the key: OPENAI_API_KEY or STUDIO_KEY_...")
    add("--recipe", type=Recipe, choices=list(Recipe), default=Recipe.SELF_INSTRUCT)
    add("--mode", type=Mode, choices=list(Mode), default=Mode.IMPROVED)
    add("--seed", type=int, metavar="S", help="seed of all random choices (default: 42)")
    add("--project", default=DEFAULT_PROJECT, metavar="P")
    add("--concurrency", type=positive, help="requests at once (default: the endpoint's, or 16)")
    add("--budget-cost", type=price, metavar="MONEY", help="end before this is passed")
    add("--budget-requests", type=positive, metavar="N", help="end after so many requests")
    add("--budget-minutes", type=price, metavar="M", help="end after so many minutes of work")
    add("--window", type=positive, help="how far sampling may run ahead (default: 16)")
    add("--timeout", type=positive, default=120, metavar="S", help="seconds to wait for a reply")
    add("--threshold", type=share, help="ROUGE-L above which a candidate is too similar")
    add("--tokenizer", type=Tokenizer, choices=list(Tokenizer), help="scripts: not only a-z")
    add("--numbering", choices=NUMBERINGS, help='code: "1.", paper: "Task 1:"')
    add("--classification-only", action="store_true", help="seeds and tasks of classification")
    add("--settings", type=Path, metavar="FILE", help="JSON with any settings of a run to change")


def run(options: argparse.Namespace) -> int:
    """Start or resume a run, work on it here, and print what came of it."""
    _check(options)
    database = open_database(options.database)
    if options.estimate:
        _print_estimate(estimate_run(database, _new_run(database, options)), options.json)
        return 0
    owner = f"command line {uuid.uuid4().hex}"
    if options.resume is not None:
        _change_limits(database, options)
        job = resume_run_here(database, options.resume, owner)
    else:
        job = start_run_here(database, _new_run(database, options), owner)
    run_id = run_of(job)
    interrupted = _work(database, job, run_id)
    overview = run_overview(database, run_id)
    _print(overview, options.json)
    if interrupted:
        return 130
    return 1 if overview.run.state is RunState.FAILED else 0


# What --resume and --like take beside themselves; the rest is that of the run they name.
BUDGET = frozenset({"budget_cost", "budget_requests", "budget_minutes"})
TAKEN = {
    "resume": BUDGET | {"tasks"},
    "like": BUDGET | {"tasks", "seed", "concurrency", "settings", "estimate"},
}
GENERAL = frozenset({"run", "default_of", "database", "json"})


def _check(options: argparse.Namespace) -> None:
    """Refuse what would be ignored: who names another endpoint means it."""
    for kind, taken in TAKEN.items():
        if getattr(options, kind) is None:
            continue
        ignored = sorted(
            f"--{name.replace('_', '-')}"
            for name, value in vars(options).items()
            if name not in taken | GENERAL | {kind} and value != options.default_of(name)
        )
        if ignored:
            raise BadInput(
                f"--{kind} takes the settings of its run, so {', '.join(ignored)} cannot be given; "
                "leave that out, or start a new run."
            )


def _work(database: Database, job: Job, run_id: int) -> bool:
    """Work on the run's job with a progress bar. Returns whether a person interrupted it."""
    overview = run_overview(database, run_id)
    model = overview.run.endpoint
    asked = "the demo model, which replays written examples" if model.is_demo else model.model
    print(f"Run {run_id} asks {asked}", file=sys.stderr)
    with tqdm(total=overview.settings.target, initial=overview.derivation.kept, unit="task") as bar:

        def show(progress: Progress) -> None:
            bar.set_postfix_str(f"{progress.tokens:,} tokens", refresh=False)
            bar.update(progress.kept - bar.n)

        try:
            execute(database, job, show)
        except KeyboardInterrupt:
            stop_run(database, run_id)
            return True
    return False


def _change_limits(database: Database, options: argparse.Namespace) -> None:
    """A resumed run takes a larger target and another budget where they are given."""
    budget = _budget(options)
    if options.tasks is not None or budget is not None:
        extend_run(database, options.resume, target=options.tasks, budget=budget)


def _new_run(database: Database, options: argparse.Namespace) -> NewRun:
    if options.like is not None:
        return _run_like(database, options)
    if options.tasks is None:
        raise BadInput("Say how many tasks to keep (--tasks N), or which run to resume.")
    endpoint = _endpoint(database, options)
    seeds = load_seed_file(options.seeds)
    if options.classification_only:
        seeds = tuple(seed for seed in seeds if seed.is_classification)
    return NewRun(
        project=options.project,
        seeds=seeds,
        seeds_name=options.seeds.name,
        endpoint=endpoint,
        settings=_settings(options, endpoint.api),
        prompts=load_prompt_set(options.prompts),
        concurrency=options.concurrency or endpoint.concurrency,
        budget=_budget(options) or Budget(),
    )


def _run_like(database: Database, options: argparse.Namespace) -> NewRun:
    """A run with the settings of another, except for what is given here."""
    copied = new_run_like(database, options.like)
    given = {"target": options.tasks, "seed": options.seed}
    changes = {name: value for name, value in given.items() if value is not None}
    settings = with_changes(copied.settings, changes)
    if options.settings:
        settings = with_changes(settings, _settings_file(options.settings))
    return dataclasses.replace(
        copied,
        settings=settings,
        concurrency=options.concurrency or copied.concurrency,
        budget=_budget(options) or copied.budget,
    )


def _budget(options: argparse.Namespace) -> Budget | None:
    minutes = options.budget_minutes
    chosen = Budget(
        cost=options.budget_cost,
        requests=options.budget_requests,
        seconds=None if minutes is None else minutes * 60,
    )
    return None if chosen == Budget() else chosen


def _endpoint(database: Database, options: argparse.Namespace) -> Endpoint:
    if options.endpoint == DEMO:
        return Endpoint(api=options.api or Api.COMPLETIONS)
    if "://" not in options.endpoint:
        return find_endpoint(database, options.endpoint).endpoint
    if not options.model:
        raise BadInput("Name the model at that endpoint with --model.")
    api = options.api or Api.COMPLETIONS
    return Endpoint(
        options.model, api, options.endpoint, options.key_env, timeout_seconds=options.timeout
    )


def _settings(options: argparse.Namespace, api: Api) -> RunSettings:
    chosen = dataclasses.replace(
        default_settings(options.mode, api, options.recipe),
        target=options.tasks,
        seed=DEFAULT_SEED if options.seed is None else options.seed,
        classification_only=options.classification_only,
    )
    changes: dict[str, Any] = {}
    for name in ("window", "numbering"):
        if getattr(options, name) is not None:
            changes[name] = getattr(options, name)
    filters = {n: getattr(options, n) for n in ("threshold", "tokenizer")}
    changes["filters"] = {name: value for name, value in filters.items() if value is not None}
    chosen = with_changes(chosen, changes)
    return with_changes(chosen, _settings_file(options.settings)) if options.settings else chosen


def _settings_file(path: Path) -> dict[str, Any]:
    try:
        changes = json.loads(read_text(path))
    except ValueError as error:
        raise BadInput(f"{path}: not valid JSON ({error}).") from error
    if not isinstance(changes, dict):
        raise BadInput(f'{path}: write a JSON object such as {{"filters": {{"threshold": 0.6}}}}.')
    return changes


def summary(overview: RunOverview) -> dict[str, Any]:
    """What --json prints of a run."""
    counts, traffic = overview.counts, overview.traffic
    return {
        "run": overview.run.id,
        "status": overview.run.state,
        "detail": overview.run.detail,
        "kept": counts.kept,
        "rejected": counts.rejected,
        "requests": traffic.answered,
        "repeated": traffic.repeated,
        "tokens": traffic.tokens,
        "cost": overview.cost,
        "classification": counts.classification if overview.settings.classifies else None,
        "instances": counts.instances,
        "no_instance": counts.no_instance,
        "dropped": counts.dropped,
        "digest": overview.derivation.digest,
    }


def _print_estimate(estimate: Estimate, as_json: bool) -> None:
    if as_json:
        stages = {one.stage: one.requests for one in estimate.stages}
        print_json(
            {
                "requests": estimate.requests,
                "tokens": estimate.tokens,
                "cost": estimate.cost,
                "by_stage": stages,
                "earlier_runs": estimate.runs,
            }
        )
        return
    cost = "unknown" if estimate.cost is None else f"{estimate.cost:,.4f}"
    print(f"About {estimate.requests:,} requests, {estimate.tokens:,} tokens, cost {cost}")
    print(f"Earlier runs of this model that this rests on: {estimate.runs:,}")


def _print(overview: RunOverview, as_json: bool) -> None:
    content = summary(overview)
    if as_json:
        print_json(content)
        return
    run_, counts, traffic = overview.run, overview.counts, overview.traffic
    tokens = "unknown" if traffic.tokens is None else f"{traffic.tokens:,}"
    print(f"Run {run_.id} is {run_.state}" + (f": {run_.detail}" if run_.detail else ""))
    classes = f", {counts.classification:,} of them classification"
    print(f"Kept: {counts.kept:,} tasks" + (classes if overview.settings.classifies else ""))
    print(f"Instances: {counts.instances:,}; tasks without any: {counts.no_instance:,}")
    cost = "unknown" if overview.cost is None else f"{overview.cost:,.4f}"
    print(f"Requests: {traffic.answered:,}; tokens: {tokens}; cost: {cost}")
    if traffic.repeated:
        print(f"Sent again after an interruption, perhaps billed twice: {traffic.repeated:,}")
    print_counts("Rejected", counts.rejected)
    print(f"Digest: {overview.derivation.digest}")
    if content["status"] not in ("finished",):
        command = f"python -m selfinstruct_core generate --resume {run_.id}"
        print(f"To go on: {command}", file=sys.stderr)
