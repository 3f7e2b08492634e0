"""Figures of a run, as Plotly objects for pages and notebooks."""

from collections.abc import Sequence
from typing import Protocol

import plotly.graph_objects as go

KEPT_COLOUR = "#2166ac"
REJECTED_COLOUR = "#8c8c8c"


def reasons_figure(kept: int, rejected: dict[str, int]) -> go.Figure:
    """Horizontal bars: candidates kept, and rejected by reason, the most frequent on top.

    `rejected` maps the reasons as they shall be read to counts; counts stand at the bars.
    """
    rows = sorted(rejected.items(), key=lambda item: (item[1], item[0]))
    names = [*(name for name, _ in rows), "kept"]
    counts = [*(count for _, count in rows), kept]
    figure = go.Figure(
        go.Bar(
            x=counts,
            y=names,
            orientation="h",
            marker_color=[*(REJECTED_COLOUR for _ in rows), KEPT_COLOUR],
            text=[f"{count:,}" for count in counts],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:,}<extra></extra>",
        )
    )
    figure.update_layout(
        xaxis={"title": f"candidates (n = {sum(counts):,})", "rangemode": "tozero"},
        yaxis={"automargin": True},
        margin={"l": 8, "r": 48, "t": 8, "b": 8},
        height=80 + 28 * len(names),
        bargap=0.3,
        showlegend=False,
    )
    return figure


class Yield(Protocol):
    """What a group of consecutive responses brought, `first` to `last` counted from 0."""

    @property
    def first(self) -> int: ...
    @property
    def last(self) -> int: ...
    @property
    def candidates(self) -> int: ...
    @property
    def kept(self) -> int: ...
    @property
    def kept_per_response(self) -> float: ...


def yield_figure(bins: Sequence[Yield]) -> go.Figure:
    """Bars: kept tasks per response in the order of the responses. Where there are many, a bar
    is the mean of several in a row. It falls as the pool fills and novelty gets rare. Responses
    are numbered from 0, as their requests are."""
    labels = [
        f"response {b.first:,}" if b.first == b.last
        else f"responses {b.first:,} to {b.last:,}"
        for b in bins
    ]  # fmt: skip
    figure = go.Figure(
        go.Bar(
            x=[(b.first + b.last) / 2 for b in bins],
            width=[b.last - b.first + 1 for b in bins],
            y=[b.kept_per_response for b in bins],
            customdata=[
                (label, b.kept, b.candidates) for label, b in zip(labels, bins, strict=True)
            ],
            marker_color=KEPT_COLOUR,
            hovertemplate="%{customdata[0]}: %{customdata[1]:,} kept of %{customdata[2]:,} "
            "candidates<extra></extra>",
        )
    )
    total = bins[-1].last + 1 if bins else 0
    figure.update_layout(
        xaxis={"title": f"response of stage 1, from 0 (n = {total:,})"},
        yaxis={"title": "kept tasks per response", "rangemode": "tozero", "automargin": True},
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        height=280,
        bargap=0,
        showlegend=False,
    )
    return figure
