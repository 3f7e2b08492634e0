"""Table 1: by hand, and against pandas on real tasks."""

import pandas as pd
import pytest

from selfinstruct_core.analysis.table1 import Table1, table1
from tests.analysis.real_tasks import alpaca, alpaca_rows, needs_real_data, task


def test_by_hand() -> None:
    tasks = [
        task(7, "Name a colour.", ("", "red"), ("", "dark blue"), clf=False),
        task(8, "Is this  English?\n", ("One two three", "yes"), clf=True),
        task(9, "Translate", ("uno", "one"), (" \n", "nothing to translate"), clf=None),
        task(10, "Name a colour.", clf=False),
    ]
    assert table1(tasks) == Table1(
        instructions=4,
        classification=1,
        non_classification=2,
        unknown_class=1,
        instances=5,
        empty_input=3,  # two "" and one of white space
        mean_instruction_words=(3 + 3 + 1 + 3) / 4,
        mean_input_words=(3 + 1) / 2,
        mean_output_words=(1 + 2 + 1 + 1 + 3) / 5,
    )


def test_nothing_to_average() -> None:
    assert table1([]) == Table1(0, 0, 0, 0, 0, 0, None, None, None)
    assert table1([task(1, "Do it.")]) == Table1(1, 0, 0, 1, 0, 0, 2.0, None, None)
    assert table1([task(1, "Do it.", ("", "x"))]) == Table1(1, 0, 0, 1, 1, 1, 2.0, None, 1.0)


def test_odd_texts() -> None:
    long = "a" * 100_000
    found = table1([task(1, long, ("\x00", "\x00")), task(2, "다음 글을 요약해라", ("　", "요약"))])
    # NUL is a word; the ideographic space is white space.
    assert found == Table1(2, 0, 0, 2, 2, 1, (1 + 3) / 2, 1.0, 1.0)


@needs_real_data
def test_real_tasks_against_pandas() -> None:
    frame = pd.DataFrame(alpaca_rows())
    lengths = frame.map(lambda text: len(text.split()))
    found = table1(alpaca())
    assert (found.instructions, found.unknown_class, found.instances) == (5000, 5000, 5000)
    assert found.empty_input == (frame["input"].str.strip() == "").sum() == 3057
    assert found.mean_instruction_words == pytest.approx(lengths["instruction"].mean(), abs=1e-12)
    assert found.mean_output_words == pytest.approx(lengths["output"].mean(), abs=1e-12)
    filled = lengths["input"][frame["input"].str.strip() != ""]
    assert found.mean_input_words == pytest.approx(filled.mean(), abs=1e-12)
