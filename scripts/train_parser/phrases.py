"""Noun phrases: those of the treebank, and those that instructions are about."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from scripts.train_parser.trees import Part, Tree, Word, below, children, cut, join

HERE = Path(__file__).parent
LONGEST = 8
INSIDE = {
    "det", "amod", "compound", "nmod", "nmod:poss", "nummod", "case", "conj", "cc", "advmod",
    "punct", "acl", "obj", "obl", "mark", "det:predet", "flat", "nmod:desc",
}  # fmt: skip
# What connects a phrase with its surroundings and stays behind when it is cut out.
OUTSIDE = {"case", "cc", "mark", "punct"}
# Singular and plural of what instructions ask for.
NOUNS: dict[str, str] = dict(
    pair.split("/") for pair in (HERE / "nouns.txt").read_text("utf-8").split()
)
ADJECTIVES = (
    "short", "brief", "detailed", "new", "simple", "good", "creative", "funny", "formal",
    "clear", "different", "possible",
)  # fmt: skip
NUMBERS = ("two", "three", "four", "five", "six", "ten")


def word(form: str, upos: str, xpos: str, lemma: str | None = None) -> Tree:
    """A tree of a single word."""
    return (Word(form, lemma or form.lower(), upos, xpos, -1, "root"),)


def noun_phrases(trees: Sequence[Tree]) -> Iterator[Tree]:
    """The short phrases around the common nouns of the treebank."""
    for tree in trees:
        for at, head in enumerate(tree):
            if head.upos != "NOUN" or head.xpos not in ("NN", "NNS"):
                continue
            if head.label not in ("obj", "obl", "nsubj", "nmod", "conj", "nsubj:pass"):
                continue
            phrase = _phrase(tree, at)
            if phrase is not None:
                yield phrase


def _phrase(tree: Tree, at: int) -> Tree | None:
    places = {at}
    for child in children(tree, at):
        if tree[child].label not in INSIDE:
            return None
        if tree[child].label not in OUTSIDE:
            places |= below(tree, child)
    if len(places) > LONGEST or tree[max(places)].upos == "PUNCT":
        return None
    if any(tree[place].label not in INSIDE for place in places - {at}):
        return None
    # A bare singular noun is rarely a whole phrase.
    if len(places) == 1 and tree[at].xpos == "NN":
        return None
    phrase = cut(tree, at, places)
    if phrase is None:
        return None
    first = phrase[0]
    small = first.form if first.upos == "PROPN" or first.form == "I" else first.form.lower()
    return (replace(first, form=small), *phrase[1:])


class Phrases:
    """Draws noun phrases, from the treebank and about the things of instructions."""

    def __init__(self, real: Sequence[Tree], chance: random.Random) -> None:
        self.real = real
        self.chance = chance

    def any(self) -> Tree:
        """Half the time a phrase of the treebank, else one of an instruction."""
        if self.chance.random() < 0.5:
            return self.chance.choice(self.real)
        return self.task()

    def task(self) -> Tree:
        """ "the given text", "two short poems about the lake", "a list of ideas"."""
        noun = self.bare()
        if self.chance.random() < 0.25:
            case = word(self.chance.choice(("of", "about", "for", "from")), "ADP", "IN")
            other = self.bare() if self.chance.random() < 0.5 else self.chance.choice(self.real)
            noun = join([Part(noun, "root"), Part(case, "case", 2), Part(other, "nmod")])
        return noun

    def bare(self) -> Tree:
        """A noun of instructions with its determiner and at most one attribute."""
        chance = self.chance
        singular = chance.choice(list(NOUNS))
        if chance.random() < 0.35:
            noun = word(NOUNS[singular], "NOUN", "NNS", singular)
            return _before(noun, chance.choice(("the", "some", "number", "given", "")), chance)
        noun = word(singular, "NOUN", "NN")
        return _before(noun, chance.choice(("a", "the", "given", "given", "this")), chance)


def _before(noun: Tree, kind: str, chance: random.Random) -> Tree:
    """The noun with what stands before it."""
    parts: list[tuple[Tree, str]] = []
    if kind == "number":
        number = word(chance.choice(NUMBERS), "NUM", "CD")
        parts = [(number, "nummod")]
    elif kind == "given":
        form, tag, lemma = chance.choice(
            (
                ("given", "VBN", "give"),
                ("following", "VBG", "follow"),
                ("provided", "VBN", "provide"),
            )
        )
        parts = [(word("the", "DET", "DT"), "det"), (word(form, "VERB", tag, lemma), "amod")]
    elif kind in ("the", "some", "this", "a"):
        parts = [(word(kind, "DET", "DT"), "det")]
    if kind != "given" and chance.random() < 0.4:
        parts.append((word(chance.choice(ADJECTIVES), "ADJ", "JJ"), "amod"))
    if kind == "a" and (parts[1][0] if len(parts) > 1 else noun)[0].form[0] in "aeiou":
        parts[0] = (word("an", "DET", "DT", "a"), "det")
    at = len(parts)
    return join([*(Part(tree, label, at) for tree, label in parts), Part(noun, "root", at)])
