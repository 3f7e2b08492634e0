"""Lengths in words: bins by hand, and against pandas on real tasks."""

import pandas as pd
import pytest

from selfinstruct_core.analysis.bins import Bin
from selfinstruct_core.analysis.lengths import Field, lengths
from tests.analysis.real_tasks import alpaca, alpaca_rows, needs_real_data, task


def words(n: int) -> str:
    return " ".join(["word"] * n)


def test_by_hand() -> None:
    tasks = [task(n, words(n)) for n in (0, 4, 5, 9, 10, 59, 60, 61, 500)]
    found = lengths(tasks, Field.INSTRUCTION)
    assert [one.name for one in found.bins] == [
        "0-4", "5-9", "10-14", "15-19", "20-24", "25-29", "30-34", "35-39", "40-44", "45-49",
        "50-54", "55-59", "60+",
    ]  # fmt: skip
    assert [one for one in found.bins if one.count] == [
        Bin("0-4", 0, 5, 2, (0, 4)),
        Bin("5-9", 5, 10, 2, (5, 9)),
        Bin("10-14", 10, 15, 1, (10,)),
        Bin("55-59", 55, 60, 1, (59,)),
        Bin("60+", 60, None, 3, (60, 61, 500)),
    ]
    assert (found.n, found.width) == (9, 5)
    assert found.mean == (0 + 4 + 5 + 9 + 10 + 59 + 60 + 61 + 500) / 9
    assert found.median == 10.0
    assert found.ids("60+") == (60, 61, 500)
    assert found.ids("70+") == ()


def test_instances_count_each_and_tasks_once() -> None:
    tasks = [
        task(1, "x", ("", "a"), ("one two", "b"), ("three four", words(7))),
        task(2, "x", (" ", "c d e f g")),
    ]
    inputs = lengths(tasks, Field.INPUT)
    # The inputs that are empty are left out.
    assert [(one.name, one.count, one.ids) for one in inputs.bins if one.count] == [
        ("0-4", 2, (1,))
    ]
    outputs = lengths(tasks, Field.OUTPUT)
    assert [(one.name, one.count, one.ids) for one in outputs.bins if one.count] == [
        ("0-4", 2, (1,)),
        ("5-9", 2, (1, 2)),
    ]
    assert outputs.mean == (1 + 1 + 7 + 5) / 4
    assert outputs.median == (1 + 5) / 2


def test_other_bins() -> None:
    found = lengths([task(1, words(2)), task(2, words(3))], Field.INSTRUCTION, width=1, end=3)
    assert [(one.name, one.count) for one in found.bins] == [
        ("0", 0),
        ("1", 0),
        ("2", 1),
        ("3+", 1),
    ]
    for width, end in ((0, 10), (5, 0), (5, 12), (-5, 10)):
        with pytest.raises(ValueError, match="positive multiple"):
            lengths([], Field.OUTPUT, width, end)


def test_no_tasks() -> None:
    found = lengths([], Field.OUTPUT)
    assert (found.n, found.mean, found.median) == (0, None, None)
    assert [one.count for one in found.bins] == [0] * 13


@needs_real_data
@pytest.mark.parametrize("field", Field)
def test_real_tasks_against_pandas(field: Field) -> None:
    texts = pd.DataFrame(alpaca_rows())[field.value]
    if field is Field.INPUT:
        texts = texts[texts.str.strip() != ""]
    counted = texts.str.split().str.len()
    edges = [*range(0, 61, 5), 10**9]
    cut = pd.cut(counted, edges, right=False).value_counts(sort=False).tolist()
    found = lengths(alpaca(), field)
    assert [one.count for one in found.bins] == cut
    assert found.mean == pytest.approx(counted.mean(), abs=1e-12)
    assert found.median == counted.median()
    # Behind the bins, by their places in the file, are exactly the texts of these lengths.
    for one, low, high in zip(found.bins, edges, edges[1:], strict=False):
        places = counted.index[(counted >= low) & (counted < high)]
        assert found.ids(one.name) == tuple(1_000_000 + n for n in places)
