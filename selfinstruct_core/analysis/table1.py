"""The statistics of Table 1 of SELF-INSTRUCT (section 3.2)."""

from collections.abc import Iterable
from dataclasses import dataclass

from selfinstruct_core.analysis.data_set import AnalysedTask, is_blank, words


@dataclass(frozen=True, slots=True)
class Table1:
    """Counts, and mean lengths in words (white space separates them).

    A mean is None where there is nothing to average. The paper has no `unknown_class`: its
    pipeline asks about every instruction, Alpaca's about none. An input of white space alone is
    empty.
    """

    instructions: int
    classification: int
    non_classification: int
    unknown_class: int
    instances: int
    empty_input: int
    mean_instruction_words: float | None
    mean_input_words: float | None
    """Of the inputs that are not empty."""
    mean_output_words: float | None


def table1(tasks: Iterable[AnalysedTask]) -> Table1:
    """Table 1 of a data set; instructions that occur twice count twice."""
    tasks = list(tasks)
    classes = [task.is_classification for task in tasks]
    instances = [instance for task in tasks for instance in task.instances]
    inputs = [instance.input for instance in instances if not is_blank(instance.input)]
    return Table1(
        instructions=len(tasks),
        classification=classes.count(True),
        non_classification=classes.count(False),
        unknown_class=classes.count(None),
        instances=len(instances),
        empty_input=len(instances) - len(inputs),
        mean_instruction_words=_mean_words([task.instruction for task in tasks]),
        mean_input_words=_mean_words(inputs),
        mean_output_words=_mean_words([instance.output for instance in instances]),
    )


def _mean_words(texts: list[str]) -> float | None:
    return sum(map(words, texts)) / len(texts) if texts else None
