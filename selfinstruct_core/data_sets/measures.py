"""What is measured of a data set, asked for and read: verbs, nouns and nearest scores.

A page reads what is stored and asks for the rest; a worker measures (see measuring.py). Verbs
and nouns belong to texts, nearest seeds to tasks, nearest other tasks to the data set.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from selfinstruct_core.analysis.parser_identity import bundled_identity
from selfinstruct_core.analysis.verb_nouns import Reading, VerbNoun
from selfinstruct_core.collecting import collected_later
from selfinstruct_core.data_sets.nearest import NearestOthers
from selfinstruct_core.errors import NotFound
from selfinstruct_core.generation.recipe import settings_from_json
from selfinstruct_core.generation.tokenizers import Tokenizer
from selfinstruct_core.models import (
    DataSet,
    DataSetKey,
    DataSetTask,
    JobKind,
    JobState,
    Nearest,
    Wish,
)
from selfinstruct_core.storage import data_sets as set_rows
from selfinstruct_core.storage import jobs, measures
from selfinstruct_core.storage import runs as run_rows
from selfinstruct_core.storage.data_sets import TaskText
from selfinstruct_core.storage.database import Database


@dataclass(frozen=True, slots=True)
class MeasureOptions:
    """How a data set is measured. Without a tokenizer: that of its run, else the paper's."""

    reading: Reading = Reading.FIRST
    tokenizer: Tokenizer | None = None


@dataclass(frozen=True, slots=True)
class Measures:
    """What is stored of the tasks of a data set, in their order; None where something was not
    measured yet, and as nearest seed of a task that is one of these seeds. `has_seeds` tells
    whether there are seeds to compare with. A nearest other task may be one among fewer tasks
    than there are now; it counts among the `missing` measurements then."""

    verb_nouns: list[VerbNoun | None]
    nearest_seeds: list[Nearest | None]
    nearest_others: list[Nearest | None]
    has_seeds: bool
    tokenizer: Tokenizer
    missing: int

    @property
    def complete(self) -> bool:
        return not self.missing


@dataclass(frozen=True, slots=True)
class MeasureProgress:
    """How far measuring has come. `open` until the job is over, `running` while a worker has it;
    `done` of `total` are texts parsed and scores found, 0 of 0 before it starts. `error` says why
    it failed."""

    open: bool
    running: bool
    done: int
    total: int
    error: str


def stored_measures(
    database: Database,
    key: DataSetKey,
    tasks: Sequence[DataSetTask],
    options: MeasureOptions = MeasureOptions(),
) -> Measures:
    """What is stored of these tasks of a data set. Raises NotFound."""
    with collected_later(), database.read() as connection:
        texts = [TaskText(task.id, task.version, task.instruction) for task in tasks]
        return _stored(connection, load_scope(connection, key, options), texts)


def request_measures(
    database: Database,
    key: DataSetKey,
    options: MeasureOptions = MeasureOptions(),
) -> MeasureProgress | None:
    """Ask the workers to measure what is not stored yet. Returns how far that has come, None
    when everything is stored. Raises NotFound."""
    with collected_later(), database.read() as connection:
        scope = load_scope(connection, key, options)
        under_way = _progress(connection, scope)
        if under_way is not None and under_way.open:
            return under_way
        texts = set_rows.data_set_texts(connection, key)
        if _stored(connection, scope, texts).complete:
            return None
    with database.write() as connection:
        project_id = scope.data_set.project_id
        jobs.enqueue_about(connection, JobKind.MEASURE, project_id, str(key), scope.payload)
        return _progress(connection, scope)


def measure_progress(
    database: Database,
    key: DataSetKey,
    options: MeasureOptions = MeasureOptions(),
) -> MeasureProgress | None:
    """How far the newest request has come, None if there was none. Raises NotFound."""
    with database.read() as connection:
        return _progress(connection, load_scope(connection, key, options))


def stop_measures(
    database: Database,
    key: DataSetKey,
    options: MeasureOptions = MeasureOptions(),
) -> None:
    """Ask the worker to stop measuring; what is stored stays, and the next request goes on from
    there. Raises NotFound."""
    with database.write() as connection:
        scope = load_scope(connection, key, options)
        job = jobs.latest_about(connection, JobKind.MEASURE, str(key), scope.payload)
        if job is None or job.state is JobState.DONE:
            return
        jobs.ask(connection, job.id, Wish.STOP)
        if job.owner is None:
            jobs.finish(connection, job.id)


@dataclass(frozen=True, slots=True)
class MeasureScope:
    """A data set, with all that decides what is measured of it."""

    data_set: DataSet
    seed_set_id: int | None
    reading: Reading
    tokenizer: Tokenizer

    @property
    def key(self) -> DataSetKey:
        return self.data_set.key

    @property
    def payload(self) -> dict[str, Any]:
        """What a job has to know."""
        return {"reading": self.reading.value, "tokenizer": self.tokenizer.value}


def load_scope(connection: Connection, key: DataSetKey, options: MeasureOptions) -> MeasureScope:
    """What is to be measured of a data set. Raises NotFound."""
    data_set = set_rows.get_data_set(connection, key)
    if data_set is None:
        raise NotFound(f"There is no data set {key}.")
    return MeasureScope(
        data_set=data_set,
        seed_set_id=set_rows.seed_set_of(connection, data_set),
        reading=options.reading,
        tokenizer=options.tokenizer or _tokenizer(connection, key),
    )


def _tokenizer(connection: Connection, key: DataSetKey) -> Tokenizer:
    run_id = set_rows.run_of(connection, key)
    if run_id is None:
        return Tokenizer.ROUGE
    settings = settings_from_json(run_rows.existing_run(connection, run_id).settings)
    return settings.filters.tokenizer


def load_seeds(connection: Connection, scope: MeasureScope) -> list[TaskText]:
    """The seeds that the tasks are compared with, by id."""
    if scope.seed_set_id is None:
        return []
    return set_rows.data_set_texts(connection, set_rows.set_key(scope.seed_set_id))


def text_hash(text: str) -> str:
    """The SHA-256 of a text, by which what was parsed of it is found."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _stored(connection: Connection, scope: MeasureScope, texts: Sequence[TaskText]) -> Measures:
    hashes = [text_hash(text.instruction) for text in texts]
    words = measures.parsed(connection, [*set(hashes)], bundled_identity(), scope.reading)
    pairs = {hash_: VerbNoun(*found) for hash_, found in words.items()}
    seeds = {seed.id for seed in load_seeds(connection, scope)}
    scores: dict[measures.TaskVersion, Nearest] = {}
    if scope.seed_set_id is not None:
        scores = measures.nearest_seeds(connection, scope.seed_set_id, scope.tokenizer, scope.key)
    others = measures.nearest_others(connection, scope.key, scope.tokenizer)
    compared = NearestOthers(sorted(texts), scope.tokenizer)
    known = [others.get((text.id, text.version)) for text in texts]
    missing_seeds = sum(
        text.id not in seeds and (text.id, text.version) not in scores for text in texts
    )
    missing_others = sum(compared.covered(one) != len(texts) for one in known)
    return Measures(
        verb_nouns=[pairs.get(hash_) for hash_ in hashes],
        nearest_seeds=[scores.get((text.id, text.version)) for text in texts],
        nearest_others=[None if one is None else one.nearest for one in known],
        has_seeds=bool(seeds),
        tokenizer=scope.tokenizer,
        missing=len(set(hashes)) - len(pairs) + (missing_seeds if seeds else 0) + missing_others,
    )


def _progress(connection: Connection, scope: MeasureScope) -> MeasureProgress | None:
    job = jobs.latest_about(connection, JobKind.MEASURE, str(scope.key), scope.payload)
    if job is None:
        return None
    return MeasureProgress(
        open=job.state is not JobState.DONE,
        running=job.state is JobState.RUNNING,
        done=job.done or 0,
        total=job.total or 0,
        error=job.error,
    )
