"""Each rule about a candidate's text at its borders, and in the reference code's order."""

import pytest

from selfinstruct_core.generation.heuristics import KEYWORDS, TextRules, first_keyword, judge_text
from selfinstruct_core.models import KEPT, Rejection, Verdict


def judge(
    text: str,
    *,
    min_words: int = 4,
    max_words: int = 150,
    keywords: tuple[str, ...] = KEYWORDS,
    any_case: bool = True,
) -> Verdict:
    return judge_text(text, TextRules(min_words, max_words, keywords, any_case))


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("", Verdict(Rejection.EMPTY)),
        ("One", Verdict(Rejection.TOO_SHORT, "1 words")),
        ("One two three", Verdict(Rejection.TOO_SHORT, "3 words")),
        ("One two-and-a-half three", Verdict(Rejection.TOO_SHORT, "3 words")),
        ("One two three 4", KEPT),
        ("w " * 149 + "w", KEPT),
        ("w " * 150 + "w", Verdict(Rejection.TOO_LONG, "151 words")),
        ("Describe the image in words", Verdict(Rejection.KEYWORD, "image")),
        ("Where do I go to?", Verdict(Rejection.KEYWORD, "go to")),
        ("Write a program that sorts", Verdict(Rejection.WRITE_A_PROGRAM)),
        ("Write a programme for Sunday", Verdict(Rejection.WRITE_A_PROGRAM)),
        ("Now write a program that sorts", KEPT),
        ("(optional) say it again", Verdict(Rejection.STARTS_WITH_PUNCTUATION, "(")),
        ("_ is a blank here", Verdict(Rejection.STARTS_WITH_PUNCTUATION, "_")),
        ("“Curly” is not ASCII punctuation", Verdict(Rejection.NOT_ASCII, "“")),
        ("Écris un petit poème", Verdict(Rejection.NOT_ASCII, "É")),
        ("Write éclair in French", KEPT),
        ("7 words of your choice", KEPT),
    ],
)
def test_rules(text: str, verdict: Verdict) -> None:
    assert judge(text) == verdict


@pytest.mark.parametrize(
    ("text", "first"),
    [
        # Each breaks the rule named and all later ones that it can.
        ("map", Rejection.TOO_SHORT),
        ("(map " + "é " * 150, Rejection.TOO_LONG),
        ("Write a program that draws a map", Rejection.KEYWORD),
        ("(one more map please", Rejection.KEYWORD),
        ("Étudie la map ici", Rejection.KEYWORD),
    ],
)
def test_the_first_rule_that_objects_is_named(text: str, first: Rejection) -> None:
    assert judge(text).reason is first


def test_limits_are_settings() -> None:
    assert judge("One two", min_words=2).kept
    assert judge("One two three", max_words=2, min_words=1).detail == "3 words"
    assert judge("Show me the map now", keywords=()).kept
    assert judge("Show me the money now", keywords=("money",)).detail == "money"


@pytest.mark.parametrize("text", ["write a program for me", "WRITE A PROGRAM for me"])
def test_any_case_is_a_choice(text: str) -> None:
    assert judge(text, any_case=True).reason is Rejection.WRITE_A_PROGRAM
    assert judge(text, any_case=False).kept


def test_the_reference_s_keywords() -> None:
    assert KEYWORDS == (
        "image", "images", "graph", "graphs", "picture", "pictures", "file", "files",
        "map", "maps", "draw", "plot", "go to",
    )  # fmt: skip


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_every_keyword_at_the_borders_of_words(keyword: str) -> None:
    for text in ("{}", "{}.", "the {}", "({})", "-{}-", "a\t{}!", "{}\n", "é {}'s", "“{}”"):
        assert first_keyword(text.format(keyword.upper()), KEYWORDS) == keyword
    for text in ("x{}", "{}x", "{}_", "_{}", "{}2", "é{}", "{}é", "{}한"):
        assert first_keyword(text.format(keyword), (keyword,)) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a file and an image", "image"),  # the order is that of the list
        ("go  to", None),  # candidates have single spaces
        ("going to", None),
        ("go today", None),
        ("mapping", None),
        ("plots", None),
        ("drawing", None),
        ("İmage", "image"),  # as Python's patterns compare without case
        ("mapſ", "maps"),
    ],
)
def test_particular_words(text: str, found: str | None) -> None:
    assert first_keyword(text, KEYWORDS) == found


def test_keywords_are_texts_not_patterns() -> None:
    assert first_keyword("a.b", ("a.b",)) == "a.b"
    assert first_keyword("axb", ("a.b",)) is None
    assert first_keyword("f(x) is 3", ("f(x",)) == "f(x"
