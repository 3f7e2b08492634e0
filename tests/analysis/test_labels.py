"""The balance of labels: by hand, and against pandas on generated tasks."""

import math
import random

import numpy as np
import pandas as pd
import pytest

from selfinstruct_core.analysis.labels import NOT_KNOWN, LabelCount, TaskLabels, label_balance
from tests.analysis.real_tasks import task


def outputs(id_: int, *labels: str, clf: bool | None = True) -> object:
    return task(id_, "Classify.", *(("x", label) for label in labels), clf=clf)


TASKS = [
    outputs(1, "Yes", "yes ", "NO", "yes"),
    outputs(2, "no", "Straße"),
    outputs(3, "STRASSE", "strasse"),
    outputs(4, "Yes"),
    outputs(5),
    outputs(6, "Yes", "Yes", clf=False),
    outputs(7, "Yes", "Yes", clf=None),
]
GROUPS = {1: "output-first", 2: "output-first", 3: "input-first", 6: "input-first"}


def test_counts_by_hand() -> None:
    found = label_balance(TASKS, GROUPS)
    assert found.instances == 4 + 2 + 2 + 1
    assert found.labels == (
        # "yes" twice and "Yes" twice: capitals come first in the order of characters.
        LabelCount("Yes", 4, {NOT_KNOWN: 1, "output-first": 3}, (1, 4)),
        # Three spellings, each once; ß is casefolded to ss.
        LabelCount("STRASSE", 3, {"input-first": 2, "output-first": 1}, (2, 3)),
        LabelCount("NO", 2, {"output-first": 2}, (1, 2)),
    )
    assert found.most_common(1) == found.labels[:1]


def test_each_task_by_hand() -> None:
    found = label_balance(TASKS, GROUPS)
    first, second, third = found.tasks
    # 3 of 4 and 1 of 4: (3/4 log2 4/3 + 1/4 log2 4) / log2 2 = 0.8113.
    assert (first.id, first.group, first.instances, first.labels) == (1, "output-first", 4, 2)
    assert first.top_share == 0.75
    assert first.entropy == pytest.approx(0.75 * math.log2(4 / 3) + 0.25 * 2, abs=1e-15)
    assert second == TaskLabels(2, "output-first", 2, 2, top_share=0.5, entropy=1.0)
    assert third == TaskLabels(3, "input-first", 2, 1, top_share=1.0, entropy=0.0)


def test_groups_by_hand() -> None:
    found = label_balance(TASKS, GROUPS)
    by_input, by_output, unknown = found.groups
    assert [g.group for g in found.groups] == ["input-first", "output-first", NOT_KNOWN]
    assert (by_input.tasks, by_input.instances, by_input.too_few, by_input.one_label) == (
        1,
        2,
        0,
        1,
    )
    assert (by_input.mean_top_share, by_input.mean_entropy) == (1.0, 0.0)
    assert by_input.shares.ids("1") == (3,)
    assert (by_output.tasks, by_output.too_few, by_output.one_label) == (2, 0, 0)
    assert by_output.mean_top_share == (0.75 + 0.5) / 2
    assert by_output.shares.ids("0.5-0.6") == (2,)
    assert by_output.shares.ids("0.7-0.8") == (1,)
    # Of one instance and of none.
    assert (unknown.tasks, unknown.instances, unknown.too_few) == (2, 1, 2)
    assert (unknown.mean_top_share, unknown.mean_entropy, unknown.shares.n) == (None, None, 0)


def test_without_classification_tasks() -> None:
    found = label_balance(TASKS[5:], GROUPS)
    assert (found.instances, found.labels, found.tasks, found.groups) == (0, (), (), ())


def test_odd_labels() -> None:
    found = label_balance([outputs(1, "긍정", "긍정\n", "", "\x00", "a" * 100_000)])
    assert [(one.label, one.count) for one in found.labels] == [
        ("긍정", 2),
        ("", 1),
        ("\x00", 1),
        ("a" * 100_000, 1),
    ]


@pytest.mark.parametrize("labels", [3, 7, 10, 49])
def test_equal_shares_have_the_highest_entropy(labels: int) -> None:
    (found,) = label_balance([outputs(1, *(str(n) for n in range(labels)))]).tasks
    assert found.entropy == pytest.approx(1.0, abs=1e-12)
    assert found.entropy <= 1.0


def test_against_pandas() -> None:
    rng = random.Random(5)
    rows = [
        (id_, rng.choice("AaBbCc") + rng.choice(["", " "]))
        for id_ in range(400)
        for _ in range(rng.randint(1, 6))
    ]
    frame = pd.DataFrame(rows, columns=["id", "output"])
    tasks = [outputs(id_, *part["output"]) for id_, part in frame.groupby("id")]
    found = label_balance(tasks, {id_: str(id_ % 3) for id_ in range(400)})
    frame["label"] = frame["output"].str.strip().str.casefold()
    counted = frame["label"].value_counts()
    assert {one.label.casefold(): one.count for one in found.labels} == counted.to_dict()
    several = frame.groupby("id").filter(lambda part: len(part) > 1)
    shares = several.groupby("id")["label"].value_counts(normalize=True)
    assert [one.top_share for one in found.tasks] == shares.groupby("id").max().tolist()
    entropy = shares.groupby("id").apply(
        lambda s: 0.0 if len(s) == 1 else -(s * np.log(s)).sum() / np.log(len(s))
    )
    assert [one.entropy for one in found.tasks] == pytest.approx(entropy.tolist(), abs=1e-12)
    for group in found.groups:
        of_group = entropy[entropy.index % 3 == int(group.group)]
        assert group.mean_entropy == pytest.approx(of_group.mean(), abs=1e-12)
