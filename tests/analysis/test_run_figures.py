"""Figures of a run: the numbers in them, and the words."""

import re
from typing import Any

from selfinstruct_core.analysis.run_figures import yield_figure
from selfinstruct_core.storage.candidates import YieldBin


def shown(bins: list[YieldBin]) -> dict[str, Any]:
    """What the bars hold, as a browser gets it."""
    (bars,) = yield_figure(bins).to_plotly_json()["data"]
    data = {name: list(bars[name]) for name in ("x", "width", "y")}
    return data | {"labels": [hover(bars["hovertemplate"], row) for row in bars["customdata"]]}


def hover(template: str, row: Any) -> str:
    """The words at a bar: Plotly's template with the bar's own values."""

    def value(match: re.Match[str]) -> str:
        return format(row[int(match[1])], match[2] or "")

    return re.sub(r"%\{customdata\[(\d)\](?::(,))?\}", value, template)


def test_one_bar_a_response() -> None:
    bins = [YieldBin(0, 0, 7, 5), YieldBin(1, 1, 0, 0), YieldBin(2, 2, 3, 3)]
    assert shown(bins) == {
        "x": [0.0, 1.0, 2.0],
        "width": [1, 1, 1],
        "y": [5.0, 0.0, 3.0],
        "labels": [
            "response 0: 5 kept of 7 candidates<extra></extra>",
            "response 1: 0 kept of 0 candidates<extra></extra>",
            "response 2: 3 kept of 3 candidates<extra></extra>",
        ],
    }


def test_bars_of_several_responses_are_as_wide_as_these() -> None:
    bins = [YieldBin(0, 1199, 8000, 1800), YieldBin(1200, 2399, 9, 3), YieldBin(2400, 2400, 1, 1)]
    assert shown(bins) == {
        # The middles of 0 to 1,199 and of 1,200 to 2,399.
        "x": [599.5, 1799.5, 2400.0],
        "width": [1200, 1200, 1],
        "y": [1.5, 0.0025, 1.0],
        "labels": [
            "responses 0 to 1,199: 1,800 kept of 8,000 candidates<extra></extra>",
            "responses 1,200 to 2,399: 3 kept of 9 candidates<extra></extra>",
            "response 2,400: 1 kept of 1 candidates<extra></extra>",
        ],
    }
    # Side by side, without a gap and none over another.
    left = [x - width / 2 for x, width in zip(shown(bins)["x"], shown(bins)["width"], strict=True)]
    assert left == [-0.5, 1199.5, 2399.5]


def test_titles_say_what_and_how_many() -> None:
    layout = yield_figure([YieldBin(0, 1199, 5, 5), YieldBin(1200, 1234, 0, 0)]).layout
    assert layout.xaxis.title.text == "response of stage 1, from 0 (n = 1,235)"
    assert layout.yaxis.title.text == "kept tasks per response"
    assert layout.yaxis.rangemode == "tozero"


def test_no_responses_yet() -> None:
    assert shown([]) == {"x": [], "width": [], "y": [], "labels": []}
    assert yield_figure([]).layout.xaxis.title.text == "response of stage 1, from 0 (n = 0)"
