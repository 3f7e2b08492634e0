"""What a replay with other filters would change, before it is made. Nothing is stored."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from selfinstruct_core.generation.reader import ResponseReader
from selfinstruct_core.generation.recipe import RunSettings, settings_from_json
from selfinstruct_core.generation.replay import (
    INSTANCE_STAGES,
    Content,
    asked_about,
    derived_contents,
    replay_settings,
)
from selfinstruct_core.models import Derivation, Instance, Mode, Run, Stage
from selfinstruct_core.storage import candidates as candidate_rows
from selfinstruct_core.storage import ledger, projects
from selfinstruct_core.storage import runs as run_rows
from selfinstruct_core.storage.database import Database

KEPT = "kept"
ABSENT = "absent"
"""Said of a candidate that only one of the two readings finds in a response."""
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A candidate that would be judged otherwise. `before` and `after` are "kept", "absent" or
    the name of a rejection."""

    ordinal: int
    position: int
    instruction: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a replay would make. `before` and `after` count candidates by verdict ("kept" or the
    name of a rejection); `changed` are the instructions kept in both whose class or instances
    would differ; `not_asked` counts tasks kept only now, for which no instances were asked."""

    settings: RunSettings
    before: dict[str, int]
    after: dict[str, int]
    verdicts: tuple[VerdictChange, ...]
    changed: tuple[str, ...]
    not_asked: int


def preview_replay(
    database: Database, run_id: int, mode: Mode | None = None, filters: dict[str, Any] | None = None
) -> Preview:
    """Read a run's stored responses under other settings and compare. Raises like replay_run."""
    with database.read() as connection:
        run = run_rows.existing_run(connection, run_id)
        first = run_rows.get_derivation(connection, run_id)
        settings = replay_settings(settings_from_json(run.settings), mode, filters or {})
        reading = _Reading(connection, run, first, settings)
        before = candidate_rows.verdicts(connection, first.id)
        contents = derived_contents(connection, first.id)
    places = sorted(before.keys() | reading.verdicts.keys())
    changes = []
    for place in places:
        instruction, now = reading.verdicts.get(place, ("", ABSENT))
        stored, then = before.get(place, ("", ABSENT))
        if now != then:
            changes.append(VerdictChange(*place, instruction or stored, then, now))
    return Preview(
        settings=settings,
        before=_counts(before.values()),
        after=_counts(reading.verdicts.values()),
        verdicts=tuple(changes),
        changed=tuple(
            content[0]
            for place, content in reading.contents.items()
            if place in contents and contents[place] != content
        ),
        not_asked=sum(place not in reading.answered for place in reading.contents),
    )


class _Reading:
    """One reading of a run's responses in memory: verdicts by place, and what is kept."""

    def __init__(
        self, connection: Connection, run: Run, first: Derivation, settings: RunSettings
    ) -> None:
        seeds = projects.data_set_tasks(connection, run.seed_data_set_id)
        self._reader = ResponseReader(settings, [seed.instruction for seed in seeds])
        self.verdicts: dict[Place, tuple[str, str]] = {}
        self.contents: dict[Place, Content] = {}
        self.answered: set[Place] = set()
        self._read_candidates(connection, run.id, first.committed)
        self._read_later_stages(connection, run.id)

    def _read_candidates(self, connection: Connection, run_id: int, committed: int) -> None:
        for reply in ledger.replies(connection, run_id, self._reader.first.stage):
            if reply.ordinal >= committed:
                break
            for judged in self._reader.candidates(reply.reply, reply.context_size):
                place = (reply.ordinal, judged.position)
                reason = judged.verdict.reason
                self.verdicts[place] = (judged.instruction, reason.value if reason else KEPT)
                if judged.verdict.kept:
                    self.contents[place] = (judged.instruction, None, [])
                    if judged.instance is not None:
                        self._take(
                            place, None, self._reader.own_instance(judged.instance).instances
                        )

    def _read_later_stages(self, connection: Connection, run_id: int) -> None:
        for stage in (Stage.CLASSIFICATION, *INSTANCE_STAGES):
            for reply in ledger.replies(connection, run_id, stage):
                place = reply.source
                content = self.contents.get(place) if place else None
                if place is None or content is None or not asked_about(content[0], reply):
                    continue
                if stage is Stage.CLASSIFICATION:
                    said = self._reader.is_classification(reply.reply)
                    self.contents[place] = (content[0], said, [])
                elif content[1] is (stage is Stage.OUTPUT_FIRST):
                    found = self._reader.instances(reply.reply, stage, place).instances
                    self._take(place, content[1], found)

    def _take(self, place: Place, said: bool | None, found: Sequence[Instance]) -> None:
        self.contents[place] = (self.contents[place][0], said, list(found))
        self.answered.add(place)


def _counts(verdicts: Any) -> dict[str, int]:
    counted = Counter(verdict for _, verdict in verdicts)
    return dict(sorted(counted.items(), key=lambda item: (item[0] != KEPT, -item[1], item[0])))
