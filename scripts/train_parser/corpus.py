"""The corpora for training: the treebank's own sentences, imperatives, and instructions."""

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import spacy
from spacy.tokens import DocBin

from scripts.train_parser.imperatives import imperatives
from scripts.train_parser.phrases import Phrases, noun_phrases
from scripts.train_parser.templates import instructions, real_phrases
from scripts.train_parser.treebank import PARTS, read_documents
from scripts.train_parser.trees import Tree, to_doc

SEED = 0
INSTRUCTIONS = 5000
# Sentences that stand together in one text, and how often: the parser learns where one ends.
GROUPS = {1: 46, 2: 30, 3: 14, 4: 10}


def write_corpora(treebank: Path, folder: Path, limit: int | None = None) -> dict[str, int]:
    """Write train.spacy and dev.spacy, from at most so many documents; the size of each part."""
    chance = random.Random(SEED)
    documents = list(islice(read_documents(treebank / PARTS["train"]), limit))
    trees = [tree for document in documents for tree in document]
    phrases = Phrases(real_phrases(list(noun_phrases(trees))), chance)
    parts: dict[str, list[Sequence[Tree]]] = {
        "treebank": list(_grouped(documents, chance)),
        "imperatives": [(tree,) for tree in imperatives(trees, chance)],
        "instructions": list(instructions(phrases, chance, limit or INSTRUCTIONS)),
    }
    texts = [text for part in parts.values() for text in part]
    chance.shuffle(texts)
    dev = islice(read_documents(treebank / PARTS["dev"]), limit)
    _write(folder / "train.spacy", texts)
    _write(folder / "dev.spacy", _grouped(dev, chance))
    return {name: len(part) for name, part in parts.items()} | {"phrases": len(phrases.real)}


def _grouped(documents: Iterable[list[Tree]], chance: random.Random) -> Iterator[Sequence[Tree]]:
    for document in documents:
        at = 0
        while at < len(document):
            size = chance.choices(list(GROUPS), list(GROUPS.values()))[0]
            yield document[at : at + size]
            at += size


def _write(path: Path, texts: Iterable[Sequence[Tree]]) -> None:
    vocab = spacy.blank("en").vocab
    DocBin(docs=[to_doc(vocab, text) for text in texts]).to_disk(path)
