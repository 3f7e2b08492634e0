"""The verb of an instruction and its direct object: what a data set asks for.

The figure of SELF-INSTRUCT counts them by the first sentence. Three readings:

- `first`: the first sentence, with repairs where a parser errs on instructions or the sentence
  begins with a setting ("Given a text, ...");
- `task`: the first sentence that directs somebody to do something, else the first;
- `paper`: the rule of the reference code, which looks below the root at the first child only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

from selfinstruct_core.analysis.directives import task_verb
from selfinstruct_core.analysis.lemmas import LemmaTables, noun_lemma, verb_lemma
from selfinstruct_core.analysis.root_verbs import object_noun, paper_verb_and_object, root_verb

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

    from selfinstruct_core.analysis.parsers import Parser

LONGEST = 2000
"""Characters of a text that are read: the task of an instruction stands near its start, and the
time that a parser takes grows with what it reads."""
_BATCH = 1024
"""Texts under one lock and in one memory zone."""
_UNREADABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, and halves of characters, which no tokenizer takes."""
_PLACEHOLDER = re.compile(r"<(\w{1,40})>(?= \w)")
"""As in "the <mask> token": three words for a tokenizer, over which a parser stumbles."""
_ONE_AT_A_TIME = Lock()


class Reading(StrEnum):
    """By which sentence and which rule an instruction is read."""

    FIRST = "first"
    TASK = "task"
    PAPER = "paper"


@dataclass(frozen=True, slots=True)
class VerbNoun:
    """Dictionary forms of the verb and of the noun that is its object, None where there is none."""

    verb: str | None
    noun: str | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many instructions have a verb with an object, a verb alone, and neither."""

    pair: int
    verb_only: int
    neither: int


def verb_nouns(
    texts: Iterable[str], parser: Parser, reading: Reading = Reading.FIRST
) -> Iterator[VerbNoun]:
    """The verb and the noun of each text, in order. Reads the first LONGEST characters."""
    shortened: Iterator[str] = map(_shortened, texts)
    if reading is not Reading.PAPER:
        shortened = (_PLACEHOLDER.sub(r"\1", text) for text in shortened)
    while batch := list(islice(shortened, _BATCH)):
        # A memory zone forgets the batch's words, or a long-lived process would keep them all;
        # a pipeline has one zone at a time.
        with _ONE_AT_A_TIME, parser.nlp.memory_zone():
            docs = parser.nlp.pipe(batch, batch_size=256)
            found = [verb_noun(doc, parser.tables, reading) for doc in docs]
        yield from found


def verb_noun(doc: Doc, tables: LemmaTables, reading: Reading = Reading.FIRST) -> VerbNoun:
    """The verb and the noun of a parsed text."""
    sentences = doc.sents if len(doc) else iter(())
    if reading is Reading.TASK:
        verb = task_verb(sentences, tables)
    else:
        first = next(sentences, None)
        if first is not None and reading is Reading.PAPER:
            return _as_tagged(*paper_verb_and_object(first))
        verb = None if first is None else root_verb(first, tables)
    if verb is None:
        return VerbNoun(None, None)
    noun = object_noun(verb, tables)
    return VerbNoun(
        verb_lemma(verb.text, verb.lemma_, tables),
        None if noun is None else noun_lemma(noun.text, noun.tag_, noun.lemma_, tables),
    )


def coverage(found: Iterable[VerbNoun]) -> Coverage:
    """The counts of a data set."""
    counts = Counter((one.verb is not None) + (one.noun is not None) for one in found)
    return Coverage(pair=counts[2], verb_only=counts[1], neither=counts[0])


def _as_tagged(verb: Token | None, noun: Token | None) -> VerbNoun:
    lemmas = [None if token is None else token.lemma_ for token in (verb, noun)]
    return VerbNoun(*lemmas)


def _shortened(text: str) -> str:
    """The start of a text as one line that a tokenizer can read."""
    # Twice as much: some of it may be space.
    start = _UNREADABLE.sub(" ", text.lstrip()[: 2 * LONGEST])
    line = " ".join(start.split())
    if len(line) <= LONGEST:
        return line
    return line[:LONGEST].rsplit(" ", 1)[0]
