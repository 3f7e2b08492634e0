"""Imperatives made of the infinitives of the treebank.

Web text has few imperatives and instructions are made of them. "You should check the box first"
holds one: from the bare infinitive on, without subject, auxiliary and "to", it is "Check the box
first", and its tree is known.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from scripts.train_parser.trees import (
    Part,
    Tree,
    Word,
    below,
    capitalised,
    children,
    cut,
    join,
    root_of,
)

LONGEST = 30
# What may follow the verb; at anything else the imperative ends.
FOLLOWING = {
    "obj", "iobj", "obl", "obl:unmarked", "obl:agent", "xcomp", "ccomp", "advcl", "advmod",
    "compound:prt", "conj", "punct", "nmod", "fixed",
}  # fmt: skip
# How the imperative ends, and how often.
ENDS = {".": 60, ":": 8, "!": 7, "": 25}
CAPITALISED = 0.9
COPIED_WITHOUT_MARK = 0.06


def imperatives(trees: Sequence[Tree], chance: random.Random) -> Iterator[Tree]:
    """An imperative for each infinitive with something after it, some again without a mark."""
    for tree in trees:
        for at in range(len(tree)):
            piece = _from_verb_on(tree, at) if _is_infinitive(tree, at) else None
            if piece is None:
                continue
            if chance.random() < CAPITALISED:
                piece = capitalised(piece)
            mark = chance.choices(list(ENDS), list(ENDS.values()))[0]
            yield piece if not mark else with_mark(piece, mark)
            if mark and chance.random() < COPIED_WITHOUT_MARK:
                yield piece


def with_mark(tree: Tree, mark: str) -> Tree:
    """The tree with a mark at its end."""
    tag = mark if mark in ",:" else "."
    return join([Part(tree, "root"), Part((Word(mark, mark, "PUNCT", tag, -1, "root"),), "punct")])


def _is_infinitive(tree: Tree, at: int) -> bool:
    """Whether a base form stands after "to" or an auxiliary, on its own or as the second of two."""
    if tree[at].xpos != "VB" or tree[at].upos != "VERB":
        return False
    verb = tree[at].head if tree[at].label == "conj" else at
    return any(tree[child].label in ("aux", "mark") for child in children(tree, verb) if child < at)


def _from_verb_on(tree: Tree, verb: int) -> Tree | None:
    """The infinitive with what hangs on it to its right, None when that is no imperative."""
    places = {verb}
    if any(tree[child].label == "obj" for child in children(tree, verb) if child < verb):
        return None  # "what to do": the object stands before and would be missing
    for child in children(tree, verb):
        if child < verb:
            continue
        if tree[child].label not in FOLLOWING or _is_own_clause(tree, child):
            break
        places |= below(tree, child)
    while len(places) > 1 and tree[max(places)].upos == "PUNCT":
        places.remove(max(places))
    if not 2 <= len(places) <= LONGEST or min(places) != verb:
        return None
    piece = cut(tree, verb, places)
    if piece is None or any(word.head >= len(piece) for word in piece):
        return None
    return _lower_cased_start(piece)


def _is_own_clause(tree: Tree, at: int) -> bool:
    """Whether a coordinated verb is finite or has a subject: "..., and we left"."""
    word = tree[at]
    if word.label != "conj":
        return False
    own = {tree[child].label.split(":")[0] for child in children(tree, at)}
    return word.xpos != "VB" or bool(own & {"nsubj", "aux", "cop"})


def _lower_cased_start(tree: Tree) -> Tree:
    assert root_of(tree) == 0
    return (replace(tree[0], form=tree[0].form.lower()), *tree[1:])
