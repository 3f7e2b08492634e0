"""The ledger of requests: what was planned, each attempt to send it, what came back."""

import dataclasses
import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, bindparam

from selfinstruct_core.models import PlannedRequest, Prompt, Reply, Response, Stage
from selfinstruct_core.plain_text import storable
from selfinstruct_core.storage.rows import insert_if_new
from selfinstruct_core.storage.schema import attempts, prompt_prefixes, requests, responses

IN_FLIGHT = "in_flight"
ANSWERED = "answered"
LOST = "lost"
"""Outcome of an attempt whose sender died: the server may have answered, and billed."""
CANCELLED = "cancelled"
"""Outcome of an attempt whose sender ended before the answer; also perhaps answered and billed."""

# Building a statement takes longer than executing it; these are executed for every request.
_KNOWN_PREFIX = sa.select(prompt_prefixes.c.hash).where(prompt_prefixes.c.hash == bindparam("of"))
_INSERT_REQUEST = sa.insert(requests).returning(requests.c.id)
_INSERT_ATTEMPT = sa.insert(attempts)
_CLOSE_ATTEMPT = (
    sa.update(attempts)
    .where(attempts.c.request_id == bindparam("of"), attempts.c.number == bindparam("nth"))
    .values(ended_at=bindparam("at"), outcome=bindparam("how"), detail=bindparam("words"))
)
_INSERT_RESPONSE = sa.insert(responses)
_MARK_ANSWERED = (
    sa.update(requests).where(requests.c.id == bindparam("of")).values(answered=sa.true())
)


def plan(
    connection: Connection,
    run_id: int,
    request: PlannedRequest,
    prefixes: dict[str, str] | None = None,
) -> PlannedRequest:
    """Store a request before it is sent. Returns it with its id.

    `prefixes` are the hashes of prefixes that are stored already, by text; the request's own
    joins them. Who keeps them must forget them when the transaction fails.
    """
    known = {} if prefixes is None else prefixes
    prefix = request.prompt.prefix
    if prefix not in known:
        known[prefix] = _remember_prefix(connection, prefix)
    ordinal, position = request.source or (None, None)
    row = {
        "run_id": run_id,
        "stage": request.stage,
        "ordinal": request.ordinal,
        "source_ordinal": ordinal,
        "source_position": position,
        "instruction": request.instruction,
        "context": list(request.context),
        "prefix_hash": known[prefix],
        "tail": request.prompt.tail,
        "parameters": request.parameters,
        "planned_at": time.time(),
        "answered": False,
    }
    id_ = connection.execute(_INSERT_REQUEST, row).scalar_one()
    return dataclasses.replace(request, id=id_)


def _remember_prefix(connection: Connection, text: str) -> str:
    prefix = storable(text)
    prefix_hash = hashlib.sha256(prefix.encode()).hexdigest()
    if connection.scalar(_KNOWN_PREFIX, {"of": prefix_hash}) is None:
        # Runs share prefixes: another worker may be storing this one at the moment.
        insert_if_new(connection, prompt_prefixes, hash=prefix_hash, text=prefix)
    return prefix_hash


def open_attempt(connection: Connection, request_id: int) -> int:
    """Record that the request is about to be sent. Returns the attempt's number, from 1."""
    last = connection.scalar(
        sa.select(sa.func.max(attempts.c.number)).where(attempts.c.request_id == request_id)
    )
    number = (last or 0) + 1
    connection.execute(_INSERT_ATTEMPT, _new_attempt(request_id, number))
    return number


def open_first_attempts(connection: Connection, request_ids: Sequence[int]) -> None:
    """The same for requests that were just planned: the number is 1."""
    if request_ids:
        connection.execute(_INSERT_ATTEMPT, [_new_attempt(id_, 1) for id_ in request_ids])


def _new_attempt(request_id: int, number: int) -> dict[str, Any]:
    return {
        "request_id": request_id,
        "number": number,
        "sent_at": time.time(),
        "outcome": IN_FLIGHT,
        "detail": "",
    }


def close_attempt(
    connection: Connection, request_id: int, number: int, outcome: str, detail: str = ""
) -> None:
    """Record how an attempt ended."""
    connection.execute(_CLOSE_ATTEMPT, _end(request_id, number, outcome, detail))


def close_answered(connection: Connection, ended: Sequence[tuple[int, int]]) -> None:
    """Record that attempts, by request and number, were answered."""
    if ended:
        connection.execute(_CLOSE_ATTEMPT, [_end(*attempt, ANSWERED, "") for attempt in ended])


def _end(request_id: int, number: int, outcome: str, detail: str) -> dict[str, Any]:
    return {
        "of": request_id,
        "nth": number,
        "at": time.time(),
        "how": outcome,
        "words": detail[:2000],
    }


def record_response(connection: Connection, request_id: int, response: Response) -> None:
    """Store the response and mark its request answered."""
    record_responses(connection, [(request_id, response)])


def record_responses(connection: Connection, received: Sequence[tuple[int, Response]]) -> None:
    """Store responses and mark their requests, named by id, answered."""
    if not received:
        return
    rows = [
        {
            "request_id": request_id,
            "raw": response.raw,
            "text": response.text,
            "finish_reason": response.finish_reason,
            "prompt_tokens": response.prompt_tokens,
            "completion_tokens": response.completion_tokens,
            "latency": response.latency,
            "received_at": time.time(),
        }
        for request_id, response in received
    ]
    connection.execute(_INSERT_RESPONSE, rows)
    connection.execute(_MARK_ANSWERED, [{"of": request_id} for request_id, _ in received])


def mark_lost(connection: Connection, run_id: int) -> int:
    """Close the attempts whose sender died. Returns how many there were."""
    of_run = sa.select(requests.c.id).where(requests.c.run_id == run_id)
    return connection.execute(
        sa.update(attempts)
        .where(attempts.c.outcome == IN_FLIGHT, attempts.c.request_id.in_(of_run))
        .values(outcome=LOST, ended_at=time.time())
    ).rowcount


_REQUEST = (requests, prompt_prefixes.c.text.label("prefix"))


def unanswered(connection: Connection, run_id: int) -> list[PlannedRequest]:
    """Requests that are planned and have no response, in order of planning."""
    query = (
        sa.select(*_REQUEST)
        .join(prompt_prefixes)
        .where(requests.c.run_id == run_id, requests.c.answered.is_(False))
        .order_by(requests.c.id)
    )
    return [_planned(row) for row in connection.execute(query)]


@dataclass(frozen=True, slots=True)
class StoredReply:
    """The part of a stored response that derivations read, with the key of its request."""

    ordinal: int
    context_size: int
    source: tuple[int, int] | None
    instruction: str | None
    text: str | None
    finish_reason: str | None

    @property
    def reply(self) -> Reply:
        return Reply(self.text, self.finish_reason)


def replies(
    connection: Connection, run_id: int, stage: Stage, first: int = 0
) -> Iterator[StoredReply]:
    """The answered requests of a stage by ordinal, from `first` on; gaps are left out."""
    query = (
        sa.select(
            requests.c.ordinal,
            requests.c.context,
            requests.c.source_ordinal,
            requests.c.source_position,
            requests.c.instruction,
            responses.c.text,
            responses.c.finish_reason,
        )
        .join_from(requests, responses)
        .where(requests.c.run_id == run_id, requests.c.stage == stage, requests.c.ordinal >= first)
        .order_by(requests.c.ordinal)
    )
    for row in connection.execute(query):
        yield StoredReply(
            ordinal=row.ordinal,
            context_size=len(row.context),
            source=_source(row),
            instruction=row.instruction,
            text=row.text,
            finish_reason=row.finish_reason,
        )


def next_ordinal(connection: Connection, run_id: int, stage: Stage) -> int:
    """The ordinal after the last planned request of a stage."""
    last = connection.scalar(
        sa.select(sa.func.max(requests.c.ordinal)).where(
            requests.c.run_id == run_id, requests.c.stage == stage
        )
    )
    return 0 if last is None else int(last) + 1


def planned_sources(
    connection: Connection, run_id: int, stages: Sequence[Stage]
) -> set[tuple[int, int]]:
    """The tasks, by (ordinal, position), that requests of these stages were planned for."""
    query = sa.select(requests.c.source_ordinal, requests.c.source_position).where(
        requests.c.run_id == run_id, requests.c.stage.in_(stages)
    )
    return {(row[0], row[1]) for row in connection.execute(query)}


@dataclass(frozen=True, slots=True)
class StageTraffic:
    """What was planned and answered in one stage; the tokens are sums over the responses that
    told them, None when none did."""

    stage: Stage
    requests: int
    responses: int
    prompt_tokens: int | None
    completion_tokens: int | None


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a run sent and got: requests planned and answered; attempts sent, and of them those
    under way, failed and lost; tokens are sums over the responses that told them, None when none
    did. `stages` has the stages that were asked, in their order.

    `repeated` are the calls that were sent again because nobody was left to take the answer to
    the one before (lost or cancelled): the most that the server can have billed twice.
    """

    stages: tuple[StageTraffic, ...]
    attempts: int
    in_flight: int
    failed: int
    lost: int
    repeated: int

    @property
    def requests(self) -> int:
        return sum(stage.requests for stage in self.stages)

    @property
    def answered(self) -> int:
        return sum(stage.responses for stage in self.stages)

    @property
    def prompt_tokens(self) -> int | None:
        return _sum_of_known([stage.prompt_tokens for stage in self.stages])

    @property
    def completion_tokens(self) -> int | None:
        return _sum_of_known([stage.completion_tokens for stage in self.stages])

    @property
    def tokens(self) -> int | None:
        """All tokens, None when the server told none."""
        return _sum_of_known([self.prompt_tokens, self.completion_tokens])


def _sum_of_known(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def traffic(connection: Connection, run_id: int) -> Traffic:
    """The sums over all requests of a run."""
    by_outcome = connection.execute(
        sa.select(attempts.c.outcome, sa.func.count())
        .join_from(attempts, requests)
        .where(requests.c.run_id == run_id)
        .group_by(attempts.c.outcome)
    )
    outcomes: dict[str, int] = dict(by_outcome.all())
    sent = sum(outcomes.values())
    unheard = outcomes.get(LOST, 0) + outcomes.get(CANCELLED, 0)
    in_flight, lost = outcomes.pop(IN_FLIGHT, 0), outcomes.pop(LOST, 0)
    outcomes.pop(ANSWERED, 0)
    return Traffic(
        stages=tuple(_traffic_by_stage(connection, run_id)),
        attempts=sent,
        in_flight=in_flight,
        failed=sum(outcomes.values()),
        lost=lost,
        # Most runs have none, and need no second look at all their attempts.
        repeated=_repeated(connection, run_id) if unheard else 0,
    )


def _repeated(connection: Connection, run_id: int) -> int:
    again = attempts.alias()
    query = (
        sa.select(sa.func.count())
        .select_from(attempts)
        .join(requests)
        .join(
            again,
            sa.and_(
                again.c.request_id == attempts.c.request_id,
                again.c.number == attempts.c.number + 1,
            ),
        )
        .where(requests.c.run_id == run_id, attempts.c.outcome.in_((LOST, CANCELLED)))
    )
    return connection.execute(query).scalar_one()


def _traffic_by_stage(connection: Connection, run_id: int) -> list[StageTraffic]:
    # Apart from the answers: planned requests are counted in an index alone.
    planned = connection.execute(
        sa.select(requests.c.stage, sa.func.count())
        .where(requests.c.run_id == run_id)
        .group_by(requests.c.stage)
    )
    answers = connection.execute(
        sa.select(
            requests.c.stage,
            sa.func.count(),
            sa.func.sum(responses.c.prompt_tokens),
            sa.func.sum(responses.c.completion_tokens),
        )
        .join_from(requests, responses)
        .where(requests.c.run_id == run_id)
        .group_by(requests.c.stage)
    )
    counts: dict[str, int] = dict(planned.all())
    answered = {row[0]: row[1:] for row in answers}
    return [
        StageTraffic(stage, counts[stage], *answered.get(stage, (0, None, None)))
        for stage in Stage
        if stage in counts
    ]


def _planned(row: Row[Any]) -> PlannedRequest:
    return PlannedRequest(
        stage=Stage(row.stage),
        ordinal=row.ordinal,
        prompt=Prompt(row.prefix, row.tail),
        parameters=row.parameters,
        context=tuple(row.context),
        source=_source(row),
        instruction=row.instruction,
        id=row.id,
    )


def _source(row: Any) -> tuple[int, int] | None:
    return None if row.source_ordinal is None else (row.source_ordinal, row.source_position)
