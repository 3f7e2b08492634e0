"""Pages and tables that people take along."""

import re

import pytest

from selfinstruct_core.analysis.figures import as_csv, as_html, sunburst_figure
from selfinstruct_core.analysis.verb_noun_counts import verb_noun_counts
from selfinstruct_core.analysis.verb_nouns import VerbNoun


def test_page_needs_no_network() -> None:
    counts = verb_noun_counts([(1, VerbNoun("</script><script>alert(1)</script>", "x"))])
    page = as_html(sunburst_figure(counts), "Mine <b>").decode()
    assert page.startswith("<!doctype html>")
    assert page.count("<title>Mine &lt;b&gt;</title>") == 1
    assert "default-src 'none'" in page
    own = page[: page.index("<script")] + page[page.rindex("Plotly.newPlot") :]
    assert not re.search(r"""(src|href)\s*=|url\(|@import""", own)
    assert not re.search(r"<script[^>]+src=", page)
    assert "<script>alert" not in page
    assert 1_000_000 < len(page) < 10_000_000
    assert as_html(sunburst_figure(counts), "Mine <b>").decode() == page


def test_table() -> None:
    rows = [{"verb": "write, fast", "n": 3, "x": None}, {"verb": 'a "b"\n', "n": -0.5, "x": ""}]
    assert as_csv(rows) == b'verb,n,x\r\n"write, fast",3,\r\n"a ""b""\n",-0.5,\r\n'
    assert as_csv([]) == b""
    with pytest.raises(ValueError, match="columns"):
        as_csv([{"a": 1}, {"b": 1}])


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_formulas(start: str) -> None:
    found = as_csv([{f"{start}h": f"{start}1+1"}]).decode()
    assert found.replace('"', "") == f"'{start}h\r\n'{start}1+1\r\n"


def test_odd_text() -> None:
    assert as_csv([{"노래": "\ud800"}]) == "노래\r\n?\r\n".encode()
