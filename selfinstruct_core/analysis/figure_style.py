"""What the figures of data sets share: colours, layout, and text from data made harmless."""

import re

import plotly.graph_objects as go

# Safe for colour-blind eyes; one colour means the same on every chart.
FIRST_COLOUR = "#2166ac"
SECOND_COLOUR = "#f4a582"
OTHER_COLOUR = "#8c8c8c"
SERIES_COLOURS = (FIRST_COLOUR, SECOND_COLOUR, "#5aae61", "#762a83", "#92c5de", "#b2182b")
# Any two are apart, and neighbours far apart, for normal sight, protanopia and deuteranopia.
SECTOR_COLOURS = (
    "#2166ac", "#07884c", "#e9da0c", "#aee0cf", "#b8380a", "#92c5de", "#a59c1d", "#438db1",
    "#f7c664", "#b1436f", "#2a0ce9", "#b2182b", "#94a2f9", "#bbe0ae", "#4343b1", "#d28992",
    "#0c64e9", "#5aae61", "#762a83", "#f4a582",
)  # fmt: skip
# The grey with the same contrast on white as on Streamlit's dark background, 4.3.
TEXT_COLOUR = "#797979"
_LINE_COLOUR = "rgba(128, 128, 128, 0.3)"
_TRANSPARENT = "rgba(0, 0, 0, 0)"

LONGEST = 40
"""Characters of a label."""
# White space, control characters, halves of characters, and marks that turn the direction of
# the text after them.
_UNSHOWN = re.compile("[\\s\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
# Plotly takes <b>, <a href=...> and the like for markup, and what is between dollars for
# mathematics where MathJax is loaded, as in notebooks. It shows entities as their characters.
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;"}


def shown_text(text: str, longest: int = LONGEST) -> str:
    """Text from data for a label, a legend or a hover text: one line, cut to `longest`
    characters, with nothing that Plotly would interpret."""
    # Much longer text need not be read to its end.
    line = _UNSHOWN.sub(" ", text[: 8 * longest + 100]).strip()
    if len(line) > longest:
        line = line[: longest - 1].rstrip() + "…"
    return "".join(_ENTITIES.get(char, char) for char in line)


def styled(figure: go.Figure, height: int) -> go.Figure:
    """The figure with the layout that all share; transparent, readable on light and dark."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
        paper_bgcolor=_TRANSPARENT,
        plot_bgcolor=_TRANSPARENT,
        font={"color": TEXT_COLOUR},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
    )
    lines = {"gridcolor": _LINE_COLOUR, "zerolinecolor": _LINE_COLOUR, "linecolor": _LINE_COLOUR}
    figure.update_xaxes(automargin=True, **lines)
    figure.update_yaxes(automargin=True, **lines)
    return figure


def empty_figure(sentence: str) -> go.Figure:
    """A figure of nothing, that says why."""
    figure = styled(go.Figure(), height=160)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(text=sentence, xref="paper", yref="paper", x=0.5, y=0.5, showarrow=False)
    return figure
