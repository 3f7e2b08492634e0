"""Instructions put together from frames whose trees are known.

The labels are those that the treebank gives to such sentences: "Given the text, ..." is an
oblique with the case marker `given`, `please` is discourse, "how to" opens a clausal complement.
"""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.train_parser.imperatives import with_mark
from scripts.train_parser.phrases import Phrases, word
from scripts.train_parser.trees import Part, Tree, capitalised, join

VERBS = tuple((Path(__file__).parent / "verbs.txt").read_text("utf-8").split())
GIVING = ("give", "show", "tell", "send", "offer", "write", "teach")
ASKING = ("determine", "decide", "identify", "check", "explain", "detect", "predict", "say")
HOWS = ("explain", "describe", "show", "discuss", "tell", "demonstrate")
STATES = (
    "correct", "possible", "true", "false", "positive", "negative", "good", "bad", "important",
    "new", "valid", "similar", "different", "formal", "safe", "relevant",
)  # fmt: skip# fmt: skip
# The end of an instruction, and how often.
ENDS = {".": 72, "": 20, ":": 5, "!": 3}
CAPITALISED = 0.9
COMMA = word(",", "PUNCT", ",")


def instructions(phrases: Phrases, chance: random.Random, count: int) -> list[tuple[Tree, ...]]:
    """As many instructions, each of one sentence or more."""
    frames = _Frames(phrases, chance)
    return [frames.draw() for _ in range(count)]


class _Frames:
    """The frames; each makes the sentences of one instruction."""

    def __init__(self, phrases: Phrases, chance: random.Random) -> None:
        self.phrases = phrases
        self.chance = chance
        self.frames: dict[Callable[[], tuple[Tree, ...]], int] = {
            self.plain: 36,
            self.after_setup: 16,
            self.using_first: 4,
            self.purpose_first: 4,
            self.you_are_given: 6,
            self.two_sentences: 8,
            self.question: 6,
            self.please: 4,
            self.giving: 5,
            self.how_to: 4,
            self.whether: 4,
            self.you_need: 3,
        }

    def draw(self) -> tuple[Tree, ...]:
        """One instruction of a random frame."""
        frame = self.chance.choices(list(self.frames), list(self.frames.values()))[0]
        return frame()

    def plain(self) -> tuple[Tree, ...]:
        return (self.ended(self.command()),)

    def after_setup(self) -> tuple[Tree, ...]:
        opening = self.chance.choice(("given", "given", "based", "in", "for", "from"))
        cases = [word(opening, "VERB", "VBN", "give")]
        if opening == "based":
            cases = [word("based", "VERB", "VBN", "base"), word("on", "ADP", "IN")]
        elif opening != "given":
            cases = [word(opening, "ADP", "IN")]
        at = len(cases)
        setup = join(
            [*(Part(case, "case", at) for case in cases), Part(self.phrases.any(), "root", at)]
        )
        return (self.ended(self.preceded(setup, "obl")),)

    def using_first(self) -> tuple[Tree, ...]:
        return (self.ended(self.preceded(self.using(), "advcl")),)

    def purpose_first(self) -> tuple[Tree, ...]:
        return (self.ended(self.preceded(self.purpose(), "advcl")),)

    def you_are_given(self) -> tuple[Tree, ...]:
        given = join(
            [
                Part(word("you", "PRON", "PRP"), "nsubj:pass", 2),
                Part(word("are", "AUX", "VBP", "be"), "aux:pass", 2),
                Part(word("given", "VERB", "VBN", "give"), "root", 2),
                Part(self.phrases.any(), "obj", 2),
            ]
        )
        return (self.ended(given), *self.plain())

    def two_sentences(self) -> tuple[Tree, ...]:
        return (*self.plain(), *self.plain())

    def question(self) -> tuple[Tree, ...]:
        parts = [
            Part(word(self.chance.choice(("can", "could", "would")), "AUX", "MD"), "aux"),
            Part(word("you", "PRON", "PRP"), "nsubj"),
        ]
        asked = self.chance.choice(("how", "how", "how", "", "what"))
        if asked == "how":
            opening = word("how", "ADV", "WRB")
            parts.insert(0, Part(opening, "advmod"))
        if asked == "what":
            noun = self.phrases.bare()[-1:]
            what = join([Part(word("what", "DET", "WDT"), "det", 1),
                         Part(word(noun[0].form, "NOUN", noun[0].xpos), "root", 1)])  # fmt: skip
            parts.insert(0, Part(what, "obj"))
        at = len(parts)
        verb = self.bare_verb() if asked == "what" else self.command()
        built = [Part(part.tree, part.label, at) for part in parts] + [Part(verb, "root", at)]
        return (self.ended(join(built), "?"),)

    def please(self) -> tuple[Tree, ...]:
        built = [
            Part(word("please", "INTJ", "UH"), "discourse", 1),
            Part(self.command(), "root", 1),
        ]
        return (self.ended(join(built)),)

    def giving(self) -> tuple[Tree, ...]:
        verb = word(self.chance.choice(GIVING), "VERB", "VB")
        whom = word(*self.chance.choice((("me", "PRON", "PRP", "I"), ("us", "PRON", "PRP", "we"))))
        parts = [Part(verb, "root"), Part(whom, "iobj"), Part(self.phrases.any(), "obj")]
        return (self.ended(join(parts)),)

    def how_to(self) -> tuple[Tree, ...]:
        parts = [
            Part(word("how", "ADV", "WRB"), "advmod", 2),
            Part(word("to", "PART", "TO"), "mark", 2),
            Part(self.command(), "root", 2),
        ]
        verb = word(self.chance.choice(HOWS), "VERB", "VB")
        return (self.ended(join([Part(verb, "root"), Part(join(parts), "ccomp")])),)

    def whether(self) -> tuple[Tree, ...]:
        subject = self.phrases.task()
        plural = any(w.head == -1 and w.xpos == "NNS" for w in subject)
        cop = word("are", "AUX", "VBP", "be") if plural else word("is", "AUX", "VBZ", "be")
        clause = join(
            [
                Part(word(self.chance.choice(("if", "whether")), "SCONJ", "IN"), "mark", 3),
                Part(subject, "nsubj", 3),
                Part(cop, "cop", 3),
                Part(word(self.chance.choice(STATES), "ADJ", "JJ"), "root", 3),
            ]
        )
        verb: Tree = word(self.chance.choice(ASKING), "VERB", "VB")
        if self.chance.random() < 0.3:
            me = word("me", "PRON", "PRP", "I")
            verb = join([Part(word("tell", "VERB", "VB"), "root"), Part(me, "iobj")])
        return (self.ended(join([Part(verb, "root"), Part(clause, "ccomp")])),)

    def you_need(self) -> tuple[Tree, ...]:
        to = join([Part(word("to", "PART", "TO"), "mark", 1), Part(self.command(), "root", 1)])
        parts = [
            Part(word("you", "PRON", "PRP"), "nsubj", 1),
            Part(word(self.chance.choice(("need", "have", "want")), "VERB", "VBP"), "root", 1),
            Part(to, "xcomp", 1),
        ]
        return (self.ended(join(parts)),)

    # Pieces of frames.

    def bare_verb(self) -> Tree:
        return word(self.chance.choice(VERBS), "VERB", "VB")

    def command(self) -> Tree:
        """A verb with its object, and half the time something after it."""
        parts = [Part(self.bare_verb(), "root"), Part(self.phrases.any(), "obj")]
        draw = self.chance.random()
        if draw < 0.25:
            case = word(self.chance.choice(("for", "in", "from", "into", "with")), "ADP", "IN")
            place = [Part(case, "case", 1), Part(self.phrases.any(), "root", 1)]
            parts.append(Part(join(place), "obl"))
        elif draw < 0.32:
            parts.append(Part(self.purpose(), "advcl"))
        elif draw < 0.39:
            parts.append(Part(self.and_it(), "conj"))
        elif draw < 0.45:
            parts.append(Part(self.using(), "advcl"))
        elif draw < 0.51:
            based = [
                Part(word("based", "VERB", "VBN", "base"), "case", 2),
                Part(word("on", "ADP", "IN"), "case", 2),
                Part(self.phrases.any(), "root", 2),
            ]
            parts.append(Part(join(based), "obl"))
        return join(parts)

    def and_it(self) -> Tree:
        """ "and check it", "and sort the words"."""
        it = word(*self.chance.choice((("it", "PRON", "PRP"), ("them", "PRON", "PRP", "they"))))
        thing = it if self.chance.random() < 0.6 else self.phrases.bare()
        parts = [
            Part(word("and", "CCONJ", "CC"), "cc", 1),
            Part(self.bare_verb(), "root", 1),
            Part(thing, "obj", 1),
        ]
        return join(parts)

    def using(self) -> Tree:
        using = word("using", "VERB", "VBG", "use")
        return join([Part(using, "root"), Part(self.phrases.any(), "obj")])

    def purpose(self) -> Tree:
        parts = [
            Part(word("to", "PART", "TO"), "mark", 1),
            Part(self.bare_verb(), "root", 1),
            Part(self.phrases.any(), "obj", 1),
        ]
        return join(parts)

    def preceded(self, setup: Tree, label: str) -> Tree:
        """A command after something and a comma."""
        return join(
            [Part(setup, label, 2), Part(COMMA, "punct", 2), Part(self.command(), "root", 2)]
        )

    def ended(self, tree: Tree, mark: str | None = None) -> Tree:
        """With a capital and a mark, mostly."""
        if self.chance.random() < CAPITALISED:
            tree = capitalised(tree)
        drawn = self.chance.choices(list(ENDS), list(ENDS.values()))[0]
        mark = mark if mark is not None and self.chance.random() < 0.9 else drawn
        return with_mark(tree, mark) if mark else tree


def real_phrases(found: Sequence[Tree]) -> list[Tree]:
    """Distinct phrases, so that frequent ones do not fill the frames."""
    distinct = {tuple(w.form.lower() for w in phrase): phrase for phrase in found}
    return list(distinct.values())
