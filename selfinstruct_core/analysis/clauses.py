"""What the words of a parsed sentence are to each other, in either scheme of labels.

Universal Dependencies and the labels of spaCy's own English pipelines (ClearNLP) name the same
relations differently; here they have the name of Universal Dependencies without subtypes. The
label `obj` is `dobj` there, `nsubj:pass` is `nsubjpass`, "to" before a verb is `aux`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

_CLEAR_NAMES = {
    "dobj": "obj",
    "dative": "iobj",
    "nsubjpass": "nsubj",
    "csubjpass": "csubj",
    "auxpass": "aux",
}
_PASSIVE_SUBJECTS = ("nsubj:pass", "nsubjpass", "csubj:pass", "csubjpass")
_SUBJECTS = ("nsubj", "csubj", "expl")
BASE_FORMS = ("VB", "VBP")
# They stand before an imperative and are none.
LEADING_WORDS = frozenset({
    "please", "now", "then", "first", "next", "also", "kindly", "finally", "second", "third",
    "lastly",
})  # fmt: skip


def relation(token: Token) -> str:
    """The relation of a word to its head."""
    label = token.dep_
    return _CLEAR_NAMES.get(label) or label.split(":", 1)[0]


def having(token: Token, *relations: str) -> Iterator[Token]:
    """The words that hang on this one in one of the relations, in their order."""
    return (child for child in token.children if relation(child) in relations)


def subject(token: Token) -> Token | None:
    """The subject of a verb."""
    return next(having(token, *_SUBJECTS), None)


def is_verb(token: Token) -> bool:
    """Whether it is a full verb by its part of speech, by its tag or as a passive: guesses of a
    network that sometimes differ, and it misses a verb more often than it sees one too many."""
    if token.pos_ == "AUX":
        return False
    return token.pos_ == "VERB" or token.tag_.startswith("VB") or is_passive(token)


def is_passive(token: Token) -> bool:
    """Whether the subject of a verb is that of a passive."""
    return any(child.dep_ in _PASSIVE_SUBJECTS for child in token.children)


def is_bare(token: Token) -> bool:
    """Whether a verb has the form of an imperative: the base form, with nothing before it."""
    return (
        token.tag_ in BASE_FORMS
        and subject(token) is None
        and next(having(token, "aux", "mark"), None) is None
    )


def first_content_word(sentence: Span) -> Token | None:
    """The first word that is no mark and none of "please", "then" and the like."""
    for token in sentence:
        if not (token.is_punct or token.is_space or token.lower_ in LEADING_WORDS):
            return token
    return None
