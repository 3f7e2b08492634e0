"""The treebank UD English EWT: fetched at one commit, checked, and read."""

import hashlib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from scripts.train_parser.trees import Tree, Word

COMMIT = "15d613d8"
ADDRESS = f"https://raw.githubusercontent.com/UniversalDependencies/UD_English-EWT/{COMMIT}"
LICENSE_FILE = "LICENSE.txt"
PARTS = {part: f"en_ewt-ud-{part}.conllu" for part in ("train", "dev", "test")}
DIGESTS = {
    LICENSE_FILE: "b3d1b0f4c6ae151f7eb78738f46ebd5ee140f8a7f76501ba26af123140d35ae7",
    PARTS["train"]: "3fb78e2b55482c8ee00caa653af436c88c9e5bc9a73ce26e4ae3ddc79d2b7e7b",
    PARTS["dev"]: "531a54ff90d6ab12201c5a50c3e78e6ddac4de69abc4bce5d275d3cd29efe2b6",
    PARTS["test"]: "e266e515a0a7547657ed3d90d9ba46487d6bd251f27ad4269d4e8a427c8555cd",
}


def fetch(folder: Path) -> Path:
    """Download what is not there yet. Returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in DIGESTS:
        if not (folder / name).exists():
            with urllib.request.urlopen(f"{ADDRESS}/{name}", timeout=60) as answer:
                (folder / name).write_bytes(answer.read())
    return folder


def check(folder: Path) -> None:
    """End the program when a file is not the one of the commit: figures would not compare."""
    for name, digest in DIGESTS.items():
        path = folder / name
        if not path.is_file():
            raise SystemExit(f"{path} is missing: it belongs to UD English EWT at {COMMIT}.")
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise SystemExit(f"{path} is not the file of UD English EWT at {COMMIT}.")


def read_documents(path: Path) -> Iterator[list[Tree]]:
    """The sentences of a CoNLL-U file, document by document, in their order."""
    document: list[Tree] = []
    for block in path.read_text("utf-8").split("\n\n"):
        if not block.strip():
            continue
        lines = block.strip("\n").split("\n")
        if document and any(line.startswith("# newdoc") for line in lines):
            yield document
            document = []
        document.append(_tree([line.split("\t") for line in lines if line[0] != "#"]))
    if document:
        yield document


def _tree(rows: list[list[str]]) -> Tree:
    words = []
    # A word written together ("don't") is a row "3-4" with its own SpaceAfter, before its parts.
    end_of_joined, joined_spaced = 0, True
    for number, form, lemma, upos, xpos, _, head, label, _, misc in rows:
        spaced = "SpaceAfter=No" not in misc
        if "-" in number:
            end_of_joined, joined_spaced = int(number.split("-")[1]), spaced
        elif "." not in number:  # "8.1" is an elided word that is not in the text
            at = int(number)
            if at <= end_of_joined:
                spaced = joined_spaced and at == end_of_joined
            words.append(Word(form, lemma, upos, xpos, int(head) - 1, label, spaced))
    return tuple(words)
