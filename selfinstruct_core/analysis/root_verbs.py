"""The verb at the root of a sentence, and its direct object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from selfinstruct_core.analysis.clauses import (
    first_content_word,
    having,
    is_bare,
    is_verb,
    relation,
    subject,
)
from selfinstruct_core.analysis.lemmas import LemmaTables, noun_lemma

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

# They open a setting that the instruction follows: "Given a text, find its topic".
SETTINGS = frozenset({
    "given", "suppose", "imagine", "assume", "using", "based", "consider", "considering",
})  # fmt: skip
# With two objects, the second is what is given.
_DITRANSITIVE = frozenset({
    "give", "show", "tell", "send", "offer", "teach", "assign", "write", "ask", "name", "hand",
})  # fmt: skip
_COORDINATED_WITHIN = 3
"""Words from a verb to a second one that shares its object: "identify and fix bugs"."""


def root_verb(sentence: Span, tables: LemmaTables) -> Token | None:
    """The root if it is a verb, after two repairs of what parsers take for the root."""
    root = sentence.root
    if root.lower_ in SETTINGS:
        root = _verb_after_setting(sentence, root) or root
    if is_verb(root) or _is_mistagged_verb(sentence, root, tables):
        return root
    return None


def object_noun(verb: Token, tables: LemmaTables) -> Token | None:
    """The noun that is the direct object of a verb, or of a second verb beside it."""
    objects = _objects(verb)
    if objects:
        return _noun_among(verb, objects, tables)
    for other in having(verb, "conj"):
        near = 0 < other.i - verb.i <= _COORDINATED_WITHIN
        if near and is_verb(other) and subject(other) is None:
            return _noun_among(other, _objects(other), tables)
    return None


def paper_verb_and_object(sentence: Span) -> tuple[Token | None, Token | None]:
    """Exactly as the reference code does, but for the label `obj` beside `dobj`.

    It means to search the whole tree for the verb; a `return` inside its loop follows the first
    child only.
    """
    token: Token | None = sentence.root
    while token is not None and token.pos_ != "VERB":
        token = next(iter(token.children), None)
    if token is None:
        return None, None
    nouns = (child for child in having(token, "obj") if child.pos_ == "NOUN")
    return token, next(nouns, None)


def _verb_after_setting(sentence: Span, root: Token) -> Token | None:
    """The bare verb after a mark, "please" or "then" that hangs within two arcs of the root."""
    for token in sentence:
        if token.i <= root.i or not is_verb(token) or not is_bare(token):
            continue
        before = token.nbor(-1)
        if not (before.is_punct or before.lower_ in ("please", "then")):
            continue
        if root in (token.head, token.head.head):
            return token
    return None


def _is_mistagged_verb(sentence: Span, root: Token, tables: LemmaTables) -> bool:
    """Whether the root opens the sentence, has an object and could be a verb: "Output the sum"."""
    return (
        root.pos_ != "AUX"
        and root.lower_ in tables.verbs.words
        and first_content_word(sentence) == root
        and object_noun(root, tables) is not None
    )


def _noun_among(verb: Token, objects: list[Token], tables: LemmaTables) -> Token | None:
    nouns = [token for token in objects if _is_noun(token, tables)]
    if len(nouns) > 1 and verb.lemma_.lower() in _DITRANSITIVE and not _has_adposition(nouns[0]):
        return nouns[-1]
    return nouns[0] if nouns else None


def _objects(verb: Token) -> list[Token]:
    """The direct objects; a lone indirect one is the direct object of "Write the words down"."""
    objects = list(having(verb, "obj"))
    if not objects and next(having(verb, "ccomp", "xcomp"), None) is None:
        objects = list(having(verb, "iobj"))
    return objects


def _is_noun(token: Token, tables: LemmaTables) -> bool:
    """Whether it is a common noun by its part of speech or its tag, or has a determiner or a
    capital ("a Twitter Bio") and is a noun in the dictionary."""
    if token.pos_ == "NOUN" or token.tag_ in ("NN", "NNS"):
        return True
    if token.pos_ != "PROPN" and next(having(token, "det"), None) is None:
        return False
    return noun_lemma(token.text, token.tag_, token.lemma_, tables) in tables.nouns.words


def _has_adposition(noun: Token) -> bool:
    return any(child.pos_ == "ADP" or relation(child) == "nmod" for child in noun.children)
