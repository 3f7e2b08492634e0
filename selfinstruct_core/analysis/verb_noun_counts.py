"""Which verbs and objects a data set asks for most: the numbers behind Figure 2 of SELF-INSTRUCT
and Figure 1 of "Instruction Tuning with GPT-4"."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from selfinstruct_core.analysis.verb_nouns import Coverage, VerbNoun, coverage

VERBS = 20
NOUNS = 4
"""Of each verb."""
PAIRS = 25
"""Of a comparison."""

Read = tuple[int, VerbNoun]
"""A task's id and what was read in its instruction (or output)."""


@dataclass(frozen=True, slots=True)
class NounCount:
    """A noun as the object of a verb, and the tasks that ask for this."""

    noun: str
    ids: tuple[int, ...]

    @property
    def count(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class VerbCount:
    """A verb with its most frequent objects. `count` is over all objects, `shown` over these."""

    verb: str
    count: int
    nouns: tuple[NounCount, ...]

    @property
    def shown(self) -> int:
        return sum(noun.count for noun in self.nouns)


@dataclass(frozen=True, slots=True)
class VerbNounCounts:
    """The most frequent verbs, and how much of the data set they stand for."""

    verbs: tuple[VerbCount, ...]
    coverage: Coverage

    @property
    def total(self) -> int:
        """All tasks, those without a pair too."""
        return self.coverage.pair + self.coverage.verb_only + self.coverage.neither

    @property
    def shown(self) -> int:
        """Tasks whose pair is among those counted here."""
        return sum(verb.shown for verb in self.verbs)

    @property
    def share_shown(self) -> float | None:
        """Of all tasks, in [0, 1]; the paper's figure shows 14%. None of nothing."""
        return self.shown / self.total if self.total else None

    def ids(self, verb: str, noun: str | None = None) -> tuple[int, ...]:
        """The tasks behind a sector: of a noun, or of a verb with the nouns shown, by noun. None
        where there is no such sector."""
        nouns = next((one.nouns for one in self.verbs if one.verb == verb), ())
        return tuple(id_ for one in nouns if noun in (None, one.noun) for id_ in one.ids)


@dataclass(frozen=True, slots=True)
class PairOfTwo:
    """A verb with its object, and the tasks of either data set that ask for it."""

    verb: str
    noun: str
    first: tuple[int, ...]
    second: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PairComparison:
    """The most frequent pairs of two data sets, with the numbers of their tasks and of the
    different pairs in each."""

    pairs: tuple[PairOfTwo, ...]
    first_total: int
    second_total: int
    first_different: int
    second_different: int


def verb_noun_counts(
    found: Iterable[Read], verbs: int = VERBS, nouns: int = NOUNS, more_than: int = 0
) -> VerbNounCounts:
    """The most frequent verbs among tasks with both a verb and an object, with their most
    frequent objects; of equally frequent ones the alphabetically first.

    As in the paper, but two things are left to the caller: the paper reads each instruction
    once, though it may occur several times, and its figure leaves out pairs that occur 30 times
    or less (`more_than`; the later paper 10).
    """
    found = list(found)
    by_verb: defaultdict[str, dict[str, tuple[int, ...]]] = defaultdict(dict)
    for (verb, noun), ids in _pairs(found).items():
        by_verb[verb][noun] = ids
    counts = {verb: sum(map(len, by_noun.values())) for verb, by_noun in by_verb.items()}
    chosen = sorted(counts, key=lambda verb: (-counts[verb], verb))[:verbs]
    rows = (VerbCount(v, counts[v], _top(by_verb[v], nouns, more_than)) for v in chosen)
    return VerbNounCounts(
        verbs=tuple(row for row in rows if row.nouns),
        coverage=coverage(read for _, read in found),
    )


def compare_pairs(
    first: Sequence[Read], second: Sequence[Read], most: int = PAIRS
) -> PairComparison:
    """The pairs with the highest sum of both shares, so that a large data set does not choose for
    a small one; of equal ones the alphabetically first."""
    one, other = _pairs(first), _pairs(second)

    def weight(pair: tuple[str, str]) -> int:
        # Over the common denominator: equal sums must not differ by rounding.
        counts = (len(one.get(pair, ())), len(other.get(pair, ())))
        return counts[0] * max(1, len(second)) + counts[1] * max(1, len(first))

    chosen = sorted(one.keys() | other.keys(), key=lambda pair: (-weight(pair), pair))[:most]
    return PairComparison(
        pairs=tuple(PairOfTwo(*pair, one.get(pair, ()), other.get(pair, ())) for pair in chosen),
        first_total=len(first),
        second_total=len(second),
        first_different=len(one),
        second_different=len(other),
    )


def _pairs(found: Iterable[Read]) -> dict[tuple[str, str], tuple[int, ...]]:
    ids: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for id_, read in found:
        if read.verb is not None and read.noun is not None:
            ids[read.verb, read.noun].append(id_)
    return {pair: tuple(tasks) for pair, tasks in ids.items()}


def _top(by_noun: dict[str, tuple[int, ...]], most: int, more_than: int) -> tuple[NounCount, ...]:
    rows = [NounCount(noun, ids) for noun, ids in by_noun.items() if len(ids) > more_than]
    return tuple(sorted(rows, key=lambda row: (-row.count, row.noun))[:most])
