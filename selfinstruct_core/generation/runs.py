"""What people do with runs: start, stop, resume, extend. Pages and the command line call these."""

from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from selfinstruct_core.errors import BadInput
from selfinstruct_core.exchange.seed_file import load_seed_file
from selfinstruct_core.generation.finish import finish_run
from selfinstruct_core.generation.first_stage import check_prompts
from selfinstruct_core.generation.prompt_set import PromptSet, load_prompt_set, read_prompt_set
from selfinstruct_core.generation.recipe import (
    RunSettings,
    default_settings,
    settings_from_json,
    settings_to_json,
)
from selfinstruct_core.lm.endpoints import MOST_CONCURRENT, check_endpoint
from selfinstruct_core.models import (
    Budget,
    Endpoint,
    Job,
    Project,
    RunState,
    SeedTask,
    Wish,
)
from selfinstruct_core.storage import jobs, projects
from selfinstruct_core.storage import runs as run_rows
from selfinstruct_core.storage.database import Database

DEFAULT_PROJECT = "My project"
DEFAULT_CONCURRENCY = 16


@dataclass(frozen=True, slots=True)
class NewRun:
    """All that a run starts from; the defaults are the shipped seeds and the demo model."""

    project: str = DEFAULT_PROJECT
    seeds: tuple[SeedTask, ...] = field(default_factory=load_seed_file)
    seeds_name: str = "Seed tasks"
    endpoint: Endpoint = field(default_factory=Endpoint)
    settings: RunSettings = field(default_factory=default_settings)
    prompts: PromptSet = field(default_factory=load_prompt_set)
    concurrency: int = DEFAULT_CONCURRENCY
    budget: Budget = field(default_factory=Budget)


def start_run(database: Database, new: NewRun) -> int:
    """Store a run and put it into the queue of the workers. Returns the run's number.
    Raises BadInput, with nothing stored, when something in it cannot work."""
    _check(new)
    with database.write() as connection:
        run_id = _store_run(connection, new)
        jobs.enqueue(connection, run_id)
    return run_id


def start_run_here(database: Database, new: NewRun, owner: str) -> Job:
    """Store a run whose job this process holds from the start. Raises like start_run."""
    _check(new)
    with database.write() as connection:
        run_id = _store_run(connection, new)
        return _claim(connection, jobs.enqueue(connection, run_id), owner)


def _claim(connection: Connection, job_id: int, owner: str) -> Job:
    job = jobs.claim(connection, owner, job_id)
    if job is None:
        raise BadInput(
            "A worker is at this run already; nothing was changed. Stop it on the Bootstrap page "
            "first; one that was killed is given up after 15 seconds."
        )
    return job


def _store_run(connection: Connection, new: NewRun) -> int:
    project = projects.obtain_project(connection, new.project)
    data_set_id = _seed_data_set(connection, project, new.seeds, new.seeds_name)
    prompts = new.prompts
    run_rows.remember_prompt_set(connection, prompts.hash, prompts.name, prompts.source)
    return run_rows.add_run(
        connection,
        project_id=project.id,
        seed_data_set_id=data_set_id,
        prompt_set=prompts.hash,
        settings=settings_to_json(new.settings),
        endpoint=new.endpoint,
        concurrency=new.concurrency,
        budget=new.budget,
    )


def _check(new: NewRun) -> None:
    if not new.project.strip():
        raise BadInput("The project's name is empty; write one.")
    check_endpoint(new.endpoint)
    if not 1 <= new.concurrency <= MOST_CONCURRENT:
        raise BadInput(
            f"{new.concurrency} requests at once cannot be; choose 1 to {MOST_CONCURRENT}."
        )
    if new.settings.api is not new.endpoint.api:
        raise BadInput("The settings and the endpoint name different interfaces.")
    check_prompts(new.settings.recipe, new.prompts)
    if new.settings.classification_only and not any(s.is_classification for s in new.seeds):
        raise BadInput("Classification tasks only, but no seed task is one; choose other seeds.")


def _seed_data_set(
    connection: Connection, project: Project, seeds: tuple[SeedTask, ...], name: str
) -> int:
    digest = projects.seed_digest(seeds)
    known = projects.find_data_set(connection, project.id, "seeds", digest)
    if known is not None:
        return known
    ids = projects.add_seed_tasks(connection, project.id, seeds)
    members = [(id_, 1) for id_ in ids]
    return projects.add_data_set(connection, project.id, name, "seeds", digest, members)


def new_run_like(database: Database, run_id: int) -> NewRun:
    """All that a run started from, with its present limits, to start another one. Raises
    NotFound."""
    with database.read() as connection:
        run = run_rows.existing_run(connection, run_id)
        source = run_rows.prompt_set_source(connection, run.prompt_set)
        return NewRun(
            project=projects.project_name(connection, run.project_id),
            seeds=projects.data_set_seeds(connection, run.seed_data_set_id),
            seeds_name=projects.data_set_name(connection, run.seed_data_set_id),
            endpoint=run.endpoint,
            settings=settings_from_json(run.settings),
            prompts=read_prompt_set(source, f"the prompt set of run {run_id}"),
            concurrency=run.concurrency,
            budget=run.budget,
        )


def stop_run(database: Database, run_id: int) -> None:
    """Ask a run to stop; responses under way are still taken. A run that no worker holds stops
    at once, one that has ended stays as it is. Raises NotFound."""
    _interrupt(database, run_id, Wish.STOP, RunState.STOPPED)


def pause_run(database: Database, run_id: int) -> None:
    """Like stop_run, for a run that is meant to go on: it leaves no data set yet."""
    _interrupt(database, run_id, Wish.PAUSE, RunState.PAUSED)


def _interrupt(database: Database, run_id: int, wish: Wish, state: RunState) -> None:
    with database.write() as connection:
        run = run_rows.existing_run(connection, run_id)
        job = jobs.open_job(connection, run.id)
        if job is None:
            return
        jobs.ask(connection, job.id, wish)
        if job.owner is None:
            jobs.finish(connection, job.id)
            finish_run(connection, run, state, f"{state} by a person")


def resume_run(database: Database, run_id: int) -> None:
    """Put a run that has ended before its target back into the queue; one that is queued or
    under way stays so. Raises NotFound, and BadInput when there is nothing to do."""
    with database.write() as connection:
        _reopen(connection, run_id)


def extend_run(
    database: Database, run_id: int, *, target: int | None = None, budget: Budget | None = None
) -> None:
    """Give a run that is not under way a larger target, another budget, or both; resume_run then
    goes on. Its data set becomes the one of a run with that target from the start. Raises
    NotFound, and BadInput, with nothing changed, when the run is under way or the target is not
    larger."""
    with database.write() as connection:
        run = run_rows.existing_run(connection, run_id)
        if jobs.open_job(connection, run_id) is not None:
            raise BadInput(f"Run {run_id} is under way; pause it before you change its limits.")
        derivation = run_rows.get_derivation(connection, run_id)
        settings = settings_from_json(derivation.settings)
        if target is not None:
            if target <= settings.target:
                raise BadInput(
                    f"The target of run {run_id} is {settings.target:,} already; name a larger one."
                )
            settings = replace(settings, target=target)
        stored = settings_to_json(settings)
        run_rows.set_limits(connection, run_id, stored, budget or run.budget)
        run_rows.update_derivation(connection, derivation.id, settings=stored)
        if derivation.kept < settings.target and run.state is RunState.FINISHED:
            words = f"target raised to {settings.target:,}; resume to go on"
            run_rows.set_run_state(connection, run_id, RunState.PAUSED, words)
        run_rows.add_run_event(connection, run_id, "extended", _limits_in_words(settings, budget))


def _limits_in_words(settings: RunSettings, budget: Budget | None) -> str:
    words = f"target {settings.target:,}"
    return f"{words}, budget {budget}" if budget else words


def resume_run_here(database: Database, run_id: int, owner: str) -> Job:
    """Like resume_run, with the job held by this process. Raises BadInput when a worker has it."""
    with database.write() as connection:
        return _claim(connection, _reopen(connection, run_id), owner)


def _reopen(connection: Connection, run_id: int) -> int:
    run = run_rows.existing_run(connection, run_id)
    job = jobs.open_job(connection, run.id)
    if job is not None:
        return job.id
    if run.state is RunState.FINISHED:
        raise BadInput(f"Run {run_id} has reached its target; there is nothing to resume.")
    if run.state is RunState.EXHAUSTED:
        # It is to try as often again. Any other run goes on counting where it was: interrupted
        # or not, it comes to the same end.
        derivation = run_rows.get_derivation(connection, run.id)
        run_rows.update_derivation(connection, derivation.id, fruitless=0)
    run_rows.set_run_state(connection, run.id, RunState.QUEUED)
    return jobs.enqueue(connection, run.id)
