"""Labels of classification tasks as Plotly figures."""

from collections.abc import Sequence

import plotly.graph_objects as go

from selfinstruct_core.analysis.figure_style import (
    OTHER_COLOUR,
    SERIES_COLOURS,
    empty_figure,
    shown_text,
    styled,
)
from selfinstruct_core.analysis.histograms import shares_figure
from selfinstruct_core.analysis.labels import NOT_KNOWN, LabelBalance, LabelCount

LABELS = 15
"""Bars of the most frequent labels."""
_ROW_HEIGHT = 26


def common_labels_figure(balance: LabelBalance, most: int = LABELS) -> go.Figure:
    """The most frequent labels of classification tasks, the bars divided by how the instances
    were made. `customdata` begins with the place in `LabelBalance.labels`."""
    rows = balance.most_common(most)
    if not rows:
        return empty_figure(_no_labels(balance))
    figure = go.Figure()
    labels = [shown_text(row.label) or "(empty)" for row in rows]
    for number, group in enumerate(group.group for group in balance.groups):
        figure.add_trace(_label_bars(rows, labels, group, number))
    left = balance.instances - sum(row.count for row in rows)
    rest = f", {left:,} with rarer labels" if left else ""
    figure.update_layout(
        barmode="stack",
        showlegend=len(balance.groups) > 1,
        xaxis={
            "title": f"instances of classification tasks (n = {balance.instances:,}{rest})",
            "rangemode": "tozero",
        },
        yaxis={
            "title": "label",
            "tickvals": list(range(len(rows))),
            "ticktext": labels,
            "autorange": "reversed",
        },
    )
    return styled(figure, 120 + _ROW_HEIGHT * len(rows)).update_layout(legend_traceorder="normal")


def _label_bars(
    rows: Sequence[LabelCount], labels: Sequence[str], group: str, number: int
) -> go.Bar:
    name = shown_text(group)
    return go.Bar(
        y=list(range(len(rows))),
        x=[row.by_group.get(group, 0) for row in rows],
        orientation="h",
        name=name,
        marker_color=_group_colour(group, number),
        customdata=[
            [place, group, f"{label}, {name}", row.by_group.get(group, 0), row.count]
            for place, (row, label) in enumerate(zip(rows, labels, strict=True))
        ],
        hovertemplate="%{customdata[2]}: %{customdata[3]:,} of %{customdata[4]:,}<extra></extra>",
    )


def label_balance_figure(balance: LabelBalance) -> go.Figure:
    """How large the share of the most frequent label is within each task, by how the instances
    were made: a task whose labels are balanced has a small one, 1 means one label only. Tasks with
    fewer than two instances are left out. `customdata` begins with the name of the bin in
    `GroupBalance.shares` and the place of the group among those shown."""
    # With their numbers among all groups, which give them their colours in every figure.
    groups = [(n, group) for n, group in enumerate(balance.groups) if group.shares.n]
    if not groups:
        return empty_figure(_no_labels(balance))
    figure = shares_figure(
        [(group.group, group.shares) for _, group in groups],
        "share of a task's most frequent label (bins of 0.1, exactly 1 apart)",
        "tasks of 2 instances or more",
    )
    for trace, (number, group) in zip(figure.data, groups, strict=True):
        trace.marker.color = _group_colour(group.group, number)
    return figure


def _group_colour(group: str, number: int) -> str:
    return OTHER_COLOUR if group == NOT_KNOWN else SERIES_COLOURS[number % len(SERIES_COLOURS)]


def _no_labels(balance: LabelBalance) -> str:
    if not balance.groups:
        return "No task here is known to be a classification task."
    return "No classification task here has two instances or more to compare."
