"""Distributions as Plotly figures.

Bars are as wide as their bins and begin at 0. A bin without upper end, or of one value alone,
stands apart and hatched, for its width means nothing. Of one data set the bars are counts, of
several the per cent of each. `customdata` of a bar begins with the name of its bin, which
`Distribution.ids` takes, and the number of its data set, counted from 0.
"""

from collections.abc import Callable, Sequence

import plotly.graph_objects as go

from selfinstruct_core.analysis.bins import Bin, Distribution
from selfinstruct_core.analysis.figure_style import (
    SERIES_COLOURS,
    TEXT_COLOUR,
    empty_figure,
    shown_text,
    styled,
)
from selfinstruct_core.analysis.lengths import Field
from selfinstruct_core.analysis.similarity import Similarity
from selfinstruct_core.generation.novelty import DEFAULT_THRESHOLD

Named = tuple[str, Distribution]
"""The name of a data set, or of a group of its tasks, as people know it, and the values."""

_MEASURED = {
    Field.INSTRUCTION: ("words of the instruction", "instructions"),
    Field.INPUT: ("words of the input, where there is one", "inputs"),
    Field.OUTPUT: ("words of the output", "outputs"),
}
_HEIGHT = 300
_APART = 1.5
"""Where the middle of a bar that stands apart is, in bins after the last of the others."""


def lengths_figure(shown: Sequence[Named], field: Field) -> go.Figure:
    """Lengths in words of one data set, or of several over one another."""
    words, what = _MEASURED[field]
    if not any(one.n for _, one in shown):
        return empty_figure(f"There are no {what} to measure.")
    last = shown[0][1].bins[-1]
    width = shown[0][1].width
    title = f"{words} (bins of {width:g}, from {last.low:g} on in one)"
    return _histogram(shown, title, what, _words_of)


def similarity_figure(
    shown: Sequence[tuple[str, Similarity]], compared_with: str = "nearest seed"
) -> go.Figure:
    """ROUGE-L of each instruction to its nearest text of some kind, with the threshold of the
    novelty filter."""
    distributions = [(name, one.distribution) for name, one in shown]
    if not any(one.n for _, one in distributions):
        return empty_figure("There are no instructions to compare.")
    title = f"ROUGE-L to the {compared_with} (bins of 0.05, exactly 1 apart)"
    figure = _histogram(distributions, title, "instructions", _scores_of)
    figure.add_vline(
        DEFAULT_THRESHOLD,
        line={"color": TEXT_COLOUR, "dash": "dash", "width": 1},
        annotation={"text": f"filter: {DEFAULT_THRESHOLD}", "font": {"size": 11}},
        annotation_position="top right",
    )
    return figure


def shares_figure(shown: Sequence[Named], title: str, what: str) -> go.Figure:
    """Shares in [0, 1] of one group or of several, the bars of a bin side by side."""
    return _histogram(shown, title, what, _scores_of, side_by_side=True)


def _histogram(
    shown: Sequence[Named],
    title: str,
    what: str,
    words_of: Callable[[Bin], str],
    *,
    side_by_side: bool = False,
) -> go.Figure:
    if len({tuple(one.name for one in values.bins) for _, values in shown}) > 1:
        raise ValueError("Distributions in one figure must have the same bins.")
    figure = go.Figure()
    several = len(shown) > 1
    parts = len(shown) if side_by_side else 1
    for number, (name, values) in enumerate(shown):
        figure.add_trace(_bars(values, number, parts, shown_text(name), several, words_of))
    bins, width = shown[0][1].bins, shown[0][1].width
    figure.update_layout(
        barmode="overlay",
        showlegend=several,
        xaxis={
            "title": {"text": title, "font": {"size": 11}},
            "range": [0, _middle(bins[-1], width) + width],
            **_ticks(bins, width),
        },
        yaxis={"title": _counted(shown, what), "rangemode": "tozero"},
    )
    return styled(figure, _HEIGHT)


def _bars(
    values: Distribution,
    number: int,
    parts: int,
    name: str,
    several: bool,
    words_of: Callable[[Bin], str],
) -> go.Bar:
    width = values.width / parts
    shift = (number - (parts - 1) / 2) * width if parts > 1 else 0.0
    shares = [one.count / values.n if values.n else 0.0 for one in values.bins]
    head = f"{name}: " if several else ""
    return go.Bar(
        x=[_middle(one, values.width) + shift for one in values.bins],
        y=[100 * share for share in shares] if several else [one.count for one in values.bins],
        width=width,
        name=f"{name} (n = {values.n:,})",
        opacity=0.65 if several and parts == 1 else 1.0,
        marker={
            "color": SERIES_COLOURS[number % len(SERIES_COLOURS)],
            "pattern": {"shape": ["/" if _is_apart(one) else "" for one in values.bins]},
        },
        customdata=[
            [one.name, number, f"{head}{words_of(one)}", one.count, share]
            for one, share in zip(values.bins, shares, strict=True)
        ],
        hovertemplate="%{customdata[2]}: %{customdata[3]:,} (%{customdata[4]:.1%})<extra></extra>",
    )


def _is_apart(one: Bin) -> bool:
    return one.high is None or one.high == one.low


def _middle(one: Bin, width: float) -> float:
    if one.high is None or one.high == one.low:
        return one.low + _APART * width
    return (one.low + one.high) / 2


def _ticks(bins: Sequence[Bin], width: float) -> dict[str, list[float] | list[str]]:
    """Ticks at every other bound, and below the bars that stand apart."""
    bounds = [one for one in bins if not _is_apart(one)][::2]
    apart = [one for one in bins if _is_apart(one)]
    ticks = [(one.low, f"{one.low:g}") for one in bounds]
    ticks += [(one.low, f"{one.low:g}") for one in apart if (len(bins) - len(apart)) % 2 == 0]
    ticks += [(_middle(one, width), one.name if one.high is None else "= 1") for one in apart]
    return {"tickvals": [at for at, _ in ticks], "ticktext": [text for _, text in ticks]}


def _counted(shown: Sequence[Named], what: str) -> str:
    if len(shown) == 1:
        return f"{what} (n = {shown[0][1].n:,})"
    return f"{what} (% of each)"


def _words_of(one: Bin) -> str:
    if one.high is None:
        return f"{one.low:g} or more words"
    last = one.high - 1
    if last == one.low:
        return "1 word" if last == 1 else f"{last:g} words"
    return f"{one.low:g} to {last:g} words"


def _scores_of(one: Bin) -> str:
    return "exactly 1" if _is_apart(one) else f"{one.low:g} to below {one.high:g}"
