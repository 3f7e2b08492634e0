"""The dictionary forms of nouns and verbs.

A tagger mistakes the form of a word more often than it mistakes a noun for a verb ("puzzles" as a
singular, "Solving" as a base form), so what it proposes is a hint; the dictionary decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

# They look like plurals that WordNet takes apart: "bia", "datum", "lyric".
KEPT_NOUNS = frozenset({
    "bias", "data", "media", "criteria", "series", "species", "lyrics", "news", "thanks",
    "means", "headquarters", "politics", "physics", "mathematics", "economics", "ethics",
    "linguistics", "logistics", "analytics",
})  # fmt: skip
_PLURAL_TAGS = ("NNS", "NNPS")


@dataclass(frozen=True, slots=True)
class WordTable:
    """The words of a kind, irregular forms with theirs, and endings with what replaces them."""

    words: frozenset[str] = frozenset()
    exceptions: Mapping[str, str] = field(default_factory=dict)
    endings: tuple[tuple[str, str], ...] = ()

    def base_of(self, form: str) -> str | None:
        """The word that this is a form of, None when none is known."""
        if form in self.exceptions:
            return self.exceptions[form]
        for ending, other in self.endings:
            base = form.removesuffix(ending) + other
            if form.endswith(ending) and base in self.words:
                return base
        return None


@dataclass(frozen=True, slots=True)
class LemmaTables:
    """What a dictionary knows; empty for a parser that brings none."""

    verbs: WordTable = WordTable()
    nouns: WordTable = WordTable()


def noun_lemma(text: str, tag: str, proposed: str, tables: LemmaTables) -> str:
    """The lemma of a noun with this fine-grained tag; `proposed` is the parser's own."""
    word = text.lower()
    known = word in tables.nouns.words
    if word in KEPT_NOUNS or (known and tag not in _PLURAL_TAGS):
        return word
    return tables.nouns.base_of(word) or (word if known else proposed.lower() or word)


def verb_lemma(text: str, proposed: str, tables: LemmaTables) -> str:
    """The lemma of a verb; `proposed` is the parser's own."""
    lemma = proposed.lower() or text.lower()
    if lemma in tables.verbs.words:
        return lemma
    return tables.verbs.base_of(text.lower()) or lemma
