"""Candidates as people look at them: lists, one of them, and how many each response brought."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from selfinstruct_core.models import Rejection, TaskState
from selfinstruct_core.storage.schema import candidates, task_versions, tasks
from selfinstruct_core.storage.tasks import FIRST_VERSION

KEPT = "kept"
REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class CandidateLine:
    """A candidate as pages list it, with the text of its nearest neighbour in the pool; class
    and state are those of the task it became, None for a rejected one."""

    ordinal: int
    position: int
    instruction: str
    reason: Rejection | None
    detail: str
    nearest_task_id: int | None
    nearest_instruction: str | None
    nearest_score: float | None
    task_id: int | None
    is_classification: bool | None
    state: TaskState | None


@dataclass(frozen=True, slots=True)
class CandidateFilter:
    """Which candidates to list. `which` is "kept", "rejected", the name of a rejection, or empty
    for all; `contains` is a part of the instruction in any case."""

    which: str = ""
    contains: str = ""


def newest_candidates(
    connection: Connection, derivation_id: int, wanted: CandidateFilter, limit: int, offset: int = 0
) -> list[CandidateLine]:
    """The candidates of a derivation that pass the filter, the newest first."""
    query = (
        _lines()
        .where(*_conditions(derivation_id, wanted))
        .order_by(candidates.c.ordinal.desc(), candidates.c.position.desc())
        .limit(limit)
        .offset(offset)
    )
    return [_line(row) for row in connection.execute(query)]


def count_candidates(connection: Connection, derivation_id: int, wanted: CandidateFilter) -> int:
    """How many candidates pass the filter."""
    query = (
        sa.select(sa.func.count())
        .select_from(candidates)
        .where(*_conditions(derivation_id, wanted))
    )
    return connection.scalar(query) or 0


def candidate_at(
    connection: Connection, derivation_id: int, ordinal: int, position: int
) -> CandidateLine | None:
    """The candidate in that place, None if there is none."""
    row = connection.execute(
        _lines().where(
            candidates.c.derivation_id == derivation_id,
            candidates.c.ordinal == ordinal,
            candidates.c.position == position,
        )
    ).one_or_none()
    return _line(row) if row else None


def candidates_of_response(
    connection: Connection, derivation_id: int, ordinal: int
) -> list[tuple[int, str]]:
    """The (position, instruction) of all candidates of one response, in order."""
    query = (
        sa.select(candidates.c.position, candidates.c.instruction)
        .where(candidates.c.derivation_id == derivation_id, candidates.c.ordinal == ordinal)
        .order_by(candidates.c.position)
    )
    return [(row.position, row.instruction) for row in connection.execute(query)]


def verdicts(connection: Connection, derivation_id: int) -> dict[tuple[int, int], tuple[str, str]]:
    """The instruction and verdict ("kept" or the name of a rejection) of each candidate of a
    derivation, by place."""
    query = sa.select(
        candidates.c.ordinal, candidates.c.position, candidates.c.instruction, candidates.c.reason
    ).where(candidates.c.derivation_id == derivation_id)
    return {
        (row.ordinal, row.position): (row.instruction, row.reason or KEPT)
        for row in connection.execute(query)
    }


@dataclass(frozen=True, slots=True)
class YieldBin:
    """What consecutive responses of stage 1 brought: `first` to `last` are their ordinals."""

    first: int
    last: int
    candidates: int
    kept: int

    @property
    def kept_per_response(self) -> float:
        """Kept tasks per response, 0 or more."""
        return self.kept / (self.last - self.first + 1)


def yield_bins(
    connection: Connection, derivation_id: int, committed: int, bins: int
) -> list[YieldBin]:
    """What the committed responses brought, in at most `bins` groups of equal length (the last
    may be shorter)."""
    width = max(1, -(-committed // bins))
    group = candidates.c.ordinal // width
    query = (
        sa.select(
            group.label("group"),
            sa.func.count().label("candidates"),
            sa.func.count().filter(candidates.c.reason.is_(None)).label("kept"),
        )
        .where(candidates.c.derivation_id == derivation_id)
        .group_by(group)
    )
    found = {row.group: (row.candidates, row.kept) for row in connection.execute(query)}
    return [
        YieldBin(first, min(first + width, committed) - 1, *found.get(first // width, (0, 0)))
        for first in range(0, committed, width)
    ]


def _conditions(derivation_id: int, wanted: CandidateFilter) -> list[sa.ColumnElement[bool]]:
    conditions = [candidates.c.derivation_id == derivation_id]
    if wanted.which == KEPT:
        conditions.append(candidates.c.reason.is_(None))
    elif wanted.which == REJECTED:
        conditions.append(candidates.c.reason.is_not(None))
    elif wanted.which:
        conditions.append(candidates.c.reason == wanted.which)
    if wanted.contains:
        conditions.append(candidates.c.instruction.icontains(wanted.contains, autoescape=True))
    return conditions


def _lines() -> sa.Select[Any]:
    task, version = tasks.alias("task"), task_versions.alias("version")
    nearest = task_versions.alias("nearest")
    return sa.select(
        candidates,
        nearest.c.instruction.label("nearest_instruction"),
        task.c.id.label("task_id"),
        version.c.is_classification,
        version.c.state,
    ).select_from(
        candidates.outerjoin(
            nearest,
            sa.and_(
                nearest.c.task_id == candidates.c.nearest_task_id,
                nearest.c.version == FIRST_VERSION,
            ),
        )
        .outerjoin(
            task,
            sa.and_(
                task.c.derivation_id == candidates.c.derivation_id,
                task.c.ordinal == candidates.c.ordinal,
                task.c.position == candidates.c.position,
            ),
        )
        .outerjoin(
            version,
            sa.and_(version.c.task_id == task.c.id, version.c.version == FIRST_VERSION),
        )
    )


def _line(row: sa.Row[Any]) -> CandidateLine:
    return CandidateLine(
        ordinal=row.ordinal,
        position=row.position,
        instruction=row.instruction,
        reason=Rejection(row.reason) if row.reason else None,
        detail=row.detail,
        nearest_task_id=row.nearest_task_id,
        nearest_instruction=row.nearest_instruction,
        nearest_score=row.nearest_score,
        task_id=row.task_id,
        is_classification=row.is_classification,
        state=TaskState(row.state) if row.state else None,
    )
