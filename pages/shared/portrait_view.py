"""A data set in numbers and figures, each with the tasks behind it."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from selfinstruct_core.analysis.bins import Distribution
from selfinstruct_core.analysis.figures import (
    as_csv,
    as_html,
    common_labels_figure,
    coverage_sentence,
    label_balance_figure,
    lengths_figure,
    sector_ids,
    similarity_figure,
    sunburst_figure,
)
from selfinstruct_core.analysis.lengths import Field
from selfinstruct_core.analysis.similarity import Similarity
from selfinstruct_core.analysis.table1 import Table1
from selfinstruct_core.data_sets.portrait import Portrait

LISTED = 200
FIELDS = {Field.INSTRUCTION: "instructions", Field.INPUT: "inputs", Field.OUTPUT: "outputs"}


def show_portrait(seen: Portrait) -> None:
    """All of a data set, from Table 1 to the labels. A click in a section draws that section
    again, and nothing is counted anew."""
    show_table1(seen.table1)
    for section in (show_verbs, show_nearest, show_lengths, show_labels):
        st.fragment(section)(seen)


def show_table1(table: Table1) -> None:
    """The statistics of the paper's Table 1."""
    st.markdown("##### Table 1")
    counts = {
        "Instructions": table.instructions,
        "Classification": table.classification,
        "Not classification": table.non_classification,
        "Class not known": table.unknown_class,
        "Instances": table.instances,
        "with empty input": table.empty_input,
    }
    means = {
        "Words per instruction": table.mean_instruction_words,
        "Words per input": table.mean_input_words,
        "Words per output": table.mean_output_words,
    }
    with st.container(horizontal=True, gap="medium"):
        for label, count in counts.items():
            st.metric(label, f"{count:,}", width="content")
        for label, mean in means.items():
            st.metric(label, "none" if mean is None else f"{mean:.1f}", width="content")


def show_verbs(seen: Portrait) -> None:
    """The verbs and objects of the first sentences, as picture and as table."""
    counts = seen.verb_nouns
    st.markdown("##### Verbs and their objects")
    st.text(coverage_sentence(counts))
    with st.container(horizontal=True, gap="medium"):
        st.metric("Verb and object", f"{counts.coverage.pair:,}", width="content")
        st.metric("Verb only", f"{counts.coverage.verb_only:,}", width="content")
        st.metric("Neither", f"{counts.coverage.neither:,}", width="content")
    rows = [
        {"verb": verb.verb, "object": noun.noun, "tasks": noun.count}
        for verb in counts.verbs
        for noun in verb.nouns
    ]
    chosen = show_figure(seen, "verbs", sunburst_figure(counts), rows)
    if chosen:
        show_tasks(seen, sector_ids(counts, str(chosen.get("id", ""))))
    st.caption("Read by the English parser that ships with the studio.")


def show_nearest(seen: Portrait) -> None:
    """How similar the instructions are to the seeds, and to each other."""
    st.markdown("##### ROUGE-L to the most similar instruction")
    left, right = st.columns(2)
    with left:
        if seen.nearest_seeds is None:
            st.text("There are no seed tasks to compare with.")
        else:
            show_similarity(seen, seen.nearest_seeds, "nearest seed")
    with right:
        show_similarity(seen, seen.nearest_others, "most similar other task")


def show_similarity(seen: Portrait, found: Similarity, compared_with: str) -> None:
    """One distribution of nearest scores."""
    figure = similarity_figure([(seen.data_set.name, found)], compared_with)
    show_distribution(seen, compared_with, figure, found.distribution)
    if found.without_tokens:
        st.caption(
            f"{found.without_tokens:,} instructions have nothing that this tokenizer compares "
            "and count as 0."
        )


def show_lengths(seen: Portrait) -> None:
    """Lengths in words of instructions, inputs and outputs."""
    st.markdown("##### Lengths")
    columns = st.columns(2)
    for number, (field, name) in enumerate(FIELDS.items()):
        with columns[number % 2]:
            values = seen.lengths[field]
            figure = lengths_figure([(seen.data_set.name, values)], field)
            show_distribution(seen, name, figure, values)


def show_distribution(seen: Portrait, name: str, figure: go.Figure, values: Distribution) -> None:
    """A histogram with its numbers, mean and median, and the tasks of a chosen bar."""
    rows = [
        {"from": one.low, "to": one.high, "bin": one.name, "count": one.count}
        for one in values.bins
    ]
    chosen = show_figure(seen, name, figure, rows)
    if values.mean is not None and values.median is not None:
        st.caption(f"mean {values.mean:.2f}, median {values.median:.2f}, n = {values.n:,}")
    if chosen:
        show_tasks(seen, values.ids(str(chosen["customdata"][0])))


def show_labels(seen: Portrait) -> None:
    """The labels of classification tasks, overall and within each task."""
    st.markdown("##### Labels of classification tasks")
    rows = [{"label": one.label, "instances": one.count} for one in seen.labels.most_common(LISTED)]
    left, right = st.columns(2)
    with left:
        show_figure(seen, "labels", common_labels_figure(seen.labels), rows)
    with right:
        shares = [
            {"group": group.group, "bin": one.name, "tasks": one.count}
            for group in seen.labels.groups
            for one in group.shares.bins
        ]
        show_figure(seen, "label balance", label_balance_figure(seen.labels), shares)


def show_figure(
    seen: Portrait, name: str, figure: go.Figure, rows: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """A figure with its numbers as a table, and both as files. Returns the chosen bar or sector,
    nothing while none is."""
    key = f"{seen.data_set.key}-{name}"
    event: Any = st.plotly_chart(
        figure, key=f"figure-{key}", on_select="rerun", selection_mode="points"
    )
    with st.expander("The same numbers as a table"):
        st.dataframe(pd.DataFrame(rows), hide_index=True)
        with st.container(horizontal=True):
            st.download_button(
                "CSV", lambda: as_csv(rows), f"{name}.csv", "text/csv", key=f"csv-{key}"
            )
            st.download_button(
                "Interactive figure",
                lambda: as_html(figure, f"{seen.data_set.name}: {name}"),
                f"{name}.html",
                "text/html",
                key=f"html-{key}",
            )
    points = event["selection"]["points"]
    return dict(points[0]) if points else {}


def show_tasks(seen: Portrait, ids: Sequence[int]) -> None:
    """The tasks behind a bar or a sector."""
    wanted = set(ids)
    tasks = [task for task in seen.tasks if task.id in wanted]
    st.text(f"{len(tasks):,} tasks")
    rows = [
        (
            task.instruction,
            task.instances[0].input if task.instances else "",
            task.instances[0].output if task.instances else "",
        )
        for task in tasks[:LISTED]
    ]
    columns = ["instruction", "input", "output"]
    st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True)
    if len(tasks) > LISTED:
        st.caption(f"The first {LISTED:,} are listed.")
