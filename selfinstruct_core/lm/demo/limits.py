"""Where a server ends a text: at a stop sequence or at the number of tokens allowed."""

import re
from collections.abc import Sequence


def count_tokens(text: str) -> int:
    """Four tokens for three words, rounded up; a stand-in, since the demo has no tokenizer."""
    return -(-4 * len(text.split()) // 3)


def cut_at_stop(text: str, stop: Sequence[str]) -> str:
    """The text before the first stop sequence in it."""
    positions = [text.find(sequence) for sequence in stop]
    return text[: min((position for position in positions if position >= 0), default=len(text))]


def cut_at_tokens(text: str, max_tokens: int) -> str:
    """As many whole words as the tokens allow, with the white space before them."""
    words = 3 * max_tokens // 4
    # Possessive: a word may not be matched as several.
    beginning = re.match(rf"(?:\s*+\S++){{0,{words}}}", text)
    return beginning[0] if beginning else ""
