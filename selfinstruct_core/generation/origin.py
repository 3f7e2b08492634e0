"""Where a candidate comes from: everything that led to it, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from selfinstruct_core.errors import NotFound
from selfinstruct_core.generation.first_stage import first_stage
from selfinstruct_core.generation.heuristics import rule_verdicts
from selfinstruct_core.generation.marked_text import length_of_thinking
from selfinstruct_core.generation.marking import find_spans
from selfinstruct_core.generation.novelty import nearest_texts
from selfinstruct_core.generation.pool import text_rules
from selfinstruct_core.generation.recipe import RunSettings, settings_from_json
from selfinstruct_core.models import InstanceReading, Mode, Rejection, Run
from selfinstruct_core.storage import candidates as candidate_rows
from selfinstruct_core.storage import projects, request_records
from selfinstruct_core.storage import runs as run_rows
from selfinstruct_core.storage import tasks as task_rows
from selfinstruct_core.storage.candidates import CandidateLine
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.request_records import RequestRecord
from selfinstruct_core.storage.tasks import PlacedTask

NEIGHBOURS = 10
_OF_THE_PLACE = (Rejection.PREAMBLE, Rejection.TRUNCATED, Rejection.MALFORMED)
_OF_NOVELTY = (Rejection.NO_TOKENS, Rejection.TOO_SIMILAR)


class Said(StrEnum):
    """What a rule said of a candidate; after the first that objects no other was asked."""

    PASSED = "passed"
    REJECTED = "rejected"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class RuleSaid:
    """One rule, named by the rejection it is for, and what it said."""

    rule: Rejection
    said: Said
    detail: str


@dataclass(frozen=True, slots=True)
class ScoredTask:
    """A task of the pool with its ROUGE-L F-measure, 0 to 1, to the candidate."""

    task: PlacedTask
    score: float


@dataclass(frozen=True, slots=True)
class Origin:
    """A candidate's whole origin. `request` asked for it and `parents` are the tasks that its
    prompt showed, in order; `span` is where the candidate stands in the response's text, None
    where that cannot be told; `neighbours` are the most similar tasks of the pool as it was when
    the candidate was judged; `instances` and `later` (the requests about it) are empty for one
    that was not kept."""

    run: Run
    candidate: CandidateLine
    request: RequestRecord
    parents: tuple[PlacedTask, ...]
    span: tuple[int, int] | None
    rules: tuple[RuleSaid, ...]
    neighbours: tuple[ScoredTask, ...]
    instances: InstanceReading
    later: tuple[RequestRecord, ...]


def candidate_origin(database: Database, run_id: int, ordinal: int, position: int) -> Origin:
    """The origin of the candidate in that place of a run. Raises NotFound."""
    with database.read() as connection:
        run = run_rows.existing_run(connection, run_id)
        derivation = run_rows.get_derivation(connection, run_id)
        settings = settings_from_json(derivation.settings)
        first = first_stage(settings.recipe).stage
        candidate = candidate_rows.candidate_at(connection, derivation.id, ordinal, position)
        request = request_records.request_at(connection, run_id, first, ordinal)
        if candidate is None or request is None:
            raise NotFound(f"Run {run_id} has no candidate {ordinal}.{position}.")
        parents = task_rows.placed_tasks(connection, request.context)
        task_id = candidate.task_id
        return Origin(
            run=run,
            candidate=candidate,
            request=request,
            parents=tuple(parents[id_] for id_ in request.context if id_ in parents),
            span=_span(connection, derivation.id, settings.mode, request, position),
            rules=_rules(candidate, settings),
            neighbours=_neighbours(connection, run, derivation.id, candidate, settings),
            instances=(
                InstanceReading()
                if task_id is None
                else task_rows.instances_of(connection, task_id)
            ),
            later=tuple(request_records.requests_about(connection, run_id, (ordinal, position))),
        )


def _span(
    connection: Connection, derivation_id: int, mode: Mode, request: RequestRecord, position: int
) -> tuple[int, int] | None:
    found = candidate_rows.candidates_of_response(connection, derivation_id, request.line.ordinal)
    text = request.text or ""
    # Only the improved mode leaves the model's thinking out.
    begin = length_of_thinking(text) if mode is Mode.IMPROVED else 0
    spans = find_spans(text, [instruction for _, instruction in found], begin)
    by_position = dict(zip((place for place, _ in found), spans, strict=True))
    return by_position[position]


def _rules(candidate: CandidateLine, settings: RunSettings) -> tuple[RuleSaid, ...]:
    """Every rule in the order of judging. The stored verdict decides which one objected."""
    details = {
        rule: verdict.detail
        for rule, verdict in rule_verdicts(
            candidate.instruction, text_rules(settings.filters, settings.mode)
        )
    }
    order = (*_OF_THE_PLACE, *details, *_OF_NOVELTY)
    said = []
    asked = True
    for rule in order:
        if rule is candidate.reason:
            said.append(RuleSaid(rule, Said.REJECTED, candidate.detail or details.get(rule, "")))
            asked = False
        else:
            said.append(RuleSaid(rule, Said.PASSED if asked else Said.NOT_ASKED, ""))
    return tuple(said)


def _neighbours(
    connection: Connection,
    run: Run,
    derivation_id: int,
    candidate: CandidateLine,
    settings: RunSettings,
) -> tuple[ScoredTask, ...]:
    place = (candidate.ordinal, candidate.position)
    pool = [
        (seed.id, seed.instruction)
        for seed in projects.data_set_tasks(connection, run.seed_data_set_id)
    ] + [
        (task.id, task.instruction)
        for task in task_rows.machine_tasks(connection, derivation_id)
        if (task.ordinal, task.position) < place
    ]
    nearest = nearest_texts(
        candidate.instruction,
        [instruction for _, instruction in pool],
        settings.filters.tokenizer,
        NEIGHBOURS,
    )
    scores = {pool[one.index][0]: one.score for one in nearest}
    found = task_rows.placed_tasks(connection, list(scores))
    return tuple(ScoredTask(found[id_], score) for id_, score in scores.items())
