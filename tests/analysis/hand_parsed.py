"""Sentences parsed by hand, in the labels of Universal Dependencies or of ClearNLP."""

from spacy.lang.en import English
from spacy.tokens import Doc

ENGLISH = English()
# The labels that differ, Universal Dependencies to ClearNLP. "to" is marked up as `aux` there.
CLEAR = {
    "obj": "dobj",
    "iobj": "dative",
    "nsubj:pass": "nsubjpass",
    "aux:pass": "auxpass",
    "obl": "npadvmod",
    "compound:prt": "prt",
    "parataxis": "ccomp",
}


def parsed(table: str, scheme: str = "ud") -> Doc:
    """A Doc from lines "word lemma POS TAG head label"; a head is counted from 1 within the text,
    and the root has itself. A line that begins with > starts a sentence."""
    rows = [line.removeprefix(">").split() for line in table.strip().splitlines()]
    starts: list[bool | int | None] = [
        n == 0 or line.startswith(">") for n, line in enumerate(table.strip().splitlines())
    ]
    labels = [row[5] for row in rows]
    if scheme == "clear":
        labels = [
            "aux" if row[3] == "TO" else CLEAR.get(label, label)
            for row, label in zip(rows, labels, strict=True)
        ]
    return Doc(
        ENGLISH.vocab,  # which knows a mark when it sees one
        words=[row[0] for row in rows],
        lemmas=[row[1] for row in rows],
        pos=[row[2] for row in rows],
        tags=[row[3] for row in rows],
        heads=[int(row[4]) - 1 for row in rows],
        deps=labels,
        sent_starts=starts,
    )
