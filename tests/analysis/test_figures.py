"""Figures of data sets: the numbers in them, the words, and the names behind a click."""

import json
import re
from typing import Any

import plotly.graph_objects as go
import pytest

from selfinstruct_core.analysis.figure_style import SECTOR_COLOURS
from selfinstruct_core.analysis.figures import (
    common_labels_figure,
    coverage_sentence,
    label_balance_figure,
    lengths_figure,
    pairs_figure,
    sector_ids,
    similarity_figure,
    sunburst_figure,
)
from selfinstruct_core.analysis.labels import label_balance
from selfinstruct_core.analysis.lengths import Field, lengths
from selfinstruct_core.analysis.similarity import Nearest, nearest_others, similarity
from selfinstruct_core.analysis.verb_noun_counts import compare_pairs, verb_noun_counts
from selfinstruct_core.analysis.verb_nouns import VerbNoun
from tests.analysis.real_tasks import alpaca, needs_real_data, task

EVIL = "<b>bold</b> & <a href='http://x'>$a$</a>"
HARMLESS = "&lt;b&gt;bold&lt;/b&gt; &amp; &lt;a href='http://x'&gt;&#36;a&#36;&lt;/a&gt;"


def traces(figure: go.Figure) -> list[dict[str, Any]]:
    """The traces as a browser gets them."""
    found: list[dict[str, Any]] = json.loads(figure.to_json(engine="json"))["data"]
    return found


def listed(value: Any) -> list[Any]:
    """A list, which Plotly may have packed."""
    return list(value)


def hover(trace: dict[str, Any]) -> list[str]:
    """The words at each bar or sector: Plotly's template with the values in it."""

    def words(row: list[Any]) -> str:
        def value(match: re.Match[str]) -> str:
            return format(row[int(match[1])], match[2] or "")

        template = re.sub(r"<extra>.*</extra>", "", trace["hovertemplate"])
        return re.sub(r"%\{customdata\[(\d)\](?::([^}]*))?\}", value, template)

    return [words(row) for row in trace["customdata"]]


def sentence(figure: go.Figure) -> str:
    """What a figure of nothing says."""
    assert traces(figure) == []
    (annotation,) = figure.layout.annotations
    return str(annotation.text)


def reads(*pairs: tuple[str | None, str | None]) -> list[tuple[int, VerbNoun]]:
    return [(10 + n, VerbNoun(*pair)) for n, pair in enumerate(pairs)]


class TestSunburst:
    COUNTS = verb_noun_counts(
        reads(
            ("write", "poem"), ("write", "poem"), ("write", "song"), ("write", "joke"),
            ("find", "sum"), ("go", None), (None, None), ("write", "poem"),
        ),
        nouns=2,
    )  # fmt: skip

    def test_sectors(self) -> None:
        figure = sunburst_figure(self.COUNTS)
        (trace,) = traces(figure)
        # From the last to the first, which Plotly draws clockwise from the top.
        assert listed(trace["labels"]) == ["find", "sum", "write", "joke", "poem"]
        assert listed(trace["values"]) == [1, 1, 4, 1, 3]
        assert listed(trace["parents"]) == ["", "1", "", "0", "0"]
        assert listed(trace["ids"]) == ["1", "1/0", "0", "0/1", "0/0"]
        assert [row[:2] for row in trace["customdata"]] == [
            ["find", None],
            ["find", "sum"],
            ["write", None],
            ["write", "joke"],
            ["write", "poem"],
        ]
        for (verb, noun, _), value in zip(trace["customdata"], trace["values"], strict=True):
            assert len(self.COUNTS.ids(verb, noun)) == value

    def test_words(self) -> None:
        figure = sunburst_figure(self.COUNTS)
        assert hover(traces(figure)[0])[2:] == [
            "write: 4 of 5 tasks with this verb and an object are shown",
            "write joke: 1 task (12.5% of all)",
            "write poem: 3 tasks (37.5% of all)",
        ]
        # 3 + 1 of write, 1 of find.
        assert figure.layout.annotations[0].text == "5 of 8 tasks (62.5%)"
        assert coverage_sentence(self.COUNTS) == (
            "75.0% of 8 instructions have a verb and an object; the picture shows the 2 most "
            "frequent verbs with up to 2 objects each, 62.5% of all."
        )

    def test_text_is_shown_as_text(self) -> None:
        counts = verb_noun_counts(reads((EVIL, "%{customdata[0]}")))
        (trace,) = traces(sunburst_figure(counts))
        assert listed(trace["labels"]) == [HARMLESS, "%{customdata[0]}"]
        assert trace["customdata"][0][:2] == [EVIL, None]
        assert HARMLESS in trace["customdata"][1][2]
        assert EVIL not in trace["customdata"][1][2]

    def test_nothing_to_show(self) -> None:
        for found in ([], reads((None, None), ("go", None))):
            figure = sunburst_figure(verb_noun_counts(found))
            assert sentence(figure) == "No instruction here has a verb with an object."
        assert coverage_sentence(verb_noun_counts([])) == "There are no instructions."
        assert coverage_sentence(verb_noun_counts(reads(("go", None)))) == (
            "0.0% of 1 instructions have a verb and an object."
        )

    def test_each_verb_has_its_colour(self) -> None:
        pairs = [(f"v{n:02}", "x") for n in range(20) for _ in range(20 - n)]
        (trace,) = traces(sunburst_figure(verb_noun_counts(reads(*pairs))))
        colours = dict(zip(trace["ids"], trace["marker"]["colors"], strict=True))
        assert [colours[str(n)] for n in range(20)] == list(SECTOR_COLOURS)
        assert all(colours[f"{n}/0"] == colours[str(n)] for n in range(20))


class TestHistograms:
    TASKS = tuple(task(n, " ".join(["w"] * n)) for n in (3, 3, 7, 59, 60, 400))

    def test_one_data_set_in_counts(self) -> None:
        found = lengths(self.TASKS, Field.INSTRUCTION)
        figure = lengths_figure([("mine", found)], Field.INSTRUCTION)
        (trace,) = traces(figure)
        assert trace["y"] == [one.count for one in found.bins]
        # Each bar over its own bin; the open one begins half a bin after the last.
        assert trace["x"] == [*(2.5 + 5 * n for n in range(12)), 67.5]
        assert trace["width"] == 5
        assert trace["marker"]["pattern"]["shape"] == [*[""] * 12, "/"]
        assert [row[0] for row in trace["customdata"]] == [one.name for one in found.bins]
        assert hover(trace)[0] == "0 to 4 words: 2 (33.3%)"
        assert hover(trace)[-1] == "60 or more words: 2 (33.3%)"
        layout = figure.layout
        assert layout.xaxis.title.text == "words of the instruction (bins of 5, from 60 on in one)"
        assert layout.yaxis.title.text == "instructions (n = 6)"
        assert layout.yaxis.rangemode == "tozero"
        assert layout.xaxis.ticktext == ("0", "10", "20", "30", "40", "50", "60", "60+")
        assert layout.xaxis.tickvals == (0, 10, 20, 30, 40, 50, 60, 67.5)

    def test_two_data_sets_in_per_cent(self) -> None:
        shown = [(EVIL, lengths(part, Field.INSTRUCTION)) for part in (self.TASKS, self.TASKS[2:])]
        figure = lengths_figure(shown, Field.INSTRUCTION)
        first, second = traces(figure)
        assert (first["name"], second["name"]) == (f"{HARMLESS} (n = 6)", f"{HARMLESS} (n = 4)")
        assert (first["y"][0], second["y"][0], second["y"][1]) == (100 * (2 / 6), 0.0, 25.0)
        assert second["customdata"][1] == ["5-9", 1, f"{HARMLESS}: 5 to 9 words", 1, 0.25]
        assert hover(second)[1] == f"{HARMLESS}: 5 to 9 words: 1 (25.0%)"
        assert figure.layout.yaxis.title.text == "instructions (% of each)"
        assert (figure.layout.barmode, figure.layout.showlegend) == ("overlay", True)
        colours = [trace["marker"]["color"] for trace in (first, second)]
        assert colours == ["#2166ac", "#f4a582"]

    def test_similarity(self) -> None:
        found = similarity([Nearest(1, 1.0, 0), Nearest(2, 0.7, 0), Nearest(3, 0.0, None)])
        figure = similarity_figure([("mine", found)])
        (trace,) = traces(figure)
        assert {row[0]: y for row, y in zip(trace["customdata"], trace["y"], strict=True) if y} == {
            "0.00-0.05": 1,
            "0.70-0.75": 1,
            "1": 1,
        }
        assert trace["x"][0] == 0.025
        assert trace["x"][-1] == pytest.approx(1.075)
        assert hover(trace)[14] == "0.7 to below 0.75: 1 (33.3%)"
        assert hover(trace)[20] == "exactly 1: 1 (33.3%)"
        layout = figure.layout
        assert layout.xaxis.title.text == (
            "ROUGE-L to the nearest seed (bins of 0.05, exactly 1 apart)"
        )
        assert layout.yaxis.title.text == "instructions (n = 3)"
        assert layout.xaxis.ticktext[-2:] == ("1", "= 1")
        (line,) = layout.shapes
        assert (line.x0, line.x1) == (0.7, 0.7)

    def test_all_identical(self) -> None:
        same = [task(n, "Sing.") for n in range(4)]
        (trace,) = traces(similarity_figure([("", similarity(nearest_others(same)))]))
        assert trace["y"] == [0] * 20 + [4]

    def test_nothing_to_show(self) -> None:
        empty = lengths([], Field.INPUT)
        assert sentence(lengths_figure([("a", empty)], Field.INPUT)) == (
            "There are no inputs to measure."
        )
        assert sentence(similarity_figure([])) == "There are no instructions to compare."
        # One that is empty beside one that is not has bars of no height.
        first, second = traces(
            lengths_figure(
                [("a", empty), ("b", lengths([task(1, "x", ("y", "z"))], Field.INPUT))],
                Field.INPUT,
            )
        )
        assert (set(first["y"]), second["y"][0]) == ({0.0}, 100.0)

    def test_other_bins_do_not_mix(self) -> None:
        other = lengths(self.TASKS, Field.INSTRUCTION, width=10)
        with pytest.raises(ValueError, match="the same bins"):
            lengths_figure(
                [("a", lengths(self.TASKS, Field.INSTRUCTION)), ("b", other)], Field.INSTRUCTION
            )


def labelled(id_: int, *labels: str) -> Any:
    return task(id_, "Classify.", *(("x", label) for label in labels), clf=True)


class TestLabels:
    BALANCE = label_balance(
        [labelled(1, "yes", "no", EVIL), labelled(2, "yes", "yes"), labelled(3, "", "yes")],
        {1: "output-first", 2: "input-first"},
    )

    def test_common_labels(self) -> None:
        figure = common_labels_figure(self.BALANCE, most=3)
        by_input, by_output, unknown = traces(figure)
        assert [t["name"] for t in (by_input, by_output, unknown)] == [
            "input-first", "output-first", "not known",
        ]  # fmt: skip
        # yes 4, then "" and the one with < by the order of characters; "no" is rarer by it.
        assert figure.layout.yaxis.ticktext == ("yes", "(empty)", HARMLESS)
        assert (by_input["x"], by_output["x"], unknown["x"]) == ([2, 0, 0], [1, 0, 1], [1, 1, 0])
        assert hover(by_output)[0] == "yes, output-first: 1 of 4"
        assert by_output["customdata"][2][0] == 2
        assert self.BALANCE.labels[2].ids == (1,)
        assert figure.layout.xaxis.title.text == (
            "instances of classification tasks (n = 7, 1 with rarer labels)"
        )
        assert unknown["marker"]["color"] == "#8c8c8c"

    def test_balance_within_tasks(self) -> None:
        figure = label_balance_figure(self.BALANCE)
        by_input, by_output, unknown = traces(figure)
        # Shares of the most frequent label: 2 of 2, 1 of 3, 1 of 2.
        shown = [[row[0] for row in t["customdata"] if row[3]] for t in traces(figure)]
        assert shown == [["1"], ["0.3-0.4"], ["0.5-0.6"]]
        assert (by_input["y"][10], by_output["y"][3], unknown["y"][5]) == (100, 100, 100)
        # Side by side within the bin from 0.3 to 0.4.
        assert [t["x"][3] for t in traces(figure)] == pytest.approx(
            [0.35 - 0.1 / 3, 0.35, 0.35 + 0.1 / 3]
        )
        assert by_input["width"] == pytest.approx(0.1 / 3)
        colours = [t["marker"]["color"] for t in traces(common_labels_figure(self.BALANCE))]
        assert [t["marker"]["color"] for t in traces(figure)] == colours

    def test_nothing_to_show(self) -> None:
        none = label_balance([task(1, "x", ("", "y"))])
        assert sentence(common_labels_figure(none)) == (
            "No task here is known to be a classification task."
        )
        assert sentence(label_balance_figure(label_balance([labelled(1, "yes")]))) == (
            "No classification task here has two instances or more to compare."
        )


class TestPairs:
    def test_by_hand(self) -> None:
        first = reads(("write", "poem"), ("write", "poem"), ("find", "sum"), (None, None))
        second = reads(("find", "sum"), ("go", None))
        figure = pairs_figure(compare_pairs(first, second), ("mine", EVIL))
        one, other = traces(figure)
        assert figure.layout.yaxis.ticktext == ("find sum", "write poem")
        # find sum 1/4 and 1/2, write poem 2/4 and 0.
        assert (one["x"], other["x"]) == ([25.0, 50.0], [50.0, 0.0])
        assert (one["name"], other["name"]) == ("mine (n = 4)", f"{HARMLESS} (n = 2)")
        assert [row[:3] for row in other["customdata"]] == [
            ["find", "sum", 1],
            ["write", "poem", 1],
        ]
        assert hover(one)[1] == "mine (n = 4): write poem: 2 (50.00%)"
        assert figure.layout.yaxis.autorange == "reversed"
        assert "%" in figure.layout.xaxis.title.text

    def test_labels_that_are_cut_to_the_same_stay_two_rows(self) -> None:
        found = reads(("write", "a" * 50 + "1"), ("write", "a" * 50 + "2"))
        one, _ = traces(pairs_figure(compare_pairs(found, []), ("a", "b")))
        assert one["y"] == [0, 1]

    def test_nothing_to_show(self) -> None:
        figure = pairs_figure(compare_pairs([], reads(("go", None))), ("a", "b"))
        assert sentence(figure) == "No instruction of either data set has a verb with an object."


@needs_real_data
def test_real_tasks() -> None:
    tasks = alpaca()
    found = lengths(tasks, Field.OUTPUT)
    (trace,) = traces(lengths_figure([("Alpaca", found)], Field.OUTPUT))
    assert sum(trace["y"]) == 5000
    for row, y in zip(trace["customdata"], trace["y"], strict=True):
        assert len(found.ids(row[0])) == y == row[3]


def test_the_tasks_behind_a_sector() -> None:
    counts = verb_noun_counts(
        [
            (1, VerbNoun("write", "poem")),
            (2, VerbNoun("write", "poem")),
            (3, VerbNoun("write", "essay")),
            (4, VerbNoun("list", "river")),
            (5, VerbNoun("list", None)),
        ]
    )
    # Verbs by count, nouns by count: write (poem, essay), list (river).
    assert sector_ids(counts, "0") == (1, 2, 3)
    assert sector_ids(counts, "0/0") == (1, 2)
    assert sector_ids(counts, "0/1") == (3,)
    assert sector_ids(counts, "1/0") == (4,)
    for wrong in ("", "2", "0/2", "a", "0/0/0", "-1", "0/x"):
        assert sector_ids(counts, wrong) == ()
