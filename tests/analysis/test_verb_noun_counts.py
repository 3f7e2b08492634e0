"""Verbs and their objects counted: by hand, and against pandas on real tasks."""

from functools import cache

import pandas as pd

from selfinstruct_core.analysis.parsers import load_parser
from selfinstruct_core.analysis.verb_noun_counts import (
    NounCount,
    PairOfTwo,
    VerbCount,
    compare_pairs,
    verb_noun_counts,
)
from selfinstruct_core.analysis.verb_nouns import Coverage, VerbNoun, verb_nouns
from tests.analysis.real_tasks import alpaca, needs_real_data

Reads = list[tuple[int, VerbNoun]]


def reads(*pairs: str, start: int = 10) -> Reads:
    """ "write poem" is a pair, "write" a verb alone, "" neither; ids count from `start`."""
    split = [(*pair.split(), None, None)[:2] for pair in pairs]
    return [(start + n, VerbNoun(*pair)) for n, pair in enumerate(split)]


def test_by_hand() -> None:
    found = verb_noun_counts(
        reads("write poem", "write", "", "write song", "write poem", "find sum", "add b", "find a"),
        verbs=2,
        nouns=1,
    )
    # write 3, find 2, add 1; of find's two nouns, each once, the alphabetically first.
    assert found.verbs == (
        VerbCount("write", 3, (NounCount("poem", (10, 14)),)),
        VerbCount("find", 2, (NounCount("a", (17,)),)),
    )
    assert found.coverage == Coverage(pair=6, verb_only=1, neither=1)
    assert (found.total, found.shown, found.share_shown) == (8, 3, 3 / 8)


def test_the_tasks_behind_a_sector() -> None:
    found = verb_noun_counts(reads("a x", "a y", "a x", "b x", "a z"), nouns=2)
    assert found.ids("a", "x") == (10, 12)
    # As many as the sector shows: that of "a z" is not in the picture.
    assert found.ids("a") == (10, 12, 11)
    assert len(found.ids("a")) == found.verbs[0].shown == 3
    assert found.ids("a", "z") == found.ids("c") == found.ids("a", "") == ()


def test_ties_of_verbs_are_broken_alphabetically() -> None:
    found = verb_noun_counts(reads("c x", "b x", "a x"), verbs=2)
    assert [verb.verb for verb in found.verbs] == ["a", "b"]


def test_rare_pairs_can_be_left_out() -> None:
    found = verb_noun_counts(reads("a x", "a x", "a y", "b x"), more_than=1)
    assert found.verbs == (VerbCount("a", 3, (NounCount("x", (10, 11)),)),)
    assert found.shown == 2


def test_nothing_to_count() -> None:
    for pairs, kinds in (((), (0, 0, 0)), (("write", ""), (0, 1, 1))):
        found = verb_noun_counts(reads(*pairs))
        assert (found.verbs, found.shown, found.coverage) == ((), 0, Coverage(*kinds))
        assert found.share_shown == (0.0 if pairs else None)


def test_two_data_sets_by_hand() -> None:
    first = reads("a x", "a x", "b x", "write", "", "", "", "", "", "")
    second = reads("b x", "c x", start=50)
    found = compare_pairs(first, second, most=2)
    # Shares of 10 and of 2: b x 1/10 + 1/2, c x 0 + 1/2, a x 2/10 + 0.
    assert found.pairs == (PairOfTwo("b", "x", (12,), (50,)), PairOfTwo("c", "x", (), (51,)))
    assert (found.first_total, found.second_total) == (10, 2)
    assert (found.first_different, found.second_different) == (2, 2)
    # Equal sums of shares: alphabetically.
    assert [p.verb for p in compare_pairs(reads("b x"), reads("a x")).pairs] == ["a", "b"]


def test_two_data_sets_of_which_one_is_empty() -> None:
    assert compare_pairs([], []).pairs == ()
    assert compare_pairs(reads("a x"), []).pairs == (PairOfTwo("a", "x", (10,), ()),)


@cache
def real_reads() -> Reads:
    tasks = alpaca()[:1200]
    found = verb_nouns([task.instruction for task in tasks], load_parser())
    return [(task.id, read) for task, read in zip(tasks, found, strict=True)]


@needs_real_data
def test_real_tasks_against_pandas() -> None:
    frame = pd.DataFrame([(id_, r.verb, r.noun) for id_, r in real_reads()])
    frame.columns = ["id", "verb", "noun"]
    pairs = frame.dropna()
    verbs = pairs.groupby("verb").size().reset_index(name="n")
    top = verbs.sort_values(["n", "verb"], ascending=[False, True]).head(20)
    found = verb_noun_counts(real_reads())
    assert [(v.verb, v.count) for v in found.verbs] == list(top.itertuples(index=False, name=None))
    for verb in found.verbs:
        mine = pairs[pairs["verb"] == verb.verb]
        nouns = mine.groupby("noun").size().reset_index(name="n")
        four = nouns.sort_values(["n", "noun"], ascending=[False, True]).head(4)
        rows = [(noun.noun, noun.count) for noun in verb.nouns]
        assert rows == list(four.itertuples(index=False, name=None))
        for noun in verb.nouns:
            assert noun.ids == tuple(mine["id"][mine["noun"] == noun.noun])
    alone = frame["verb"].notna() & frame["noun"].isna()
    nothing = frame["verb"].isna()
    assert found.coverage == Coverage(len(pairs), int(alone.sum()), int(nothing.sum()))
    assert found.total == 1200


@needs_real_data
def test_two_real_data_sets_against_pandas() -> None:
    first, second = real_reads()[:800], real_reads()[800:]
    rows = [(which, r.verb, r.noun) for which, part in enumerate((first, second)) for _, r in part]
    frame = pd.DataFrame(rows, columns=["set", "verb", "noun"]).dropna()
    counts = frame.groupby(["verb", "noun"])["set"].value_counts().unstack(fill_value=0)
    # Of 800 and of 400: shares over 800.
    counts["sum"] = counts[0] + 2 * counts[1]
    chosen = counts.reset_index().sort_values(
        ["sum", "verb", "noun"], ascending=[False, True, True]
    )
    found = compare_pairs(first, second)
    rows_found = [(p.verb, p.noun, len(p.first), len(p.second)) for p in found.pairs]
    expected = chosen.head(25)[["verb", "noun", 0, 1]].itertuples(index=False, name=None)
    assert rows_found == list(expected)
    assert found.first_different == (counts[0] > 0).sum()
