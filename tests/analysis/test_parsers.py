"""Loading the bundled model, other pipelines, and things that are none."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.lookups import Lookups

from selfinstruct_core.analysis.lemmas import LemmaTables
from selfinstruct_core.analysis.parsers import BUNDLED, load_parser
from selfinstruct_core.analysis.verb_nouns import VerbNoun, verb_nouns
from selfinstruct_core.errors import BadInput


def test_the_bundled_model() -> None:
    parser = load_parser()
    assert parser.nlp.pipe_names == [
        "tok2vec",
        "tagger",
        "morphologizer",
        "parser",
        "attribute_ruler",
        "lemmatizer",
    ]
    assert {"write", "classify"} <= parser.tables.verbs.words
    assert {"poem", "story"} <= parser.tables.nouns.words
    assert parser.tables.nouns.exceptions["oxen"] == "ox"
    assert ("ies", "y") in parser.tables.nouns.endings


def test_what_ships_with_it() -> None:
    size = sum(path.stat().st_size for path in BUNDLED.rglob("*") if path.is_file())
    assert size <= 12_000_000
    assert "Attribution-ShareAlike 4.0 International" in (BUNDLED / "LICENSE").read_text("utf-8")
    notice = (BUNDLED / "NOTICE").read_text("utf-8")
    for words in (
        "© 2013-2021 by The Board of Trustees of\nThe Leland Stanford Junior University",
        "commit 15d613d8",
        "Silveira",
        "What was changed",
        "WordNet Release 3.0",
        "PRINCETON",
    ):
        assert words in notice
    card = (BUNDLED / "README.md").read_text("utf-8")
    assert "| `first` |" in card
    assert "{" not in card


def test_a_pipeline_in_a_folder(tmp_path: Path) -> None:
    spacy.load(BUNDLED).to_disk(tmp_path / "mine")
    assert load_parser(tmp_path / "mine").tables == load_parser().tables


def test_a_pipeline_that_is_not_installed() -> None:
    with pytest.raises(BadInput) as caught:
        load_parser("en_no_such_model")
    assert str(caught.value) == (
        "There is no spaCy pipeline en_no_such_model. Give the folder of one, or install it: "
        "python -m spacy download en_no_such_model"
    )


def test_a_folder_that_holds_something_else(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not a pipeline that this spaCy can load"):
        load_parser(tmp_path)
    (tmp_path / "meta.json").write_text("{}")
    (tmp_path / "config.cfg").write_text("[nlp]\nlang = 3\n")
    with pytest.raises(BadInput, match="is not a pipeline that this spaCy can load"):
        load_parser(tmp_path)


@pytest.mark.parametrize(
    ("dropped", "words"),
    [
        ("parser", "does not set DEP: take"),
        ("tagger", "does not set TAG: take"),
        ("lemmatizer", "does not set LEMMA: take"),
    ],
)
def test_a_pipeline_that_lacks_a_part(tmp_path: Path, dropped: str, words: str) -> None:
    nlp = spacy.load(BUNDLED, exclude=[dropped])
    nlp.to_disk(tmp_path / "mine")
    with pytest.raises(BadInput, match=words):
        load_parser(tmp_path / "mine")


def test_a_lemmatizer_without_a_dictionary(tmp_path: Path) -> None:
    nlp = spacy.load(BUNDLED, exclude=["lemmatizer"])
    lookups = Lookups()
    lookups.add_table("lemma_lookup", {"poems": "poem"})
    lemmatizer: Any = nlp.add_pipe("lemmatizer", config={"mode": "lookup"})
    lemmatizer.initialize(lookups=lookups)
    nlp.to_disk(tmp_path / "mine")
    parser = load_parser(tmp_path / "mine")
    assert parser.tables == LemmaTables()
    assert list(verb_nouns(["Write two poems."], parser)) == [VerbNoun("write", "poem")]
