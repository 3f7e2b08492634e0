"""Rules that judge a candidate instruction by its text alone (paper section 2.2, stage 4).

The paper names length and keywords; the reference code also drops what starts with
"Write a program", with punctuation or with a non-ASCII character, and empty items. All of
these are here, in the code's order. Novelty is judged separately, after them.
"""

import re
import string
from collections.abc import Sequence
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


def judge_text(
    instruction: str,
    *,
    min_words: int,
    max_words: int,
    keywords: Sequence[str],
    any_case: bool,
    any_script: bool = False,
) -> Verdict:
    """The verdict of the first rule that objects, in the reference code's order.

    `any_case` finds "write a program" in any case; the reference code's comparison is exact.
    `any_script` lets an instruction start in any script, and counts each character of scripts
    without spaces as a word; the reference code keeps only what starts in ASCII.
    """
    if not instruction:
        return Verdict(Rejection.EMPTY)
    words = len(tokenize(instruction, Tokenizer.SCRIPTS) if any_script else instruction.split())
    if words < min_words:
        return Verdict(Rejection.TOO_SHORT, f"{words} words")
    if words > max_words:
        return Verdict(Rejection.TOO_LONG, f"{words} words")
    keyword = first_keyword(instruction, tuple(keywords))
    if keyword is not None:
        return Verdict(Rejection.KEYWORD, keyword)
    opening = instruction.lower() if any_case else instruction
    if opening.startswith("write a program" if any_case else "Write a program"):
        return Verdict(Rejection.WRITE_A_PROGRAM)
    if instruction[0] in string.punctuation:
        return Verdict(Rejection.STARTS_WITH_PUNCTUATION, instruction[0])
    if not any_script and not instruction[0].isascii():
        return Verdict(Rejection.NOT_ASCII, instruction[0])
    return KEPT


def first_keyword(text: str, keywords: tuple[str, ...]) -> str | None:
    """The first of the keywords, in the order of the list, that occurs in the text as a word."""
    for keyword in keywords:
        if _keyword_pattern(keyword).search(text):
            return keyword
    return None


@lru_cache(maxsize=1024)
def _keyword_pattern(keyword: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{re.escape(keyword)})\b", re.IGNORECASE)
