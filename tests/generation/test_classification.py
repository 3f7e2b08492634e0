"""The answer to whether a task is a classification task."""

import random

import pytest

from selfinstruct_core.generation import classification
from selfinstruct_core.models import Mode, Reply
from tests.generation import reference_behaviour as reference


def test_paper_equals_the_reference() -> None:
    rng = random.Random(31)
    pieces = ("Yes", "yes", "YES", "yEs", "No", "Y", " ", "\n", "\t", "\u00a0", ".", ",", "*", "!")
    outcomes = set()
    for _ in range(3000):
        text = "".join(rng.choice(pieces) for _ in range(rng.randrange(4)))
        expected = reference.is_classification(text)
        for finish_reason in ("stop", "length"):
            assert classification.parse(Reply(text, finish_reason), Mode.PAPER) is expected
        outcomes.add(expected)
    assert outcomes == {True, False}


@pytest.mark.parametrize(
    ("text", "paper", "improved"),
    [
        ("Yes", True, True),
        (" yes\n", True, True),
        ("YES", True, True),
        ("\u00a0Yes", True, True),
        ("Yes.", False, True),
        ("yEs", False, True),
        ("**Yes**", False, True),
        ("Yes, it is.", False, True),
        ("- yes", False, True),
        ('"Yes"', False, True),
        ("1. Yes", False, True),
        ("Answer: Yes", False, True),
        ("**Answer:** yes", False, True),
        ("Is it classification? Yes", False, True),
        ("Is it classification?\nAnswer: Yes", False, True),
        ("<think>No, or is it?</think>\n\nYes", False, True),
        ("No", False, False),
        ("No, yes would be wrong", False, False),
        ("Is it classification? No", False, False),
        ("Answer: No", False, False),
        ("Yesterday", False, False),
        ("Yes_", False, True),
        ("Is it? Yes", False, False),
        ("<think>Yes", False, False),
        ("Maybe yes", False, False),
        ("42", False, False),
        ("", False, False),
        (None, False, False),
    ],
)
def test_answers(text: str | None, paper: bool, improved: bool) -> None:
    assert classification.parse(Reply(text), Mode.PAPER) is paper
    assert classification.parse(Reply(text), Mode.IMPROVED) is improved
    assert reference.is_classification(text) is paper
