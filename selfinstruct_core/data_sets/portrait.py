"""What a data set looks like: every number of the Diversity page, from stored rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from selfinstruct_core.analysis.bins import Distribution
from selfinstruct_core.analysis.data_set import AnalysedTask
from selfinstruct_core.analysis.labels import LabelBalance, label_balance
from selfinstruct_core.analysis.lengths import Field, lengths
from selfinstruct_core.analysis.similarity import Nearest as ScoredTask
from selfinstruct_core.analysis.similarity import Similarity, similarity
from selfinstruct_core.analysis.table1 import Table1, table1
from selfinstruct_core.analysis.verb_noun_counts import VerbNounCounts, verb_noun_counts
from selfinstruct_core.data_sets.catalogue import data_set_tasks_with_instances, find_data_set
from selfinstruct_core.data_sets.measures import MeasureOptions, Measures, stored_measures
from selfinstruct_core.generation.tokenizers import tokenize
from selfinstruct_core.models import DataSet, DataSetKey, DataSetTask, Nearest, Origin
from selfinstruct_core.storage.database import Database


@dataclass(frozen=True, slots=True)
class Portrait:
    """A data set in numbers. `missing` counts what is not measured yet: verbs and nouns and
    nearest scores are those of the measured tasks then. `nearest_seeds` is None where there are
    no seeds to compare with."""

    data_set: DataSet
    tasks: tuple[DataSetTask, ...]
    table1: Table1
    verb_nouns: VerbNounCounts
    nearest_seeds: Similarity | None
    nearest_others: Similarity
    lengths: dict[Field, Distribution]
    labels: LabelBalance
    missing: int


def portrait(
    database: Database, key: DataSetKey, options: MeasureOptions | None = None
) -> Portrait:
    """What is stored of a data set and of its measures. Raises NotFound."""
    options = options or MeasureOptions()
    data_set = find_data_set(database, key)
    tasks = data_set_tasks_with_instances(database, key)
    measures = stored_measures(database, key, tasks, options)
    analysed = [
        AnalysedTask(task.id, task.instruction, task.instances, task.is_classification)
        for task in tasks
    ]
    read = zip((task.id for task in tasks), measures.verb_nouns, strict=True)
    seeds = _similarity(tasks, measures.nearest_seeds, measures) if measures.has_seeds else None
    return Portrait(
        data_set=data_set,
        tasks=tuple(tasks),
        table1=table1(analysed),
        verb_nouns=verb_noun_counts((id_, one) for id_, one in read if one is not None),
        nearest_seeds=seeds,
        nearest_others=_similarity(tasks, measures.nearest_others, measures),
        lengths={field: lengths(analysed, field) for field in Field},
        # A run asks for the instances of classification tasks output-first.
        labels=label_balance(
            analysed, {task.id: "output-first" for task in tasks if task.origin is Origin.MACHINE}
        ),
        missing=measures.missing,
    )


def _similarity(
    tasks: Sequence[DataSetTask], nearest: Sequence[Nearest | None], measures: Measures
) -> Similarity:
    def has_tokens(task: DataSetTask) -> bool:
        return bool(tokenize(task.instruction, measures.tokenizer))

    return similarity(
        [
            ScoredTask(task.id, one.score, None, one.task_id is not None or has_tokens(task))
            for task, one in zip(tasks, nearest, strict=True)
            if one is not None
        ]
    )
