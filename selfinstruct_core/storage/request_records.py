"""Requests as people look at them: lists to page through, and one of them whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from selfinstruct_core.models import Stage
from selfinstruct_core.storage.schema import attempts, prompt_prefixes, requests, responses


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request as lists show it. `instruction` is the task it is about, None in stage 1; the
    rest is None until it is answered, tokens also when the server did not tell them. `latency`
    is in seconds, `planned_at` in seconds since 1970."""

    id: int
    stage: Stage
    ordinal: int
    instruction: str | None
    planned_at: float
    attempts: int
    answered: bool
    finish_reason: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    latency: float | None


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt to send a request: its outcome, with the words of what went wrong."""

    number: int
    sent_at: float
    ended_at: float | None
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request whole: what was sent, every attempt, and what came back. `context` has the ids
    of the tasks that the prompt shows; `raw` is the body of the reply as it was received, None
    until it is answered; `text` is what the model wrote, None when the reply had no text."""

    line: RequestLine
    prompt: str
    parameters: dict[str, Any]
    context: tuple[int, ...]
    attempts: tuple[AttemptRecord, ...]
    raw: str | None
    text: str | None


def newest_requests(
    connection: Connection, run_id: int, stage: Stage | None, limit: int, offset: int = 0
) -> list[RequestLine]:
    """The requests of a run, of one stage or of all, the newest first."""
    # The page is found by ids alone first: a sort of whole rows would read all of them.
    page = (
        sa.select(requests.c.id)
        .where(*_conditions(run_id, stage))
        .order_by(requests.c.id.desc())
        .limit(limit)
        .offset(offset)
    )
    query = _lines().where(requests.c.id.in_(page)).order_by(requests.c.id.desc())
    return [_line(row) for row in connection.execute(query)]


def count_requests(connection: Connection, run_id: int, stage: Stage | None) -> int:
    """How many requests a run planned, in one stage or in all."""
    query = sa.select(sa.func.count()).select_from(requests).where(*_conditions(run_id, stage))
    return connection.scalar(query) or 0


def request_at(
    connection: Connection, run_id: int, stage: Stage, ordinal: int
) -> RequestRecord | None:
    """The request of that key, None if there is none."""
    found = _records(connection, [*_conditions(run_id, stage), requests.c.ordinal == ordinal])
    return found[0] if found else None


def requests_about(
    connection: Connection, run_id: int, source: tuple[int, int]
) -> list[RequestRecord]:
    """The requests of the later stages that are about the task in that place, in order."""
    return _records(
        connection,
        [
            requests.c.run_id == run_id,
            requests.c.source_ordinal == source[0],
            requests.c.source_position == source[1],
        ],
    )


def _conditions(run_id: int, stage: Stage | None) -> list[sa.ColumnElement[bool]]:
    conditions = [requests.c.run_id == run_id]
    return conditions if stage is None else [*conditions, requests.c.stage == stage]


def _lines() -> sa.Select[Any]:
    sent = (
        sa.select(sa.func.count())
        .where(attempts.c.request_id == requests.c.id)
        .scalar_subquery()
        .label("attempts")
    )
    return sa.select(
        requests.c.id,
        requests.c.stage,
        requests.c.ordinal,
        requests.c.instruction,
        requests.c.planned_at,
        requests.c.answered,
        sent,
        responses.c.finish_reason,
        responses.c.prompt_tokens,
        responses.c.completion_tokens,
        responses.c.latency,
    ).select_from(requests.outerjoin(responses))


def _line(row: sa.Row[Any]) -> RequestLine:
    return RequestLine(
        id=row.id,
        stage=Stage(row.stage),
        ordinal=row.ordinal,
        instruction=row.instruction,
        planned_at=row.planned_at,
        attempts=row.attempts,
        answered=row.answered,
        finish_reason=row.finish_reason,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        latency=row.latency,
    )


def _records(
    connection: Connection, conditions: Sequence[sa.ColumnElement[bool]]
) -> list[RequestRecord]:
    query = (
        _lines()
        .add_columns(
            prompt_prefixes.c.text.label("prefix"),
            requests.c.tail,
            requests.c.parameters,
            requests.c.context,
            responses.c.raw,
            responses.c.text,
        )
        .join(prompt_prefixes, prompt_prefixes.c.hash == requests.c.prefix_hash)
        .where(*conditions)
        .order_by(requests.c.id)
    )
    return [
        RequestRecord(
            line=_line(row),
            prompt=row.prefix + row.tail,
            parameters=row.parameters,
            context=tuple(row.context),
            attempts=tuple(_attempts(connection, row.id)),
            raw=row.raw,
            text=row.text,
        )
        for row in connection.execute(query).all()
    ]


def _attempts(connection: Connection, request_id: int) -> list[AttemptRecord]:
    query = (
        sa.select(
            attempts.c.number,
            attempts.c.sent_at,
            attempts.c.ended_at,
            attempts.c.outcome,
            attempts.c.detail,
        )
        .where(attempts.c.request_id == request_id)
        .order_by(attempts.c.number)
    )
    return [AttemptRecord(*row) for row in connection.execute(query)]
