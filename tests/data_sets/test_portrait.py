"""The numbers of the Diversity page, from the rows of a small data set."""

from collections.abc import Callable

import pytest

from selfinstruct_core.analysis.lengths import Field
from selfinstruct_core.analysis.verb_nouns import Coverage
from selfinstruct_core.data_sets.measures import MeasureOptions
from selfinstruct_core.data_sets.portrait import portrait
from selfinstruct_core.errors import NotFound
from selfinstruct_core.generation.tokenizers import Tokenizer
from selfinstruct_core.models import DataSetKey, DataSetScope
from selfinstruct_core.storage.database import Database

Imported = Callable[..., DataSetKey]
Measure = Callable[..., str]
TEXTS = ("Write a poem about the sea.", "Write a poem about the sky.", "시를 써 주세요.")


def test_before_and_after_it_is_measured(
    database: Database, imported: Imported, measure: Measure
) -> None:
    key = imported(*TEXTS)
    seen = portrait(database, key)
    # Two kinds of measurement for each of three texts; there are no seeds.
    assert (seen.missing, seen.nearest_seeds) == (6, None)
    assert (seen.verb_nouns.total, seen.nearest_others.distribution.n) == (0, 0)

    measure(key)
    seen = portrait(database, key)
    assert seen.missing == 0
    table = seen.table1
    assert (table.instructions, table.unknown_class, table.instances) == (3, 3, 3)
    assert table.mean_instruction_words == (6 + 6 + 3) / 3
    assert seen.lengths[Field.OUTPUT].mean == 1
    assert seen.verb_nouns.coverage == Coverage(pair=2, verb_only=0, neither=1)
    assert seen.verb_nouns.ids("write", "poem") == tuple(task.id for task in seen.tasks[:2])
    # Five of six words in common: P = R = 5/6. The third has no tokens, and is said to have none.
    nearest = seen.nearest_others
    assert nearest.distribution.mean == pytest.approx((5 / 6 + 5 / 6 + 0) / 3)
    assert (nearest.above, nearest.without_tokens) == (2, 1)


def test_another_tokenizer_finds_tokens(
    database: Database, imported: Imported, measure: Measure
) -> None:
    key = imported(*TEXTS)
    options = MeasureOptions(tokenizer=Tokenizer.SCRIPTS)
    measure(key, options)
    assert portrait(database, key, options).nearest_others.without_tokens == 0


def test_no_such_data_set(database: Database) -> None:
    with pytest.raises(NotFound):
        portrait(database, DataSetKey(DataSetScope.SET, 9))
