"""Text from data in figures, and colours that everybody can tell apart."""

import math
from itertools import pairwise
from typing import Any

import pytest

from selfinstruct_core.analysis.figure_style import SECTOR_COLOURS, SERIES_COLOURS, shown_text

EVIL = "<b>bold</b> & <a href='http://x'>$a$</a>"
HARMLESS = "&lt;b&gt;bold&lt;/b&gt; &amp; &lt;a href='http://x'&gt;&#36;a&#36;&lt;/a&gt;"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        (EVIL, HARMLESS),
        ("a\n\tb\x00\x1bc", "a b c"),
        ("a\u202eb\ud800c", "a b c"),
        ("&lt;", "&amp;lt;"),
        ("긍정 부정", "긍정 부정"),
        ("x" * 41, "x" * 39 + "…"),
        ("x" * 40, "x" * 40),
        ("&" * 50, "&amp;" * 39 + "…"),
        ("", ""),
        (" " * 100_000 + "x", ""),
        ("x" * 100_000, "x" * 39 + "…"),
    ],
)
def test_shown_text(text: str, shown: str) -> None:
    assert shown_text(text) == shown


def linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


# How the colours look with protanopia and deuteranopia: Machado, Oliveira and Fernandes (2009),
# severity 1, in linear RGB.
SIGHTS = (
    ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
)
XYZ = ((0.4339, 0.3762, 0.1899), (0.2126, 0.7152, 0.0722), (0.0178, 0.1095, 0.8730))
"""From linear RGB, over the white point."""


def times(matrix: Any, vector: list[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def lab(colour: str, sight: Any) -> tuple[float, float, float]:
    """CIELAB of a colour as it is seen."""
    rgb = [linear(int(colour[n : n + 2], 16) / 255) for n in (1, 3, 5)]
    seen = [min(1.0, max(0.0, channel)) for channel in times(sight, rgb)]
    f = [v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in times(XYZ, seen)]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


@pytest.mark.parametrize("sight", SIGHTS)
def test_colours_are_told_apart(sight: Any) -> None:
    # A difference of 2.3 is just noticeable.
    seen = [lab(colour, sight) for colour in SECTOR_COLOURS]
    assert min(math.dist(a, b) for n, a in enumerate(seen) for b in seen[:n]) > 12
    assert min(math.dist(a, b) for a, b in pairwise(seen)) > 55
    first, second = (lab(colour, sight) for colour in SERIES_COLOURS[:2])
    assert math.dist(first, second) > 60
