"""The two tokenizers of the novelty filter.

``rouge`` is the reference's own. It deletes everything outside [a-z0-9], so a Korean or
Chinese text has no tokens at all and is never found a duplicate, not even of itself.
``scripts`` is ours, for those languages; on plain ASCII both agree.
"""

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache


class Tokenizer(StrEnum):
    """Names of the tokenizers; the values are stored with data sets and must not change."""

    ROUGE = "rouge"
    SCRIPTS = "scripts"


class _Kind(StrEnum):
    """What one character does to the token sequence."""

    SINGLE = "single"  # a token of its own
    WORD = "word"  # part of a run
    MARK = "mark"  # belongs to the character before it
    INVISIBLE = "invisible"  # neither a token nor the end of one
    BREAK = "break"


# Scripts that put no spaces between words, and Hangul syllables: first and last code point.
_SINGLE_RANGES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x0F00, 0x0FFF),  # Tibetan
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x1B00, 0x1B7F),  # Balinese
    (0x2E80, 0x312F),  # CJK radicals, ideographic digits, Hiragana, Katakana, Bopomofo
    (0x31A0, 0x31FF),  # Bopomofo extended, CJK strokes, Katakana extensions
    (0x3400, 0x4DBF),  # Han extension A
    (0x4E00, 0xA4CF),  # Han, Yi
    (0xA980, 0xA9FF),  # Javanese, Myanmar extended B
    (0xAA60, 0xAADF),  # Myanmar extended A, Tai Viet
    (0xAC00, 0xD7A3),  # Hangul syllables
    (0xF900, 0xFAFF),  # Han compatibility
    (0xFF66, 0xFF9F),  # Katakana, half width
    (0x16FE0, 0x18D8F),  # ideographic symbols, Tangut, Khitan
    (0x1AFF0, 0x1B2FF),  # Kana supplements, Nushu
    (0x20000, 0x3FFFD),  # Han extensions B and later
)
_VARIATION_SELECTORS = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
_ROUGE_TOKEN = re.compile("[a-z0-9]+")
_ZERO_WIDTH_SPACE = "\u200b"


def tokenize(text: str, tokenizer: Tokenizer) -> list[str]:
    """The tokens of a text, possibly none.

    ``rouge`` gives the tokens of rouge_score's ``DefaultTokenizer(use_stemmer=False)``, four
    times as fast. Any string is accepted, including control characters and lone surrogates.
    """
    # For ASCII the two agree, and one regular expression is faster.
    if tokenizer == Tokenizer.ROUGE or text.isascii():
        return _ROUGE_TOKEN.findall(text.lower())
    return _script_tokens(text)


def _script_tokens(text: str) -> list[str]:
    """Tokens of ``scripts``: single characters of unspaced scripts, words of the others.

    The text is lower-cased and composed (NFC) first, so that a Hangul syllable stored as
    separate letters is the same token as the composed one.
    """
    tokens: list[str] = []
    open_token = ""
    open_kind = _Kind.BREAK
    for char in unicodedata.normalize("NFC", text.lower()):
        kind = _kind(char)
        if kind is _Kind.INVISIBLE:
            continue
        if _continues(open_kind, kind):
            open_token += char
            continue
        if open_token:
            tokens.append(open_token)
        # A mark with nothing before it is no token.
        starts = kind in (_Kind.SINGLE, _Kind.WORD)
        open_token, open_kind = (char, kind) if starts else ("", _Kind.BREAK)
    if open_token:
        tokens.append(open_token)
    return tokens


def _continues(open_kind: _Kind, kind: _Kind) -> bool:
    """Whether a character of ``kind`` belongs to the token being built."""
    if kind is _Kind.MARK:
        return open_kind is not _Kind.BREAK
    return kind is _Kind.WORD and open_kind is _Kind.WORD


@lru_cache(maxsize=1 << 16)
def _kind(char: str) -> _Kind:
    category = unicodedata.category(char)
    code = ord(char)
    # Joiners and soft hyphens stand inside words; the zero width space stands between them.
    if _within(code, _VARIATION_SELECTORS) or (category == "Cf" and char != _ZERO_WIDTH_SPACE):
        return _Kind.INVISIBLE
    if category.startswith("M"):
        return _Kind.MARK
    if not category.startswith(("L", "N")):
        return _Kind.BREAK
    return _Kind.SINGLE if _within(code, _SINGLE_RANGES) else _Kind.WORD


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code <= last for first, last in ranges)
