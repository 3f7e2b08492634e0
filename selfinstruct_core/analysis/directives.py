"""Sentences that direct somebody to do something, and the verb of what is to be done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from selfinstruct_core.analysis.clauses import having, is_bare, is_passive, is_verb, subject
from selfinstruct_core.analysis.lemmas import LemmaTables
from selfinstruct_core.analysis.root_verbs import object_noun, root_verb

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

_NEEDING = frozenset({"need", "have", "want", "try"})
_ASKED = frozenset({"ask", "require", "expect", "tell", "instruct"})
_OBLIGING = frozenset({"should", "must", "will", "can", "could"})
_IMAGINING = frozenset({"imagine", "suppose", "assume", "consider"})


def task_verb(sentences: Iterator[Span], tables: LemmaTables) -> Token | None:
    """The verb of the first directive, else the root verb of the first sentence."""
    first: Token | None = None
    imagined: Token | None = None
    for number, sentence in enumerate(sentences):
        root = root_verb(sentence, tables)
        if number == 0:
            first = root
        found = None if root is None else directed_verb(sentence, root)
        if found is None:
            continue
        # "Imagine you are a teacher." sets a scene; what is asked for follows.
        if found.lower_ in _IMAGINING and object_noun(found, tables) is None:
            imagined = imagined or found
            continue
        return found
    return imagined or first


def directed_verb(sentence: Span, root: Token) -> Token | None:
    """The verb of what the sentence directs to do, None when it only tells something."""
    if sentence[-1].text == "?" or not is_verb(root) or is_bare(root):
        return root
    clauses = [root, *(c for c in having(root, "conj", "parataxis") if is_verb(c))]
    return next((verb for verb in map(_addressed, clauses) if verb is not None), None)


def _addressed(verb: Token) -> Token | None:
    """The verb of what "you" need, are asked or have to do."""
    who = subject(verb)
    if who is None or who.lower_ not in ("you", "we"):
        return None
    lemma = verb.lemma_.lower()
    if lemma in _NEEDING or (is_passive(verb) and lemma in _ASKED):
        return next((child for child in having(verb, "xcomp") if is_verb(child)), None)
    if who.lower_ == "you" and not is_passive(verb):
        auxiliaries = {child.lower_ for child in having(verb, "aux")}
        return verb if auxiliaries & _OBLIGING else None
    return None
