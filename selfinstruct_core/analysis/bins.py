"""Values of tasks sorted into bins that remember whose they are."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median


@dataclass(frozen=True, slots=True)
class Bin:
    """The values v with low <= v < high. `high` is None for a bin without upper end, and equal
    to `low` for one that holds this value alone.

    `name` is unique within a distribution and stays the same for the same bounds. `count` counts
    values; `ids` are the tasks that have them, each once, in the order of the data set.
    """

    name: str
    low: float
    high: float | None
    count: int = 0
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Distribution:
    """All bins in their order, empty ones too; mean and median (None of nothing) are those of
    the values themselves, not of the bins. `width` is that of the bins with two ends."""

    bins: tuple[Bin, ...]
    width: float
    n: int
    mean: float | None
    median: float | None

    def ids(self, name: str) -> tuple[int, ...]:
        """The tasks behind the bin of this name; none where there is no such bin."""
        return next((one.ids for one in self.bins if one.name == name), ())


def distribute(
    values: Iterable[tuple[int, float]],
    bins: Sequence[Bin],
    width: float,
    place: Callable[[float], int],
) -> Distribution:
    """Pairs (task, value) in the given empty bins; `place` gives the number of a value's bin."""
    values = list(values)
    counts = [0] * len(bins)
    ids: list[dict[int, None]] = [{} for _ in bins]
    for task, value in values:
        number = place(value)
        counts[number] += 1
        ids[number][task] = None
    numbers = [value for _, value in values]
    return Distribution(
        bins=tuple(
            Bin(one.name, one.low, one.high, count, tuple(tasks))
            for one, count, tasks in zip(bins, counts, ids, strict=True)
        ),
        width=width,
        n=len(numbers),
        mean=fmean(numbers) if numbers else None,
        median=float(median(numbers)) if numbers else None,
    )


def unit_distribution(values: Iterable[tuple[int, float]], per_unit: int) -> Distribution:
    """Pairs (task, value in [0, 1]) in `per_unit` equal bins and one for exactly 1.0.

    A value is sorted in as the float it is: 2/5 that was computed as 0.39999999999999997 lies
    below 0.4, as in `novelty_report`. Twice as many bins halve each and move nothing across a
    bound that was there before, since multiplying by 2 rounds nothing.
    """
    digits = len(str(1 / per_unit)) - 2
    bounds = [(n / per_unit, (n + 1) / per_unit) for n in range(per_unit)]
    bins = [Bin(f"{low:.{digits}f}-{high:.{digits}f}", low, high) for low, high in bounds]
    return distribute(
        values,
        [*bins, Bin("1", 1.0, 1.0)],
        1 / per_unit,
        lambda value: per_unit if value == 1.0 else min(per_unit - 1, int(value * per_unit)),
    )
