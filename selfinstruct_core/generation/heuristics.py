"""Rules that judge a candidate instruction by its text alone (paper section 2.2, stage 4).

The paper names length and keywords; the reference code also drops what starts with
"Write a program", with punctuation or with a non-ASCII character, and empty items. All of
these are here, in the code's order. Novelty is judged separately, after them.
"""

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from selfinstruct_core.generation.tokenizers import Tokenizer, tokenize
from selfinstruct_core.models import KEPT, Rejection, Verdict

KEYWORDS = (
    "image", "images", "graph", "graphs", "picture", "pictures", "file", "files",
    "map", "maps", "draw", "plot", "go to",
)  # fmt: skip
"""What a text-only model cannot work with, as in the reference code; matched as whole words."""
ALPACA_KEYWORDS = (*KEYWORDS, "video", "audio", "music", "flowchart", "diagram")
"""The same with what Alpaca's reference code adds."""


@dataclass(frozen=True, slots=True)
class TextRules:
    """What the rules judge by. Word counts are of whitespace-separated words.

    `any_case` finds "write a program" in any case; the reference code's comparison is exact.
    `any_script` lets an instruction start in any script, and counts each character of scripts
    without spaces as a word; the reference code keeps only what starts in ASCII.
    """

    min_words: int
    max_words: int
    keywords: tuple[str, ...]
    any_case: bool
    any_script: bool = False


def judge_text(instruction: str, rules: TextRules) -> Verdict:
    """The verdict of the first rule that objects, in the reference code's order."""
    return next((v for _, v in rule_verdicts(instruction, rules) if not v.kept), KEPT)


def rule_verdicts(instruction: str, rules: TextRules) -> Iterator[tuple[Rejection, Verdict]]:
    """What each rule says of an instruction, in the reference code's order, each with the
    rejection it is for."""

    def rule(reason: Rejection, objects: bool, detail: str = "") -> tuple[Rejection, Verdict]:
        return reason, Verdict(reason, detail) if objects else KEPT

    yield rule(Rejection.EMPTY, not instruction)
    words = count_words(instruction, any_script=rules.any_script)
    yield rule(Rejection.TOO_SHORT, words < rules.min_words, f"{words} words")
    yield rule(Rejection.TOO_LONG, words > rules.max_words, f"{words} words")
    keyword = first_keyword(instruction, rules.keywords)
    yield rule(Rejection.KEYWORD, keyword is not None, keyword or "")
    opening = instruction.lower() if rules.any_case else instruction
    banned = "write a program" if rules.any_case else "Write a program"
    yield rule(Rejection.WRITE_A_PROGRAM, opening.startswith(banned))
    first = instruction[:1]
    punctuated = first != "" and first in string.punctuation
    yield rule(Rejection.STARTS_WITH_PUNCTUATION, punctuated, first)
    yield rule(Rejection.NOT_ASCII, not rules.any_script and not first.isascii(), first)


def count_words(instruction: str, *, any_script: bool) -> int:
    """Words as the length rules count them."""
    return len(tokenize(instruction, Tokenizer.SCRIPTS) if any_script else instruction.split())


def first_keyword(text: str, keywords: tuple[str, ...]) -> str | None:
    """The first of the keywords, in the order of the list, that occurs in the text as a word."""
    for keyword in keywords:
        if _keyword_pattern(keyword).search(text):
            return keyword
    return None


@lru_cache(maxsize=1024)
def _keyword_pattern(keyword: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{re.escape(keyword)})\b", re.IGNORECASE)
