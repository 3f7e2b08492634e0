"""What each rule says by itself, and that the first objection is the verdict."""

import random
import re

import pytest

from selfinstruct_core.generation.heuristics import (
    KEYWORDS,
    TextRules,
    judge_text,
    rule_verdicts,
)
from selfinstruct_core.generation.tokenizers import Tokenizer, tokenize
from selfinstruct_core.models import KEPT, Rejection, Verdict

RULES = TextRules(4, 150, KEYWORDS, any_case=True)
ORDER = [
    Rejection.EMPTY,
    Rejection.TOO_SHORT,
    Rejection.TOO_LONG,
    Rejection.KEYWORD,
    Rejection.WRITE_A_PROGRAM,
    Rejection.STARTS_WITH_PUNCTUATION,
    Rejection.NOT_ASCII,
]


def objections(text: str, rules: TextRules = RULES) -> dict[str, str]:
    """The rules that object, in their order, with their details."""
    said = list(rule_verdicts(text, rules))
    assert [rule for rule, _ in said] == ORDER
    for rule, verdict in said:
        assert verdict == KEPT or verdict.reason is rule
    return {rule: verdict.detail for rule, verdict in said if not verdict.kept}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Name a river in Asia", {}),
        ("", {"empty": "", "too_short": "0 words"}),
        ("map", {"too_short": "1 words", "keyword": "map"}),
        ("(map", {"too_short": "1 words", "keyword": "map", "starts_with_punctuation": "("}),
        ("Écris", {"too_short": "1 words", "not_ascii": "É"}),
        ("Write a program", {"too_short": "3 words", "write_a_program": ""}),
        (
            "Write a program " + "w " * 148,
            {"too_long": "151 words", "write_a_program": ""},
        ),
        (
            "write a program that draws a map of files",
            {"keyword": "files", "write_a_program": ""},
        ),
        ("é " * 151 + "plot", {"too_long": "152 words", "keyword": "plot", "not_ascii": "é"}),
    ],
)
def test_every_rule_speaks_for_itself(text: str, expected: dict[str, str]) -> None:
    found = objections(text)
    assert found == expected
    assert list(found) == [rule for rule in ORDER if rule in expected]


def test_other_limits_change_only_their_own_rule() -> None:
    text = "(Write the map of Écouen"
    before = objections(text)
    assert before == {"keyword": "map", "starts_with_punctuation": "("}
    changed = {
        "too_short": TextRules(6, 150, KEYWORDS, any_case=True),
        "too_long": TextRules(1, 4, KEYWORDS, any_case=True),
    }
    for rule, rules in changed.items():
        assert objections(text, rules) == before | {rule: "5 words"}
    without = TextRules(4, 150, (), any_case=True)
    assert objections(text, without) == {"starts_with_punctuation": "("}


def test_any_script_counts_characters_and_takes_every_letter() -> None:
    text = "다음 문장을 번역하세요"
    exact = TextRules(4, 150, KEYWORDS, any_case=True)
    scripts = TextRules(4, 150, KEYWORDS, any_case=True, any_script=True)
    assert objections(text, exact) == {"too_short": "3 words", "not_ascii": "다"}
    assert objections(text, scripts) == {}
    assert objections("다음", scripts) == {"too_short": "2 words"}


def plainly(text: str, rules: TextRules) -> Verdict:
    """The rules said again, one after the other."""
    count = len(tokenize(text, Tokenizer.SCRIPTS)) if rules.any_script else len(text.split())
    if text == "":
        return Verdict(Rejection.EMPTY)
    if count < rules.min_words:
        return Verdict(Rejection.TOO_SHORT, f"{count} words")
    if count > rules.max_words:
        return Verdict(Rejection.TOO_LONG, f"{count} words")
    for keyword in rules.keywords:
        if re.search(rf"(?<!\w){keyword}(?!\w)", text, re.IGNORECASE):
            return Verdict(Rejection.KEYWORD, keyword)
    if (text.lower() if rules.any_case else text).startswith(
        "write a program" if rules.any_case else "Write a program"
    ):
        return Verdict(Rejection.WRITE_A_PROGRAM)
    if text[0] in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~":
        return Verdict(Rejection.STARTS_WITH_PUNCTUATION, text[0])
    if ord(text[0]) > 127 and not rules.any_script:
        return Verdict(Rejection.NOT_ASCII, text[0])
    return KEPT


WORDS = (
    "name", "Write", "write", "a", "program", "the", "map", "Maps", "go", "to", "(one)", "é",
    "*", "다음", "翻译", "7", "FILE.", "_", "imagery",
)  # fmt: skip


@pytest.mark.parametrize("any_case", [True, False])
@pytest.mark.parametrize("any_script", [True, False])
def test_the_first_objection_is_the_verdict(any_case: bool, any_script: bool) -> None:
    rng = random.Random(3)
    rules = TextRules(3, 8, KEYWORDS, any_case, any_script)
    reasons = set()
    for _ in range(2000):
        text = " ".join(rng.choice(WORDS) for _ in range(rng.randint(0, 10)))
        if rng.random() < 0.1:
            text = f"{rng.choice(('Write', 'write', 'WRITE'))} a program for me"
        first = next(
            (verdict for _, verdict in rule_verdicts(text, rules) if not verdict.kept), KEPT
        )
        assert judge_text(text, rules) == first == plainly(text, rules), text
        reasons.add(first.reason)
    expected = {None, *ORDER} - ({Rejection.NOT_ASCII} if any_script else set())
    assert reasons == expected
