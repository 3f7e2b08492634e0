"""Figures and tables as files that people take along."""

import csv
import html
import io
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# The page may run what it holds, and nothing in it may reach for an address.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="color-scheme" content="light dark">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
</head>
<body style="font-family: sans-serif; margin: 1.5rem">
<h1 style="font-size: 1.2rem">{title}</h1>
{figure}
</body>
</html>
"""


def as_html(figure: go.Figure, title: str) -> bytes:
    """The figure as a page that works without network: hovering and zooming included. It has the
    whole of Plotly in it, 5 MB."""
    shown = figure.to_html(
        full_html=False,
        include_plotlyjs=True,
        include_mathjax=False,
        div_id="figure",
        config={"displaylogo": False, "responsive": True},
    )
    page = _PAGE.format(policy=_POLICY, title=html.escape(title), figure=shown)
    return page.encode("utf-8", "replace")


def as_csv(rows: Sequence[Mapping[str, object]]) -> bytes:
    """Rows as CSV in UTF-8, headed by the names in the first one, which all must have.

    No cell is a formula where a spreadsheet opens it: text that begins with = + - @, a tab or a
    carriage return gets an apostrophe before it. Numbers stay numbers, negative ones too. None
    is an empty cell.
    """
    if not rows:
        return b""
    names = list(rows[0])
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([_harmless(name) for name in names])
    for row in rows:
        if list(row) != names:
            raise ValueError(f"A row has the columns {list(row)}, the first one {names}.")
        writer.writerow([_harmless(row[name]) for name in names])
    return out.getvalue().encode("utf-8", "replace")


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
