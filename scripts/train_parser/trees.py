"""Dependency trees as plain data: cutting pieces out, putting pieces together, making a Doc."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from spacy.tokens import Doc
from spacy.vocab import Vocab

ROOT = -1
# Written without a space before them.
MARKS = frozenset(",.:;!?")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a tree. `head` is the place of its head in the tree, ROOT for the root's."""

    form: str
    lemma: str
    upos: str
    xpos: str
    head: int
    label: str
    spaced: bool = True


Tree = tuple[Word, ...]


def root_of(tree: Tree) -> int:
    """The place of the root."""
    return next(at for at, word in enumerate(tree) if word.head == ROOT)


def children(tree: Tree, at: int) -> list[int]:
    """The places of the words that hang on the word at this place, in their order."""
    return [other for other, word in enumerate(tree) if word.head == at]


def below(tree: Tree, at: int) -> set[int]:
    """The places of the word and of everything under it."""
    found, waiting = {at}, [at]
    while waiting:
        more = [child for child in children(tree, waiting.pop()) if child not in found]
        found.update(more)
        waiting.extend(more)
    return found


def cut(tree: Tree, root: int, places: Iterable[int]) -> Tree | None:
    """The words at these places as a tree of their own, None when the text has a gap there."""
    kept = sorted(places)
    if kept[-1] - kept[0] != len(kept) - 1:
        return None
    first = kept[0]
    words = [
        replace(tree[at], head=ROOT, label="root")
        if at == root
        else replace(tree[at], head=tree[at].head - first)
        for at in kept
    ]
    return tuple(words)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a sentence to be built; its root hangs on the root of the part `head`."""

    tree: Tree
    label: str
    head: int = 0


def join(parts: Sequence[Part]) -> Tree:
    """The parts one after the other as one tree. The part labelled `root` holds its root."""
    starts = [sum(len(part.tree) for part in parts[:n]) for n in range(len(parts))]
    words = []
    for part, start in zip(parts, starts, strict=True):
        above = starts[part.head] + root_of(parts[part.head].tree)
        for word in part.tree:
            if word.head != ROOT:
                words.append(replace(word, head=word.head + start))
            elif part.label == "root":
                words.append(replace(word, label="root"))
            else:
                words.append(replace(word, head=above, label=part.label))
        words[-1] = replace(words[-1], spaced=True)
        if start and part.tree[0].form in MARKS:
            words[start - 1] = replace(words[start - 1], spaced=False)
    return tuple(words)


def capitalised(tree: Tree) -> Tree:
    """The first letter as a capital."""
    form = tree[0].form
    return (replace(tree[0], form=form[0].upper() + form[1:]), *tree[1:])


def to_doc(vocab: Vocab, sentences: Sequence[Tree]) -> Doc:
    """The sentences as one Doc with tags, parts of speech, trees and sentence starts."""
    starts = [sum(len(tree) for tree in sentences[:n]) for n in range(len(sentences))]
    pairs = [
        (w, at, start)
        for tree, start in zip(sentences, starts, strict=True)
        for at, w in enumerate(tree)
    ]
    return Doc(
        vocab,
        words=[word.form for word, _, _ in pairs],
        spaces=[word.spaced for word, _, _ in pairs],
        tags=[word.xpos for word, _, _ in pairs],
        pos=[word.upos for word, _, _ in pairs],
        morphs=[""] * len(pairs),
        lemmas=[word.lemma for word, _, _ in pairs],
        heads=[start + (at if word.head == ROOT else word.head) for word, at, start in pairs],
        deps=["ROOT" if word.head == ROOT else word.label for word, _, _ in pairs],
        sent_starts=[at == 0 for _, at, _ in pairs],
    )
