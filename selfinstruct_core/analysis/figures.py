"""All figures of data sets, for pages and notebooks.

Every function gives a Plotly figure; where there is nothing to show it holds a sentence that says
so. Text from data is shown as it is, cut where it is long (`figure_style.shown_text`).
`customdata` of each bar or sector begins with what names it, for a page that lists the tasks
behind it.
"""

from selfinstruct_core.analysis.downloads import as_csv, as_html
from selfinstruct_core.analysis.histograms import Named, lengths_figure, similarity_figure
from selfinstruct_core.analysis.label_figures import common_labels_figure, label_balance_figure
from selfinstruct_core.analysis.verb_noun_figures import (
    coverage_sentence,
    pairs_figure,
    sector_ids,
    sunburst_figure,
)

__all__ = [
    "Named",
    "as_csv",
    "as_html",
    "common_labels_figure",
    "coverage_sentence",
    "label_balance_figure",
    "lengths_figure",
    "pairs_figure",
    "sector_ids",
    "similarity_figure",
    "sunburst_figure",
]
