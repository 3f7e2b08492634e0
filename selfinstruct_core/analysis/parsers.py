"""Loading what tags and parses English: the model that ships, or any spaCy pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfinstruct_core.analysis.lemmas import LemmaTables, WordTable
from selfinstruct_core.errors import BadInput

if TYPE_CHECKING:  # importing spaCy takes half a second, which no other command shall wait for
    from spacy.language import Language

BUNDLED = Path(__file__).parent / "english_model"
# What the readings need to be set on every word, and components that set something else.
_NEEDED = ("DEP", "POS", "TAG", "LEMMA")
_NOT_NEEDED = ["ner", "entity_ruler", "entity_linker", "textcat", "textcat_multilabel", "spancat"]


@dataclass(frozen=True, slots=True)
class Parser:
    """A loaded pipeline and the dictionary of its lemmatizer."""

    nlp: Language
    tables: LemmaTables


def load_parser(name: str | Path | None = None) -> Parser:
    """The bundled model, or the pipeline with this name or in this folder. Raises BadInput."""
    import spacy

    try:
        nlp = spacy.load(BUNDLED if name is None else name, exclude=_NOT_NEEDED)
    except Exception as error:  # a folder may hold anything, and spaCy lets anything through
        raise BadInput(_why_not(name or BUNDLED, error)) from error
    missing = [attribute for attribute in _NEEDED if attribute not in _set_by(nlp)]
    if missing:
        raise BadInput(
            f"The pipeline {name} does not set {', '.join(missing)}: take one with a tagger, "
            "a dependency parser and a lemmatizer."
        )
    return Parser(nlp, lemma_tables(nlp))


def lemma_tables(nlp: Language) -> LemmaTables:
    """The dictionary of a lemmatizer that works by rules, empty where there is none."""
    lookups: Any = nlp.has_pipe("lemmatizer") and getattr(
        nlp.get_pipe("lemmatizer"), "lookups", None
    )
    if not lookups or not lookups.has_table("lemma_index"):
        return LemmaTables()
    return LemmaTables(verbs=_words(lookups, "verb"), nouns=_words(lookups, "noun"))


def _words(lookups: Any, kind: str) -> WordTable:
    index, rules, exceptions = (
        lookups.get_table(name, {}).get(kind, ())
        for name in ("lemma_index", "lemma_rules", "lemma_exc")
    )
    return WordTable(
        words=frozenset(index),
        exceptions={form: bases[0] for form, bases in dict(exceptions).items()},
        endings=tuple((ending, other) for ending, other in rules),
    )


def _set_by(nlp: Language) -> set[str]:
    """The attributes of words that the components set, without `token.` and in capitals."""
    found = {
        assigned.removeprefix("token.").upper()
        for name in nlp.pipe_names
        for assigned in nlp.get_pipe_meta(name).assigns
    }
    # Parts of speech come from a morphologizer, or from tags by rules that assign in general.
    if "attribute_ruler" in nlp.pipe_names:
        found.add("POS")
    return found


def _why_not(name: str | Path, error: Exception) -> str:
    if Path(name).exists():
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return f"{name} is not a pipeline that this spaCy can load ({reason})."
    return (
        f"There is no spaCy pipeline {name}. Give the folder of one, or install it: "
        f"python -m spacy download {name}"
    )
