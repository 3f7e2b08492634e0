"""What earlier runs of a model needed on average."""

from dataclasses import dataclass
from statistics import fmean

import sqlalchemy as sa
from sqlalchemy import Connection

from selfinstruct_core.models import Endpoint, Recipe, Run, Stage
from selfinstruct_core.storage.runs import latest_runs
from selfinstruct_core.storage.schema import (
    derivations,
    requests,
    responses,
    task_versions,
    tasks,
)
from selfinstruct_core.storage.tasks import FIRST_VERSION

LOOKED_AT = 200
RESTS_ON = 5
"""Of the newest 200 runs, the newest five that fit."""
SAMPLE = 200


@dataclass(frozen=True, slots=True)
class StageAverages:
    """Tokens of one request and of its response, on average."""

    prompt_tokens: float
    completion_tokens: float


@dataclass(frozen=True, slots=True)
class Averages:
    """Averages over so many runs: kept tasks per response of stage 1, the share of classification
    tasks (None when none was asked about), and the tokens of those stages that told them."""

    runs: int
    kept_per_response: float
    classification_share: float | None
    stages: dict[Stage, StageAverages]


def averages(connection: Connection, endpoint: Endpoint, recipe: Recipe) -> Averages | None:
    """Averages over the newest runs of the same model, server, interface and recipe that
    committed anything; None when there are none."""
    own = [
        run.id for run in latest_runs(connection, None, LOOKED_AT) if _same(run, endpoint, recipe)
    ]
    rows = connection.execute(
        sa.select(
            derivations.c.id, derivations.c.run_id, derivations.c.committed, derivations.c.kept
        )
        .where(
            derivations.c.run_id.in_(own), derivations.c.number == 1, derivations.c.committed > 0
        )
        .order_by(derivations.c.run_id.desc())
        .limit(RESTS_ON)
    ).all()
    if not rows:
        return None
    return Averages(
        runs=len(rows),
        kept_per_response=sum(row.kept for row in rows) / sum(row.committed for row in rows),
        classification_share=_classification_share(connection, [row.id for row in rows]),
        stages=_stages(connection, [row.run_id for row in rows]),
    )


def _same(run: Run, endpoint: Endpoint, recipe: Recipe) -> bool:
    theirs = run.endpoint
    same_model = (theirs.base_url, theirs.model) == (endpoint.base_url, endpoint.model)
    # Runs from before there were two recipes name none.
    same_recipe = run.settings.get("recipe", Recipe.SELF_INSTRUCT) == recipe
    return same_model and same_recipe and theirs.api is endpoint.api


def _classification_share(connection: Connection, derivation_ids: list[int]) -> float | None:
    classes = task_versions.c.is_classification
    said, yes = connection.execute(
        sa.select(sa.func.count(classes), sa.func.count().filter(classes.is_(True)))
        .join_from(tasks, task_versions)
        .where(tasks.c.derivation_id.in_(derivation_ids), task_versions.c.version == FIRST_VERSION)
    ).one()
    return float(yes / said) if said else None


def _stages(connection: Connection, run_ids: list[int]) -> dict[Stage, StageAverages]:
    found = {}
    for stage in Stage:
        told = [row for run_id in run_ids for row in _newest_tokens(connection, run_id, stage)]
        if told:
            found[stage] = StageAverages(
                fmean(prompt for prompt, _ in told), fmean(completion for _, completion in told)
            )
    return found


def _newest_tokens(connection: Connection, run_id: int, stage: Stage) -> list[tuple[int, int]]:
    """Tokens of the newest responses that told them: enough for an average, of any run."""
    rows = connection.execute(
        sa.select(responses.c.prompt_tokens, responses.c.completion_tokens)
        .join_from(requests, responses)
        .where(requests.c.run_id == run_id, requests.c.stage == stage)
        .order_by(requests.c.ordinal.desc())
        .limit(SAMPLE)
    )
    return [(row[0], row[1]) for row in rows if row[0] is not None and row[1] is not None]
