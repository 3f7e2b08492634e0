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
from selfinstruct_core.cli.types import positive, share
from selfinstruct_core.errors import BadInput
from selfinstruct_core.exchange.reading import read_text
from selfinstruct_core.exchange.seed_file import SHIPPED_SEEDS, load_seed_file
from selfinstruct_core.generation.engine import Progress
from selfinstruct_core.generation.execution import execute
from selfinstruct_core.generation.prompt_set import SHIPPED, load_prompt_set
from selfinstruct_core.generation.recipe import (
    NUMBERINGS,
    RunSettings,
    default_settings,
    with_changes,
)
from selfinstruct_core.generation.runs import (
    DEFAULT_CONCURRENCY,
    DEFAULT_PROJECT,
    NewRun,
    RunOverview,
    resume_run_here,
    run_overview,
    start_run_here,
    stop_run,
)
from selfinstruct_core.generation.tokenizers import Tokenizer
from selfinstruct_core.models import Api, Endpoint, Job, Mode
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database

DEMO = "demo"


def add_to(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "generate", parents=[common], help="bootstrap new tasks from a seed pool"
    )
    parser.set_defaults(run=run)
    add = parser.add_argument
    add("--tasks", type=positive, metavar="N", help="how many tasks to keep")
    add("--resume", type=positive, metavar="RUN", help="go on with this run instead of a new one")
    add("--seeds", type=Path, default=SHIPPED_SEEDS, metavar="FILE", help="seed tasks (JSONL)")
    add("--prompts", type=Path, default=SHIPPED, metavar="FILE", help="prompt texts (TOML)")
    add("--endpoint", default=DEMO, metavar="demo|URL", help="the model's server (default: demo)")
    add("--model", metavar="M", help="the model's name at that server")
    add("--api", type=Api, choices=list(Api), default=Api.COMPLETIONS)
    add("--key-env", metavar="NAME", help="variable with the key: OPENAI_API_KEY or STUDIO_KEY_...")
    add("--mode", type=Mode, choices=list(Mode), default=Mode.IMPROVED)
    add("--seed", type=int, default=42, metavar="S", help="seed of all random choices")
    add("--project", default=DEFAULT_PROJECT, metavar="P")
    add("--concurrency", type=positive, default=DEFAULT_CONCURRENCY, help="requests at once")
    add("--window", type=positive, help="how far sampling may run ahead (default: 16)")
    add("--threshold", type=share, help="ROUGE-L above which a candidate is too similar")
    add("--tokenizer", type=Tokenizer, choices=list(Tokenizer), help="scripts: not only a-z")
    add("--numbering", choices=NUMBERINGS, help='code: "1.", paper: "Task 1:"')
    add("--classification-only", action="store_true", help="seeds and tasks of classification")
    add("--settings", type=Path, metavar="FILE", help="JSON with any settings of a run to change")


def run(options: argparse.Namespace) -> int:
    """Start or resume a run, work on it here, and print what came of it."""
    database = open_database(options.database)
    owner = f"command line {uuid.uuid4().hex}"
    if options.resume is not None:
        job = resume_run_here(database, options.resume, owner)
    else:
        job = start_run_here(database, _new_run(options), owner)
    interrupted = _work(database, job)
    _print(run_overview(database, job.run_id), options.json)
    return 130 if interrupted else 0


def _work(database: Database, job: Job) -> bool:
    """Work on the job with a progress bar. Returns whether a person interrupted it."""
    overview = run_overview(database, job.run_id)
    model = overview.run.endpoint
    asked = "the demo model, which replays written examples" if model.is_demo else model.model
    print(f"Run {job.run_id} asks {asked}", file=sys.stderr)
    with tqdm(total=overview.settings.target, initial=overview.derivation.kept, unit="task") as bar:

        def show(progress: Progress) -> None:
            bar.set_postfix_str(f"{progress.tokens:,} tokens", refresh=False)
            bar.update(progress.kept - bar.n)

        try:
            execute(database, job, show)
        except KeyboardInterrupt:
            stop_run(database, job.run_id)
            return True
    return False


def _new_run(options: argparse.Namespace) -> NewRun:
    if options.tasks is None:
        raise BadInput("Say how many tasks to keep (--tasks N), or which run to resume.")
    seeds = load_seed_file(options.seeds)
    if options.classification_only:
        seeds = tuple(seed for seed in seeds if seed.is_classification)
    return NewRun(
        project=options.project,
        seeds=seeds,
        seeds_name=options.seeds.name,
        endpoint=_endpoint(options),
        settings=_settings(options),
        prompts=load_prompt_set(options.prompts),
        concurrency=options.concurrency,
    )


def _endpoint(options: argparse.Namespace) -> Endpoint:
    if options.endpoint == DEMO:
        return Endpoint(api=options.api)
    if not options.model:
        raise BadInput("Name the model at that endpoint with --model.")
    return Endpoint(options.model, options.api, options.endpoint, options.key_env)


def _settings(options: argparse.Namespace) -> RunSettings:
    chosen = dataclasses.replace(
        default_settings(options.mode, options.api),
        target=options.tasks,
        seed=options.seed,
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
        "tokens": traffic.tokens,
        "classification": counts.classification,
        "instances": counts.instances,
        "no_instance": counts.no_instance,
        "dropped": counts.dropped,
        "digest": overview.derivation.digest,
    }


def _print(overview: RunOverview, as_json: bool) -> None:
    content = summary(overview)
    if as_json:
        print_json(content)
        return
    run_, counts, traffic = overview.run, overview.counts, overview.traffic
    tokens = "unknown" if traffic.tokens is None else f"{traffic.tokens:,}"
    print(f"Run {run_.id} is {run_.state}" + (f": {run_.detail}" if run_.detail else ""))
    print(f"Kept: {counts.kept:,} tasks, {counts.classification:,} of them classification")
    print(f"Instances: {counts.instances:,}; tasks without any: {counts.no_instance:,}")
    print(f"Requests: {traffic.answered:,}; tokens: {tokens}")
    print_counts("Rejected", counts.rejected)
    print(f"Digest: {overview.derivation.digest}")
    if content["status"] not in ("finished",):
        command = f"python -m selfinstruct_core generate --resume {run_.id}"
        print(f"To go on: {command}", file=sys.stderr)
