"""Figures of a run, as Plotly objects for pages and notebooks."""

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
