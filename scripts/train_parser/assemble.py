"""The finished model: trained parts, features and lemmas by rule, licences and figures."""

import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.lookups import Lookups, load_lookups

from scripts.train_parser import treebank
from scripts.train_parser.evaluate import gold_table, score_treebank

HERE = Path(__file__).parent
LOOKUPS = "spacy-lookups-data"
NAME, VERSION = "ewt_instructions", "1.0.0"
# What the rule lemmatizer asks for, by the tag that the tagger has given.
FEATURES = {
    "NN": "Number=Sing",
    "NNP": "Number=Sing",
    "NNS": "Number=Plur",
    "NNPS": "Number=Plur",
    "VB": "VerbForm=Inf",
    "VBP": "VerbForm=Fin|Tense=Pres",
    "VBZ": "VerbForm=Fin|Tense=Pres|Number=Sing|Person=3",
    "VBD": "VerbForm=Fin|Tense=Past",
    "VBN": "VerbForm=Part|Tense=Past",
    "VBG": "VerbForm=Part|Tense=Pres",
    "JJ": "Degree=Pos",
    "JJR": "Degree=Cmp",
    "JJS": "Degree=Sup",
    "RB": "Degree=Pos",
    "RBR": "Degree=Cmp",
    "RBS": "Degree=Sup",
}
# Plurals that today's English uses as they are.
KEPT_NOUNS = ("data", "media", "criteria")


def lemma_tables() -> Lookups:
    """WordNet's tables for English. Ends the program when they are not installed."""
    if find_spec("spacy_lookups_data") is None:
        raise SystemExit(
            f"{LOOKUPS} is missing: pip install -r scripts/train_parser/requirements.txt"
        )
    tables = load_lookups("en", ["lemma_rules", "lemma_exc", "lemma_index"])
    nouns = tables.get_table("lemma_exc")["noun"]
    for noun in KEPT_NOUNS:
        nouns[noun] = [noun]
    return tables


def assemble(
    trained: Path, data: Path, output: Path, *, gold: Path | None = None, limit: int | None = None
) -> None:
    """Write the model's folder anew, with what was measured on the files."""
    nlp = spacy.load(trained)
    add_features(nlp)
    lemmatizer: Any = nlp.add_pipe("lemmatizer", config={"mode": "rule"})
    lemmatizer.initialize(lookups=lemma_tables())
    nlp.config["paths"] |= {"train": None, "dev": None}  # they are those of one machine
    scores = score_treebank(nlp, data / treebank.PARTS["test"], limit)
    _describe(nlp.meta, scores)
    if output.exists():
        shutil.rmtree(output)
    nlp.to_disk(output)
    shutil.copyfile(data / treebank.LICENSE_FILE, output / "LICENSE")
    _write(output / "NOTICE", {"commit": treebank.COMMIT, "wordnet": _wordnet_licence()})
    values = {name: f"{value:.1%}" for name, value in scores.items()}
    values |= {"commit": treebank.COMMIT, "spacy": version("spacy")}
    values["gold"] = "" if gold is None else gold_table(output, gold)
    _write(output / "README.md", values)


def add_features(nlp: Language) -> None:
    """Features by tag, which the network was not trained for."""
    ruler: Any = nlp.add_pipe("attribute_ruler")
    for tag, features in FEATURES.items():
        ruler.add(patterns=[[{"TAG": tag}]], attrs={"MORPH": features})


def megabytes(folder: Path) -> float:
    """The size of all files in the folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _describe(meta: dict[str, Any], scores: dict[str, float]) -> None:
    meta |= {
        "name": NAME,
        "version": VERSION,
        "description": "Parts of speech, dependencies and lemmas of English instructions.",
        "license": "CC BY-SA 4.0",
        "url": "",
        "sources": [
            {
                "name": f"UD English EWT, commit {treebank.COMMIT}",
                "url": "https://github.com/UniversalDependencies/UD_English-EWT",
                "license": "CC BY-SA 4.0",
                "author": "The Board of Trustees of The Leland Stanford Junior University",
            },
            {
                "name": f"{LOOKUPS} {version(LOOKUPS)}, lemma tables of WordNet 3.0",
                "url": "https://wordnet.princeton.edu",
                "license": "WordNet 3.0 License",
                "author": "Princeton University",
            },
        ],
        "performance": {name: round(value, 4) for name, value in scores.items()},
    }


def _wordnet_licence() -> str:
    found = find_spec("spacy_lookups_data")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).parent / "data" / "en_license.txt"
    return "\n".join(line.rstrip() for line in path.read_text("utf-8").strip().splitlines())


def _write(path: Path, values: dict[str, str]) -> None:
    """Fill in the template of this name."""
    text = (HERE / "texts" / path.name).read_text("utf-8")
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    path.write_text(text, "utf-8")
