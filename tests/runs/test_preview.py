"""What a preview of a replay says is what the replay then makes."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from selfinstruct_core.errors import BadInput, NotFound
from selfinstruct_core.generation.preview import ABSENT, KEPT, preview_replay
from selfinstruct_core.generation.replay import replay_run
from selfinstruct_core.models import Mode, Recipe, RunState
from selfinstruct_core.storage import schema
from selfinstruct_core.storage.database import Database
from tests.support.run_rows import run_rows

Generate = Callable[..., tuple[int, RunState]]
Verdicts = dict[tuple[int, int], str]


def verdicts(database: Database, run_id: int, number: int) -> Verdicts:
    """The stored verdict of each candidate of a derivation, by place."""
    rows = run_rows(database, run_id, number)["candidates"]
    return {(row[0], row[1]): row[3] or KEPT for row in rows}


def everything(database: Database) -> dict[str, int | None]:
    with database.read() as connection:
        return {
            name: connection.scalar(sa.select(sa.func.count()).select_from(table))
            for name, table in schema.metadata.tables.items()
        }


@pytest.mark.parametrize(
    ("recipe", "mode", "filters"),
    [
        (Recipe.SELF_INSTRUCT, None, {}),
        (Recipe.SELF_INSTRUCT, None, {"threshold": 0.3}),
        (Recipe.SELF_INSTRUCT, None, {"threshold": 1.0, "keywords": []}),
        (Recipe.SELF_INSTRUCT, None, {"min_words": 9, "max_instances": 1}),
        (Recipe.SELF_INSTRUCT, Mode.PAPER, {}),
        (Recipe.ALPACA, None, {"threshold": 0.25}),
    ],
)
def test_the_replay_is_as_its_preview_says(
    database: Database,
    generate: Generate,
    recipe: Recipe,
    mode: Mode | None,
    filters: dict[str, Any],
) -> None:
    run_id, _ = generate(target=60, seed=4, recipe=recipe)
    rows = everything(database)
    seen = preview_replay(database, run_id, mode, filters)
    assert everything(database) == rows

    made = replay_run(database, run_id, mode, filters)
    before, after = verdicts(database, run_id, 1), verdicts(database, run_id, made.number)
    assert (seen.before, seen.after) == (Counter(before.values()), Counter(after.values()))
    assert {(v.ordinal, v.position): (v.before, v.after) for v in seen.verdicts} == {
        place: (before.get(place, ABSENT), after.get(place, ABSENT))
        for place in before.keys() | after.keys()
        if before.get(place) != after.get(place)
    }
    assert seen.changed == made.difference.changed
    states = Counter(row[4] for row in run_rows(database, run_id, made.number)["tasks"])
    assert seen.not_asked == states["not_asked"]
    assert seen.settings == made.settings
    # The case shows something: only the first changes nothing.
    assert bool(seen.verdicts or seen.changed) is bool(filters or mode)


def test_what_cannot_be_previewed(database: Database, generate: Generate) -> None:
    run_id, _ = generate(target=5)
    with pytest.raises(BadInput, match="threshold is 2"):
        preview_replay(database, run_id, filters={"threshold": 2.0})
    with pytest.raises(NotFound, match="There is no run 77"):
        preview_replay(database, 77)
