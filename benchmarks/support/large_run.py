"""A run of any size, as rows: what its page reads can be timed without running it."""

import random
import time
from typing import Any

import sqlalchemy as sa

from selfinstruct_core.generation.recipe import default_settings, with_changes
from selfinstruct_core.generation.runs import NewRun, start_run
from selfinstruct_core.models import RunState, Stage
from selfinstruct_core.storage import schema
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.runs import set_run_state

CANDIDATES = 7
KEPT_SHARE = 0.6
REASONS = ("too_similar", "keyword", "too_short")
WORDS = [f"word{n}" for n in range(5_000)]


def store_large_run(database: Database, tasks: int) -> int:
    """Store a run that has kept so many tasks. Returns its number."""
    run_id = start_run(
        database, NewRun(settings=with_changes(default_settings(), {"target": tasks}))
    )
    rows = _Rows(run_id, tasks)
    with database.write() as connection:
        derivation_id = connection.scalar(sa.select(schema.derivations.c.id))
        connection.execute(
            sa.insert(schema.prompt_prefixes).values(hash="prefix", text="brief " * 900)
        )
        for table, many in rows.of(int(derivation_id or 0)).items():
            connection.execute(sa.insert(getattr(schema, table)), many)
        connection.execute(
            sa.update(schema.derivations).values(committed=rows.responses, kept=tasks)
        )
        connection.execute(sa.update(schema.jobs).values(state="done"))
        set_run_state(connection, run_id, RunState.STOPPED, "made for a benchmark")
    return run_id


class _Rows:
    """The rows of the run: for each kept candidate a task, its class and its instance."""

    def __init__(self, run_id: int, tasks: int) -> None:
        self.responses = 0
        self._run_id = run_id
        self._wanted = tasks
        self._chance = random.Random(1)
        self._now = time.time()
        names = ("requests", "attempts", "responses", "candidates", "tasks", "task_versions")
        self._rows: dict[str, list[dict[str, Any]]] = {name: [] for name in (*names, "instances")}

    def of(self, derivation_id: int) -> dict[str, list[dict[str, Any]]]:
        first_task = 1_000
        while len(self._rows["tasks"]) < self._wanted:
            self._request(Stage.INSTRUCTIONS, self.responses, None, None)
            for position in range(CANDIDATES):
                place = (self.responses, position)
                kept = self._chance.random() < KEPT_SHARE
                kept = kept and len(self._rows["tasks"]) < self._wanted
                text = self._text(14)
                self._candidate(derivation_id, place, text, kept)
                if kept:
                    self._task(derivation_id, first_task + len(self._rows["tasks"]), place, text)
            self.responses += 1
        return self._rows

    def _text(self, words: int) -> str:
        return " ".join(self._chance.choices(WORDS, k=words))

    def _request(
        self, stage: Stage, ordinal: int, place: tuple[int, int] | None, about: str | None
    ) -> None:
        id_ = len(self._rows["requests"]) + 1
        source = place or (None, None)
        self._rows["requests"].append(
            {
                **{"id": id_, "run_id": self._run_id, "stage": stage, "ordinal": ordinal},
                **{"source_ordinal": source[0], "source_position": source[1]},
                **{"instruction": about, "context": [1, 2, 3], "prefix_hash": "prefix"},
                **{"tail": self._text(60), "parameters": {"model": "none"}},
                **{"planned_at": self._now, "answered": True},
            }
        )
        self._rows["attempts"].append(
            {
                **{"request_id": id_, "number": 1, "outcome": "answered", "detail": ""},
                **{"sent_at": self._now, "ended_at": self._now},
            }
        )
        text = self._text(60)
        self._rows["responses"].append(
            {
                **{"request_id": id_, "raw": f'{{"text": "{text}"}}', "text": text},
                **{"finish_reason": "stop", "prompt_tokens": 1_000, "completion_tokens": 80},
                **{"latency": 0.5, "received_at": self._now},
            }
        )

    def _candidate(self, derivation_id: int, place: tuple[int, int], text: str, kept: bool) -> None:
        self._rows["candidates"].append(
            {
                **{"derivation_id": derivation_id, "ordinal": place[0], "position": place[1]},
                **{"instruction": text, "detail": "", "nearest_task_id": 1, "nearest_score": 0.3},
                "reason": None if kept else self._chance.choice(REASONS),
            }
        )

    def _task(self, derivation_id: int, id_: int, place: tuple[int, int], text: str) -> None:
        number = len(self._rows["tasks"])
        is_classification = self._chance.random() < 0.2
        self._rows["tasks"].append(
            {
                **{"id": id_, "project_id": 1, "origin": "machine", "created_at": self._now},
                **{"derivation_id": derivation_id, "ordinal": place[0], "position": place[1]},
            }
        )
        self._rows["task_versions"].append(
            {
                **{"task_id": id_, "version": 1, "instruction": text, "state": "ready"},
                **{"is_classification": is_classification, "created_at": self._now},
            }
        )
        self._rows["instances"].append(
            {
                **{"task_id": id_, "version": 1, "position": 0},
                **{"input": self._text(8), "output": self._text(20)},
            }
        )
        self._request(Stage.CLASSIFICATION, number, place, text)
        later = Stage.OUTPUT_FIRST if is_classification else Stage.INPUT_FIRST
        self._request(later, number, place, text)
