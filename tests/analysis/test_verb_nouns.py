"""Verbs and their objects: each rule on sentences parsed by hand, in both schemes of labels."""

import time

import pytest

from selfinstruct_core.analysis.lemmas import LemmaTables, WordTable, noun_lemma, verb_lemma
from selfinstruct_core.analysis.parsers import load_parser
from selfinstruct_core.analysis.verb_nouns import (
    LONGEST,
    Coverage,
    Reading,
    VerbNoun,
    coverage,
    verb_noun,
    verb_nouns,
)
from tests.analysis.hand_parsed import parsed

TABLES = LemmaTables(
    verbs=WordTable(
        words=frozenset({"output", "name", "report", "solve", "sing"}),
        exceptions={"sung": "sing"},
        endings=(("s", ""), ("ing", "e"), ("ing", "")),
    ),
    nouns=WordTable(
        words=frozenset(
            {"sum", "bio", "category", "glass", "glasses", "man", "box", "bias", "basics", "set"}
        ),
        exceptions={"oxen": "ox"},
        endings=(("s", ""), ("ses", "s"), ("xes", "x"), ("men", "man"), ("ies", "y")),
    ),
)
FIRST, TASK, PAPER = Reading

WRITE_A_POEM = """
Write write VERB VB 1 ROOT
a a DET DT 3 det
poem poem NOUN NN 1 obj
. . PUNCT . 1 punct
"""
GIVE_ME_AN_EXAMPLE = """
Give give VERB VB 1 ROOT
me I PRON PRP 1 iobj
an an DET DT 4 det
example example NOUN NN 1 obj
"""
TELL_ME = """
Tell tell VERB VB 1 ROOT
me I PRON PRP 1 obj
"""
COUNT_THIS_BY_WORDS = """
Count count VERB VB 1 ROOT
this this PRON DT 1 obj
by by ADP IN 4 case
words word NOUN NNS 1 obl
"""
# The setting was taken for the root.
SUPPOSE_YOU_TEACH_WRITE_A_TEST = """
Suppose suppose VERB VB 1 ROOT
you you PRON PRP 3 nsubj
teach teach VERB VBP 1 ccomp
, , PUNCT , 5 punct
write write VERB VB 1 parataxis
a a DET DT 7 det
test test NOUN NN 5 obj
"""
# The same with a clause that has a subject of its own, which is no instruction.
SUPPOSE_YOU_TEACH_YOU_WRITE_A_TEST = """
Suppose suppose VERB VB 1 ROOT
that that SCONJ IN 4 mark
you you PRON PRP 4 nsubj
teach teach VERB VBP 1 ccomp
, , PUNCT , 7 punct
you you PRON PRP 7 nsubj
write write VERB VBP 1 parataxis
tests test NOUN NNS 7 obj
"""
OUTPUT_TAKEN_FOR_A_NOUN = """
Please please INTJ UH 2 discourse
Output output NOUN NN 2 ROOT
the the DET DT 4 det
sum sum NOUN NN 2 obj
"""
OUTPUT_THAT_IS_A_NOUN = """
The the DET DT 2 det
output output NOUN NN 2 ROOT
sum sum NOUN NN 2 obj
"""
IDENTIFY_AND_FIX_BUGS = """
Identify identify VERB VB 1 ROOT
and and CCONJ CC 3 cc
fix fix VERB VB 1 conj
bugs bug NOUN NNS 3 obj
"""
WAIT_A_DAY_AND_READ_BOOKS = """
Wait wait VERB VB 1 ROOT
a a DET DT 3 det
day day NOUN NN 1 obl
and and CCONJ CC 5 cc
read read VERB VB 1 conj
books book NOUN NNS 5 obj
"""
WAIT_AND_WE_READ_BOOKS = """
Wait wait VERB VB 1 ROOT
and and CCONJ CC 4 cc
we we PRON PRP 4 nsubj
read read VERB VBP 1 conj
books book NOUN NNS 4 obj
"""
CHECK_IT_AND_READ_BOOKS = """
Check check VERB VB 1 ROOT
it it PRON PRP 1 obj
and and CCONJ CC 4 cc
read read VERB VB 1 conj
books book NOUN NNS 4 obj
"""
WRITE_A_TWITTER_BIO = """
Write write VERB VB 1 ROOT
a a DET DT 4 det
Twitter Twitter PROPN NNP 4 compound
Bio Bio PROPN NNP 1 obj
"""
VISIT_PARIS = """
Visit visit VERB VB 1 ROOT
Paris Paris PROPN NNP 1 obj
"""
GIVE_THE_TITLE_A_CATEGORY = """
Give give VERB VB 1 ROOT
the the DET DT 3 det
title title NOUN NN 1 obj
a a DET DT 5 det
category category NOUN NN 1 obj
"""
GIVE_A_TITLE_FOR_SONGS_TODAY = """
Give give VERB VB 1 ROOT
a a DET DT 3 det
title title NOUN NN 1 obj
for for ADP IN 5 case
songs song NOUN NNS 3 nmod
today today NOUN NN 1 obj
"""
YOU_ARE_GIVEN_A_TEXT_YOU_NEED_TO_NAME_A_TOPIC = """
You you PRON PRP 3 nsubj:pass
are be AUX VBP 3 aux:pass
given give VERB VBN 3 ROOT
a a DET DT 5 det
text text NOUN NN 3 obj
, , PUNCT , 8 punct
you you PRON PRP 8 nsubj
need need VERB VBP 3 parataxis
to to PART TO 10 mark
name name VERB VB 8 xcomp
a a DET DT 12 det
topic topic NOUN NN 10 obj
"""
YOU_ARE_GIVEN_A_TEXT_THEN_NAME_A_TOPIC = """
You you PRON PRP 3 nsubj:pass
are be AUX VBP 3 aux:pass
given give VERB VBN 3 ROOT
a a DET DT 5 det
text text NOUN NN 3 obj
. . PUNCT . 3 punct
>Name name VERB VB 7 ROOT
a a DET DT 9 det
topic topic NOUN NN 7 obj
"""
IT_IS_LATE_CAN_YOU_SEND_MAIL = """
It it PRON PRP 3 nsubj
is be AUX VBZ 3 cop
late late ADJ JJ 3 ROOT
. . PUNCT . 3 punct
>Can can AUX MD 7 aux
you you PRON PRP 7 nsubj
send send VERB VB 7 ROOT
mail mail NOUN NN 7 obj
? ? PUNCT . 7 punct
"""
TEXTS_FOLLOW_RULES_YOU_SHOULD_SORT_WORDS = """
Texts text NOUN NNS 2 nsubj
follow follow VERB VBP 2 ROOT
rules rule NOUN NNS 2 obj
. . PUNCT . 2 punct
>You you PRON PRP 7 nsubj
should should AUX MD 7 aux
sort sort VERB VB 7 ROOT
words word NOUN NNS 7 obj
"""
YOU_WILL_BE_ASKED_TO_SORT_WORDS = """
You you PRON PRP 4 nsubj:pass
will will AUX MD 4 aux
be be AUX VB 4 aux:pass
asked ask VERB VBN 4 ROOT
to to PART TO 6 mark
sort sort VERB VB 4 xcomp
words word NOUN NNS 6 obj
"""
YOU_WILL_BE_GIVEN_TEXTS_SORT_WORDS = """
You you PRON PRP 4 nsubj:pass
will will AUX MD 4 aux
be be AUX VB 4 aux:pass
given give VERB VBN 4 ROOT
texts text NOUN NNS 4 obj
. . PUNCT . 4 punct
>Sort sort VERB VB 7 ROOT
words word NOUN NNS 7 obj
"""
IMAGINE_WE_MET_DESCRIBE_DAYS = """
Imagine imagine VERB VB 1 ROOT
we we PRON PRP 3 nsubj
met meet VERB VBD 1 ccomp
. . PUNCT . 1 punct
>Describe describe VERB VB 5 ROOT
days day NOUN NNS 5 obj
"""
IMAGINE_WE_MET = """
Imagine imagine VERB VB 1 ROOT
we we PRON PRP 3 nsubj
met meet VERB VBD 1 ccomp
. . PUNCT . 1 punct
"""
IMAGINE_A_CITY_DESCRIBE_DAYS = """
Imagine imagine VERB VB 1 ROOT
a a DET DT 3 det
city city NOUN NN 1 obj
. . PUNCT . 1 punct
>Describe describe VERB VB 5 ROOT
days day NOUN NNS 5 obj
"""
WE_HAVE_DATA_WE_LIKE_TEA = """
We we PRON PRP 2 nsubj
have have VERB VBP 2 ROOT
data datum NOUN NNS 2 obj
. . PUNCT . 2 punct
>We we PRON PRP 6 nsubj
like like VERB VBP 6 ROOT
tea tea NOUN NN 6 obj
"""
# The verb stands in the second branch under the root, which the reference code never sees.
THE_LIST_THAT_NAMES_FOODS = """
The the DET DT 2 det
list list NOUN NN 2 ROOT
that that PRON WDT 4 nsubj
names name VERB VBZ 2 acl:relcl
foods food NOUN NNS 4 obj
"""
# Here it is the first.
READING_BOOKS_IS_GOOD = """
Reading read VERB VBG 4 csubj
books book NOUN NNS 1 obj
is be AUX VBZ 4 cop
good good ADJ JJ 4 ROOT
"""
# Tag and part of speech differ, or both are wrong about a word with a determiner.
MASK_THE_COMMENT = """
Mask mask VERB VB 1 ROOT
the the DET DT 3 det
comment comment VERB NN 1 obj
"""
SORT_A_SET = """
Sort sort VERB VB 1 ROOT
a a DET DT 3 det
set set VERB VB 1 obj
"""
SORT_SET = """
Sort sort VERB VB 1 ROOT
set set VERB VB 1 obj
"""
TEXTS_MUST_BE_SORTED = """
Texts text NOUN NNS 4 nsubj:pass
must must AUX MD 4 aux
be be AUX VB 4 aux:pass
sorted sort ADJ VBN 4 ROOT
"""
TEXTS_MUST_BE_SUNG = """
Texts text NOUN NNS 4 nsubj:pass
must must AUX MD 4 aux
be be AUX VB 4 aux:pass
sung sung ADJ JJ 4 ROOT
"""
# The only object was taken for an indirect one.
WRITE_THE_WORDS = """
Write write VERB VB 1 ROOT
the the DET DT 3 det
words word NOUN NNS 1 iobj
"""
TELL_A_FRIEND_THAT_WE_WON = """
Tell tell VERB VB 1 ROOT
a a DET DT 3 det
friend friend NOUN NN 1 iobj
that that SCONJ IN 6 mark
we we PRON PRP 6 nsubj
won win VERB VBD 1 ccomp
"""
ONLY_A_NOUN = """
Recipes recipe NOUN NNS 1 ROOT
"""


@pytest.mark.parametrize("scheme", ["ud", "clear"])
@pytest.mark.parametrize(
    ("table", "reading", "expected"),
    [
        (WRITE_A_POEM, FIRST, ("write", "poem")),
        (WRITE_A_POEM, TASK, ("write", "poem")),
        (WRITE_A_POEM, PAPER, ("write", "poem")),
        (GIVE_ME_AN_EXAMPLE, FIRST, ("give", "example")),
        (GIVE_ME_AN_EXAMPLE, PAPER, ("give", "example")),
        (TELL_ME, FIRST, ("tell", None)),
        (COUNT_THIS_BY_WORDS, FIRST, ("count", None)),
        (SUPPOSE_YOU_TEACH_WRITE_A_TEST, FIRST, ("write", "test")),
        (SUPPOSE_YOU_TEACH_WRITE_A_TEST, PAPER, ("suppose", None)),
        (SUPPOSE_YOU_TEACH_YOU_WRITE_A_TEST, FIRST, ("suppose", None)),
        (OUTPUT_TAKEN_FOR_A_NOUN, FIRST, ("output", "sum")),
        (OUTPUT_TAKEN_FOR_A_NOUN, TASK, ("output", "sum")),
        (OUTPUT_TAKEN_FOR_A_NOUN, PAPER, (None, None)),
        (OUTPUT_THAT_IS_A_NOUN, FIRST, (None, None)),
        (IDENTIFY_AND_FIX_BUGS, FIRST, ("identify", "bug")),
        (IDENTIFY_AND_FIX_BUGS, PAPER, ("identify", None)),
        (WAIT_A_DAY_AND_READ_BOOKS, FIRST, ("wait", None)),
        (WAIT_AND_WE_READ_BOOKS, FIRST, ("wait", None)),
        (CHECK_IT_AND_READ_BOOKS, FIRST, ("check", None)),
        (WRITE_A_TWITTER_BIO, FIRST, ("write", "bio")),
        (WRITE_A_TWITTER_BIO, PAPER, ("write", None)),
        (VISIT_PARIS, FIRST, ("visit", None)),
        (GIVE_THE_TITLE_A_CATEGORY, FIRST, ("give", "category")),
        (GIVE_THE_TITLE_A_CATEGORY, PAPER, ("give", "title")),
        (GIVE_A_TITLE_FOR_SONGS_TODAY, FIRST, ("give", "title")),
        (YOU_ARE_GIVEN_A_TEXT_YOU_NEED_TO_NAME_A_TOPIC, FIRST, ("give", "text")),
        (YOU_ARE_GIVEN_A_TEXT_THEN_NAME_A_TOPIC, FIRST, ("give", "text")),
        (YOU_ARE_GIVEN_A_TEXT_THEN_NAME_A_TOPIC, TASK, ("name", "topic")),
        (IT_IS_LATE_CAN_YOU_SEND_MAIL, FIRST, (None, None)),
        (IT_IS_LATE_CAN_YOU_SEND_MAIL, TASK, ("send", "mail")),
        (TEXTS_FOLLOW_RULES_YOU_SHOULD_SORT_WORDS, FIRST, ("follow", "rule")),
        (TEXTS_FOLLOW_RULES_YOU_SHOULD_SORT_WORDS, TASK, ("sort", "word")),
        (YOU_WILL_BE_ASKED_TO_SORT_WORDS, FIRST, ("ask", None)),
        (YOU_WILL_BE_ASKED_TO_SORT_WORDS, TASK, ("sort", "word")),
        (YOU_WILL_BE_GIVEN_TEXTS_SORT_WORDS, TASK, ("sort", "word")),
        (IMAGINE_WE_MET_DESCRIBE_DAYS, FIRST, ("imagine", None)),
        (IMAGINE_WE_MET_DESCRIBE_DAYS, TASK, ("describe", "day")),
        (IMAGINE_WE_MET, TASK, ("imagine", None)),
        (IMAGINE_A_CITY_DESCRIBE_DAYS, TASK, ("imagine", "city")),
        (WE_HAVE_DATA_WE_LIKE_TEA, FIRST, ("have", "data")),
        (WE_HAVE_DATA_WE_LIKE_TEA, TASK, ("have", "data")),
        (WE_HAVE_DATA_WE_LIKE_TEA, PAPER, ("have", "datum")),
        (THE_LIST_THAT_NAMES_FOODS, PAPER, (None, None)),
        (THE_LIST_THAT_NAMES_FOODS, FIRST, (None, None)),
        (READING_BOOKS_IS_GOOD, PAPER, ("read", "book")),
        (READING_BOOKS_IS_GOOD, FIRST, (None, None)),
        (MASK_THE_COMMENT, FIRST, ("mask", "comment")),
        (MASK_THE_COMMENT, PAPER, ("mask", None)),
        (SORT_A_SET, FIRST, ("sort", "set")),
        (SORT_SET, FIRST, ("sort", None)),
        (TEXTS_MUST_BE_SORTED, FIRST, ("sort", None)),
        (TEXTS_MUST_BE_SORTED, PAPER, (None, None)),
        (TEXTS_MUST_BE_SUNG, FIRST, ("sing", None)),
        (WRITE_THE_WORDS, FIRST, ("write", "word")),
        (WRITE_THE_WORDS, PAPER, ("write", None)),
        (TELL_A_FRIEND_THAT_WE_WON, FIRST, ("tell", None)),
        (ONLY_A_NOUN, FIRST, (None, None)),
        (ONLY_A_NOUN, TASK, (None, None)),
        (ONLY_A_NOUN, PAPER, (None, None)),
    ],
)
def test_rules(
    table: str, reading: Reading, expected: tuple[str | None, str | None], scheme: str
) -> None:
    assert verb_noun(parsed(table, scheme), TABLES, reading) == VerbNoun(*expected)


def test_two_clauses_that_universal_dependencies_joins() -> None:
    table = YOU_ARE_GIVEN_A_TEXT_YOU_NEED_TO_NAME_A_TOPIC
    assert verb_noun(parsed(table), TABLES, TASK) == VerbNoun("name", "topic")
    # ClearNLP makes the last clause the root and the one before its complement.
    heads = {"given give VERB VBN 3 ROOT": "given give VERB VBN 8 parataxis"}
    heads["need need VERB VBP 3 parataxis"] = "need need VERB VBP 8 ROOT"
    for one, other in heads.items():
        assert one in table
        table = table.replace(one, other)
    assert verb_noun(parsed(table, "clear"), TABLES, TASK) == VerbNoun("name", "topic")


@pytest.mark.parametrize(
    ("text", "tag", "proposed", "lemma"),
    [
        ("Sum", "NN", "sum", "sum"),
        ("boxes", "NNS", "boxe", "box"),
        ("categories", "NN", "categories", "category"),  # a plural, whatever the tagger says
        ("glasses", "NN", "glass", "glasses"),
        ("glasses", "NNS", "glasses", "glass"),
        ("men", "NNS", "men", "man"),
        ("oxen", "NNS", "oxen", "ox"),
        ("Bias", "NNS", "bia", "bias"),
        ("data", "NNS", "datum", "data"),
        ("basics", "NNS", "basic", "basics"),  # in the dictionary as it is, and no part of it is
        ("emojis", "NNS", "Emoji", "emoji"),  # not in the dictionary
        ("WIDGETS", "NNS", "", "widgets"),
    ],
)
def test_noun_lemmas(text: str, tag: str, proposed: str, lemma: str) -> None:
    assert noun_lemma(text, tag, proposed, TABLES) == lemma


@pytest.mark.parametrize(
    ("text", "proposed", "lemma"),
    [
        ("Solving", "solving", "solve"),  # taken for a base form
        ("Solve", "Solve", "solve"),
        ("sung", "sung", "sing"),
        ("sings", "sing", "sing"),
        ("googling", "google", "google"),  # not in the dictionary
        ("Googling", "", "googling"),
    ],
)
def test_verb_lemmas(text: str, proposed: str, lemma: str) -> None:
    assert verb_lemma(text, proposed, TABLES) == lemma


def test_a_parser_without_a_dictionary_is_believed() -> None:
    assert verb_lemma("Solving", "solve", LemmaTables()) == "solve"
    assert noun_lemma("Boxes", "NNS", "box", LemmaTables()) == "box"
    assert noun_lemma("Boxes", "NNS", "", LemmaTables()) == "boxes"


def test_coverage() -> None:
    found = [VerbNoun("write", "poem"), VerbNoun("write", None), VerbNoun(None, None)]
    assert coverage([]) == Coverage(pair=0, verb_only=0, neither=0)
    assert coverage(found[:1] * 3 + found[1:2] * 2 + found[2:]) == Coverage(3, 2, 1)


NOTHING = VerbNoun(None, None)
POEM = VerbNoun("write", "poem")


@pytest.mark.parametrize("reading", list(Reading))
def test_texts_that_are_no_instructions(reading: Reading) -> None:
    texts = {
        "": NOTHING,
        " \n\t ": NOTHING,
        "42": NOTHING,
        "3.14 2,000 7": NOTHING,
        "<mask>": NOTHING,
        "!?": NOTHING,
        "\x00\x07\x1b": NOTHING,
        "Write a poem.": POEM,
        "  Write \x00 a\n\n poem\x07.\ud800": POEM,
        "🎉🎉": NOTHING,
    }
    assert dict(zip(texts, verb_nouns(texts, load_parser(), reading), strict=True)) == texts


def test_other_scripts_give_an_answer() -> None:
    texts = ["노래해 줘", "写一首诗。", "اكتب قصيدة", "नमस्ते दुनिया", "Напиши стихотворение"] * 60
    found = list(verb_nouns(texts, load_parser()))
    # What a parser for English makes of them is its own affair; equal texts read alike.
    assert found == found[:5] * 60


@pytest.mark.parametrize("reading", list(Reading))
def test_long_texts_are_read_from_their_start(reading: Reading) -> None:
    parser = load_parser()
    sentence = "The weather was nice in the evening. "
    longs = {
        "Write a poem. " + sentence * 3000: POEM,
        "Write a poem. " + "x" * 100_000: POEM,
        "Write a poem." + " " * 100_000 + "Stop.": POEM,
        "Write a poem. " + ".-" * 50_000: POEM,
    }
    assert min(map(len, longs)) >= 100_000
    began = time.monotonic()
    assert list(verb_nouns(longs, parser, reading)) == list(longs.values())
    assert time.monotonic() - began < 10  # some tenths of a second, when nobody else computes


def test_placeholders_are_words_before_others() -> None:
    parser = load_parser()
    text = "Replace the <mask> token in the text with a proper word."
    assert list(verb_nouns([text], parser)) == [VerbNoun("replace", "token")]


def test_what_is_beyond_the_limit_is_not_read() -> None:
    words = "word " * (LONGEST // 5)
    assert list(verb_nouns([words + "Write a poem."], load_parser(), TASK)) == list(
        verb_nouns([words], load_parser(), TASK)
    )


def test_order_and_batches() -> None:
    texts = [f"{verb} {noun}." for verb in ("Describe", "Write") for noun in ("a city", "a poem")]
    found = list(verb_nouns((text for _ in range(150) for text in texts), load_parser()))
    pairs = [("describe", "city"), ("describe", "poem"), ("write", "city"), ("write", "poem")]
    assert found == [VerbNoun(*pair) for pair in pairs] * 150


def test_the_vocabulary_does_not_grow_with_the_texts() -> None:
    parser = load_parser()
    list(verb_nouns(["Write a poem."], parser))
    before = len(parser.nlp.vocab.strings)
    list(verb_nouns([f"Describe the q{n}z." for n in range(500)], parser))
    assert len(parser.nlp.vocab.strings) == before


def test_two_callers_take_turns() -> None:
    parser = load_parser()
    one = verb_nouns(["Write a poem."] * 300, parser)
    other = verb_nouns(["Describe a city."] * 300, parser)
    both = list(zip(one, other, strict=True))
    assert both == [(POEM, VerbNoun("describe", "city"))] * 300
