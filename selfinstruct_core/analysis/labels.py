"""Whether the labels of classification tasks are balanced (section 2.2 of SELF-INSTRUCT).

A model that invents inputs first favours one label; that is why the paper has classification
tasks made output-first. A label is the output of an instance, stripped; for counting, case does
not matter. Only tasks that are known to be classification tasks count.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from selfinstruct_core.analysis.bins import Distribution, unit_distribution
from selfinstruct_core.analysis.data_set import AnalysedTask

NOT_KNOWN = "not known"
"""The group of the tasks that the mapping lacks."""
_SHARES_PER_UNIT = 10


@dataclass(frozen=True, slots=True)
class LabelCount:
    """How many instances have a label, by group too. `label` is its most frequent spelling, of
    equally frequent ones the first in order of characters; `ids` are the tasks that use it."""

    label: str
    count: int
    by_group: Mapping[str, int]
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TaskLabels:
    """The labels of a task with at least two instances.

    `top_share` in (0, 1] is that of the most frequent label among its instances. `entropy` in
    [0, 1] is that of the labels' shares over its maximum, the logarithm of their number: 1 when
    all labels are equally frequent, 0 when there is one label only.
    """

    id: int
    group: str
    instances: int
    labels: int
    top_share: float
    entropy: float


@dataclass(frozen=True, slots=True)
class GroupBalance:
    """The tasks of a group. Those with fewer than two instances cannot be out of balance and are
    counted in `too_few`; the others are in `shares` (bins of 0.1, exactly 1.0 apart), the means
    and `one_label`, which counts tasks whose instances all have the same label."""

    group: str
    tasks: int
    instances: int
    too_few: int
    one_label: int
    mean_top_share: float | None
    mean_entropy: float | None
    shares: Distribution


@dataclass(frozen=True, slots=True)
class LabelBalance:
    """All labels, the most frequent first, then in order of characters; the tasks in their
    order; the groups by name, the one that is not known last."""

    instances: int
    labels: tuple[LabelCount, ...]
    tasks: tuple[TaskLabels, ...]
    groups: tuple[GroupBalance, ...]

    def most_common(self, most: int) -> tuple[LabelCount, ...]:
        """The most frequent labels."""
        return self.labels[:most]


def label_balance(
    tasks: Iterable[AnalysedTask], groups: Mapping[int, str] | None = None
) -> LabelBalance:
    """Counts of the classification tasks; `groups` tells by id how a task's instances were made
    ("output-first", "input-first")."""
    known = groups or {}
    asked = [task for task in tasks if task.is_classification]
    group_of = {task.id: known.get(task.id, NOT_KNOWN) for task in asked}
    by_task = [_of_task(task, group_of[task.id]) for task in asked if len(task.instances) > 1]
    names = sorted(set(group_of.values()), key=lambda name: (name == NOT_KNOWN, name))
    return LabelBalance(
        instances=sum(len(task.instances) for task in asked),
        labels=_counted(asked, group_of),
        tasks=tuple(by_task),
        groups=tuple(
            _of_group(
                name,
                [task for task in asked if group_of[task.id] == name],
                [one for one in by_task if one.group == name],
            )
            for name in names
        ),
    )


def _key(output: str) -> str:
    return output.strip().casefold()


def _of_task(task: AnalysedTask, group: str) -> TaskLabels:
    counts = Counter(_key(instance.output) for instance in task.instances)
    total = counts.total()
    shares = [count / total for count in counts.values()]
    entropy = 0.0
    if len(shares) > 1:
        entropy = -math.fsum(share * math.log(share) for share in shares) / math.log(len(shares))
    # Equal shares give 1 but for rounding, which must not leave the range.
    return TaskLabels(
        task.id, group, total, len(counts), max(counts.values()) / total, min(1.0, entropy)
    )


def _of_group(
    name: str, tasks: Sequence[AnalysedTask], by_task: Sequence[TaskLabels]
) -> GroupBalance:
    return GroupBalance(
        group=name,
        tasks=len(tasks),
        instances=sum(len(task.instances) for task in tasks),
        too_few=len(tasks) - len(by_task),
        one_label=sum(one.labels == 1 for one in by_task),
        mean_top_share=fmean(one.top_share for one in by_task) if by_task else None,
        mean_entropy=fmean(one.entropy for one in by_task) if by_task else None,
        shares=unit_distribution(((one.id, one.top_share) for one in by_task), _SHARES_PER_UNIT),
    )


def _counted(tasks: Iterable[AnalysedTask], group_of: Mapping[int, str]) -> tuple[LabelCount, ...]:
    spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    by_group: defaultdict[str, Counter[str]] = defaultdict(Counter)
    ids: defaultdict[str, dict[int, None]] = defaultdict(dict)
    for task in tasks:
        for instance in task.instances:
            key = _key(instance.output)
            spellings[key][instance.output.strip()] += 1
            by_group[key][group_of[task.id]] += 1
            ids[key][task.id] = None
    order = sorted(spellings, key=lambda key: (-spellings[key].total(), key))
    return tuple(
        LabelCount(
            label=min(spellings[key].items(), key=lambda item: (-item[1], item[0]))[0],
            count=spellings[key].total(),
            by_group=dict(sorted(by_group[key].items())),
            ids=tuple(ids[key]),
        )
        for key in order
    )
