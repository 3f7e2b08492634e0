"""Verbs and their objects as Plotly figures."""

from collections.abc import Iterator

import plotly.graph_objects as go

from selfinstruct_core.analysis.figure_style import (
    FIRST_COLOUR,
    SECOND_COLOUR,
    SECTOR_COLOURS,
    empty_figure,
    shown_text,
    styled,
)
from selfinstruct_core.analysis.verb_noun_counts import PairComparison, VerbNounCounts

_ROW_HEIGHT = 26
_Sector = tuple[str, str, str, int, str, tuple[str, str | None, str]]


def sunburst_figure(counts: VerbNounCounts) -> go.Figure:
    """Verbs inside, their objects outside, the largest first and clockwise from the top; a
    sector is as large as the tasks of the objects shown. `customdata` begins with the verb and
    the noun (None for a verb), as `VerbNounCounts.ids` takes them."""
    if not counts.verbs:
        return empty_figure("No instruction here has a verb with an object.")
    # Plotly goes counter-clockwise, so the last comes first.
    numbers = reversed(range(len(counts.verbs)))
    sectors = [sector for number in numbers for sector in _sectors(counts, number)]
    ids, parents, labels, values, colours, customdata = zip(*sectors, strict=True)
    figure = go.Figure(
        go.Sunburst(
            ids=ids,
            parents=parents,
            labels=labels,
            values=values,
            customdata=[list(row) for row in customdata],
            branchvalues="total",
            sort=False,
            rotation=90,
            marker={"colors": colours, "line": {"color": "rgba(255, 255, 255, 0.8)", "width": 1}},
            leaf={"opacity": 0.8},
            insidetextorientation="radial",
            hovertemplate="%{customdata[2]}<extra></extra>",
        )
    )
    figure.add_annotation(
        text=f"{counts.shown:,} of {counts.total:,} tasks ({counts.share_shown or 0:.1%})",
        xref="paper",
        yref="paper",
        x=0.5,
        y=0,
        yanchor="top",
        showarrow=False,
    )
    styled(figure, 560)
    return figure.update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 32})


def _sectors(counts: VerbNounCounts, number: int) -> Iterator[_Sector]:
    """A verb and its nouns: id, parent, label, value, colour, customdata."""
    verb = counts.verbs[number]
    colour = SECTOR_COLOURS[number % len(SECTOR_COLOURS)]
    name = shown_text(verb.verb)
    told = f"{name}: {verb.shown:,} of {verb.count:,} tasks with this verb and an object are shown"
    yield str(number), "", name, verb.shown, colour, (verb.verb, None, told)
    for place, noun in reversed(list(enumerate(verb.nouns))):
        word = shown_text(noun.noun)
        many = "1 task" if noun.count == 1 else f"{noun.count:,} tasks"
        told = f"{name} {word}: {many} ({noun.count / counts.total:.1%} of all)"
        yield (
            f"{number}/{place}",
            str(number),
            word,
            noun.count,
            colour,
            (verb.verb, noun.noun, told),
        )


def sector_ids(counts: VerbNounCounts, sector: str) -> tuple[int, ...]:
    """The tasks behind a sector of `sunburst_figure`, by the id that it has there; none where
    there is no such sector."""
    numbers = sector.split("/")
    if not 1 <= len(numbers) <= 2 or not all(one.isdecimal() for one in numbers):
        return ()
    verb, *place = (int(one) for one in numbers)
    if verb >= len(counts.verbs):
        return ()
    nouns = counts.verbs[verb].nouns
    if place:
        nouns = nouns[place[0] : place[0] + 1]
    return tuple(id_ for noun in nouns for id_ in noun.ids)


def coverage_sentence(counts: VerbNounCounts, what: str = "instructions") -> str:
    """What the sunburst stands for, in words."""
    if not counts.total:
        return f"There are no {what}."
    verbs = len(counts.verbs)
    nouns = max((len(verb.nouns) for verb in counts.verbs), default=0)
    share = counts.coverage.pair / counts.total
    have = f"{share:.1%} of {counts.total:,} {what} have a verb and an object"
    if not verbs:
        return f"{have}."
    return (
        f"{have}; the picture shows the {verbs} most frequent verbs with up to {nouns} objects "
        f"each, {counts.share_shown:.1%} of all."
    )


def pairs_figure(comparison: PairComparison, names: tuple[str, str]) -> go.Figure:
    """The most frequent pairs of two data sets, the most frequent on top, in per cent of the
    tasks of each. `customdata` begins with verb, noun and the number of the data set, 0 or 1."""
    if not comparison.pairs:
        return empty_figure("No instruction of either data set has a verb with an object.")
    figure = go.Figure()
    places = list(range(len(comparison.pairs)))
    labels = [f"{shown_text(p.verb, 20)} {shown_text(p.noun, 24)}" for p in comparison.pairs]
    totals = (comparison.first_total, comparison.second_total)
    for number, (name, total) in enumerate(zip(names, totals, strict=True)):
        counts = [len((p.first, p.second)[number]) for p in comparison.pairs]
        shares = [count / total if total else 0.0 for count in counts]
        told = f"{shown_text(name)} (n = {total:,})"
        figure.add_trace(
            go.Bar(
                # By place and not by text: two pairs may be cut to the same label.
                y=places,
                x=[100 * share for share in shares],
                orientation="h",
                name=told,
                marker_color=(FIRST_COLOUR, SECOND_COLOUR)[number],
                customdata=[
                    [p.verb, p.noun, number, f"{told}: {label}", count, share]
                    for p, label, count, share in zip(
                        comparison.pairs, labels, counts, shares, strict=True
                    )
                ],
                hovertemplate="%{customdata[3]}: %{customdata[4]:,} "
                "(%{customdata[5]:.2%})<extra></extra>",
            )
        )
    figure.update_layout(
        barmode="group",
        xaxis={"title": "tasks with this verb and object (% of each)", "rangemode": "tozero"},
        yaxis={"tickvals": places, "ticktext": labels, "autorange": "reversed"},
    )
    return styled(figure, 120 + _ROW_HEIGHT * len(places))
