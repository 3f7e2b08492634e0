"""Measuring a data set, as a job of a worker.

In batches of about a second, each stored in one transaction that first renews the job's lease:
a process that is killed loses one batch, and the next one measures what is not stored. A run
that waits for a worker comes first: then the job goes back to the queue after the batch.
"""

import contextlib
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeVar

from sqlalchemy import Connection

from selfinstruct_core.analysis.parser_identity import bundled_identity
from selfinstruct_core.analysis.parsers import Parser, load_parser
from selfinstruct_core.analysis.verb_nouns import LONGEST, Reading, verb_nouns
from selfinstruct_core.data_sets.catalogue import data_set_key
from selfinstruct_core.data_sets.measures import (
    MeasureOptions,
    MeasureScope,
    load_scope,
    load_seeds,
    text_hash,
)
from selfinstruct_core.data_sets.nearest import NearestOthers, NearestSeeds
from selfinstruct_core.errors import BadInput, LeaseLost, NotFound, StorageError, StudioError
from selfinstruct_core.generation.tokenizers import Tokenizer
from selfinstruct_core.models import Job, Nearest, Wish
from selfinstruct_core.storage import data_sets as set_rows
from selfinstruct_core.storage import jobs, measures
from selfinstruct_core.storage.data_sets import TaskText
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.measures import Compared, TaskVersion

log = logging.getLogger("studio.worker")
_T = TypeVar("_T")

TEXTS_AT_ONCE = 512
LETTERS_AT_ONCE = 100_000
BATCH_SECONDS = 1.0
HEARTBEAT_SECONDS = 2.0
FINISHED = "finished"
STOPPED = "stopped by a person"
GAVE_WAY = "makes way for a run"


def measure(database: Database, job: Job) -> str:
    """Work on a claimed job until everything is stored, it is stopped, or a run needs the
    worker. Returns which of the three, or why it failed.

    Raises LeaseLost when another worker has taken over, StorageError when the database fails;
    on KeyboardInterrupt the job goes back to the queue.
    """
    try:
        with _heartbeat(database, job):
            return _work(database, job)
    except (KeyboardInterrupt, StorageError):
        # After an error of the database this may fail too; then the lease runs out by itself.
        with contextlib.suppress(StorageError), database.write() as connection:
            jobs.release(connection, job)
        raise
    except (BadInput, NotFound) as error:
        return _fail(database, job, str(error))
    except LeaseLost:
        raise
    except Exception as error:
        # The parser is a large program of others. A text on which it fails must not end the
        # worker, and the next one, which have runs to work on.
        log.exception("job %s: measuring %s", job.id, job.subject)
        return _fail(database, job, f"{type(error).__name__}: {error}")


def _fail(database: Database, job: Job, reason: str) -> str:
    with database.write() as connection:
        jobs.renew(connection, job)
        jobs.finish(connection, job.id, reason)
    return f"failed: {reason}"


@contextlib.contextmanager
def _heartbeat(database: Database, job: Job) -> Iterator[None]:
    """Renews the lease while a batch takes long."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(HEARTBEAT_SECONDS):
            # A lease that was lost is noticed by the next transaction of the work itself.
            with contextlib.suppress(StudioError), database.write() as connection:
                jobs.renew(connection, job)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@dataclass(frozen=True, slots=True)
class _Batch:
    """What was measured and is to be stored in one transaction."""

    pieces: int
    store: Callable[[Connection], None]


def _work(database: Database, job: Job) -> str:
    with database.read() as connection:
        plan = _plan(connection, job)
    done = plan.total - plan.missing
    nothing = _Batch(0, lambda _: None)
    for batch in itertools.chain([nothing], _batches(plan)):
        with database.write() as connection:
            wish = jobs.renew(connection, job)
            batch.store(connection)
            done += batch.pieces
            jobs.set_progress(connection, job, done, plan.total)
            if wish is not Wish.RUN:
                jobs.finish(connection, job.id)
                return STOPPED
            if jobs.run_waits(connection):
                jobs.release(connection, job)
                return GAVE_WAY
    with database.write() as connection:
        jobs.renew(connection, job)
        jobs.finish(connection, job.id)
    return FINISHED


@dataclass(frozen=True, slots=True)
class _Plan:
    """What there is to measure. `texts` are those to be parsed, by hash; `unscored` the tasks
    without a nearest seed; `others` the positions of tasks whose nearest other task is not known
    among all, those of which nothing is known first."""

    scope: MeasureScope
    tasks: Sequence[TaskText]
    texts: Mapping[str, str]
    seeds: Sequence[TaskText]
    unscored: Sequence[TaskText]
    nearest: NearestOthers
    known: Mapping[TaskVersion, Compared]
    others: Sequence[int]
    total: int

    @property
    def missing(self) -> int:
        return len(self.texts) + len(self.unscored) + len(self.others)


def _plan(connection: Connection, job: Job) -> _Plan:
    payload = job.payload or {}
    options = MeasureOptions(Reading(payload["reading"]), Tokenizer(payload["tokenizer"]))
    scope = load_scope(connection, data_set_key(job.subject or ""), options)
    tasks = set_rows.data_set_texts(connection, scope.key)
    texts = {text_hash(task.instruction): task.instruction for task in tasks}
    parsed = measures.parsed(connection, list(texts), bundled_identity(), scope.reading)
    seeds = load_seeds(connection, scope)
    to_score = _to_score(tasks, seeds)
    scored: Mapping[TaskVersion, Nearest] = {}
    if scope.seed_set_id is not None:
        scored = measures.nearest_seeds(connection, scope.seed_set_id, scope.tokenizer, scope.key)
    known = measures.nearest_others(connection, scope.key, scope.tokenizer)
    nearest = NearestOthers(tasks, scope.tokenizer)
    covered = [nearest.covered(known.get((task.id, task.version))) for task in tasks]
    return _Plan(
        scope=scope,
        tasks=tasks,
        texts={hash_: text for hash_, text in texts.items() if hash_ not in parsed},
        seeds=seeds,
        unscored=[task for task in to_score if (task.id, task.version) not in scored],
        nearest=nearest,
        known=known,
        others=sorted(
            (n for n, among in enumerate(covered) if among < len(tasks)), key=covered.__getitem__
        ),
        total=len(texts) + len(to_score) + len(tasks),
    )


def _to_score(tasks: Sequence[TaskText], seeds: Sequence[TaskText]) -> list[TaskText]:
    """The tasks that are no seeds themselves, where there are seeds."""
    of_seeds = {seed.id for seed in seeds}
    return [task for task in tasks if seeds and task.id not in of_seeds]


def _batches(plan: _Plan) -> Iterator[_Batch]:
    yield from _parsing(plan.scope, plan.texts)
    yield from _scoring(plan)
    yield from _comparing(plan)


@cache
def _parser() -> Parser:
    """The bundled model, kept for as long as the process."""
    return load_parser()


def _parsing(scope: MeasureScope, texts: Mapping[str, str]) -> Iterator[_Batch]:
    for hashes in _portions(texts):
        found = verb_nouns([texts[hash_] for hash_ in hashes], _parser(), scope.reading)
        words = {hash_: (one.verb, one.noun) for hash_, one in zip(hashes, found, strict=True)}
        store = partial(
            measures.add_parsed, parser=bundled_identity(), reading=scope.reading, words=words
        )
        yield _Batch(len(words), store)


def _portions(texts: Mapping[str, str]) -> Iterator[list[str]]:
    """The hashes in portions that take about equally long, or less."""
    portion: list[str] = []
    letters = 0
    for hash_, text in texts.items():
        portion.append(hash_)
        letters += min(len(text), LONGEST)
        if len(portion) >= TEXTS_AT_ONCE or letters >= LETTERS_AT_ONCE:
            yield portion
            portion, letters = [], 0
    if portion:
        yield portion


def _scoring(plan: _Plan) -> Iterator[_Batch]:
    seed_set_id = plan.scope.seed_set_id
    if seed_set_id is None or not plan.unscored:
        return
    nearest = NearestSeeds(plan.seeds, plan.scope.tokenizer)
    found: dict[TaskVersion, Nearest] = {}
    for task, last in _with_breaks(plan.unscored):
        found[task.id, task.version] = nearest.of(task)
        if last:
            store = partial(
                measures.add_nearest_seeds,
                seed_set_id=seed_set_id,
                tokenizer=plan.scope.tokenizer,
                found=found,
            )
            yield _Batch(len(found), store)
            found = {}


def _comparing(plan: _Plan) -> Iterator[_Batch]:
    found: dict[TaskVersion, Compared] = {}
    for position, last in _with_breaks(plan.others):
        task = plan.tasks[position]
        place = (task.id, task.version)
        found[place] = plan.nearest.of(position, plan.known.get(place))
        if last:
            store = partial(
                measures.put_nearest_others,
                key=plan.scope.key,
                tokenizer=plan.scope.tokenizer,
                found=found,
            )
            yield _Batch(len(found), store)
            found = {}


def _with_breaks(items: Sequence[_T]) -> Iterator[tuple[_T, bool]]:
    """The items, each with whether it is the last of a batch: because none follows, the batch is
    full, or it has taken long enough."""
    started, size = time.monotonic(), 0
    for number, item in enumerate(items, 1):
        size += 1
        late = time.monotonic() - started > BATCH_SECONDS
        last = late or size == TEXTS_AT_ONCE or number == len(items)
        yield item, last
        if last:
            started, size = time.monotonic(), 0
