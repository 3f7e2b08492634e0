"""`python -m tests.seeds.report` writes seeds/report.md: what the tasks that ship look like."""

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import fmean, median

from selfinstruct_core.analysis.parsers import load_parser
from selfinstruct_core.analysis.verb_nouns import VerbNoun, coverage, verb_nouns
from selfinstruct_core.generation.novelty import nearest_texts
from selfinstruct_core.generation.tokenizers import Tokenizer
from tests.seeds.shipped import FILES, SEEDS, Row, tasks

REPORT = SEEDS / "report.md"
MOST_COMMON = 12
PAIRS = 5


def report() -> str:
    """The report as Markdown."""
    parts = [
        "# The tasks that ship, in numbers\n\nWritten by `python -m tests.seeds.report`; a test "
        "holds it to the files. Words are divided by white space; verbs and objects are those of "
        "the first sentence, read by the parser that ships.\n"
    ]
    for name in FILES:
        rows = tasks(name)
        found = list(verb_nouns((row["instruction"] for row in rows), load_parser()))
        parts.append(f"\n## {name}.jsonl\n\n" + "\n".join(_lines(rows, found)) + "\n")
    parts.append("\n## Nearest instructions of all three files\n\n" + "\n".join(_nearest()) + "\n")
    return "".join(parts)


def _lines(rows: Sequence[Row], found: Sequence[VerbNoun]) -> Iterator[str]:
    instances = [one for row in rows for one in row["instances"]]
    yield f"- {len(rows):,} tasks with {len(instances):,} instances"
    if "is_classification" in rows[0]:
        labelled = [row for row in rows if row["is_classification"]]
        yield f"- {len(labelled):,} classification tasks, {len(rows) - len(labelled):,} others"
    if "motivation_app" in rows[0]:
        yield f"- {len({row['motivation_app'] for row in rows}):,} applications"
    direct = sum(not any(one["input"] for one in row["instances"]) for row in rows)
    by_code = sum(row["checked_by"] == "code" for row in rows)
    yield f"- {direct:,} tasks without an input"
    yield f"- {by_code:,} tasks checked by code ({by_code / len(rows):.0%}), the rest by readers"
    inputs = [one["input"] for one in instances if one["input"]]
    yield f"- words of instructions: {_lengths([row['instruction'] for row in rows])}"
    yield f"- words of inputs that are not empty: {_lengths(inputs)}"
    yield f"- words of outputs: {_lengths([one['output'] for one in instances])}"
    verbs = Counter(one.verb for one in found if one.verb is not None)
    counts = coverage(found)
    yield (
        f"- {len(verbs):,} different root verbs; {counts.pair:,} instructions with a verb and an "
        f"object, {counts.verb_only:,} with a verb only, {counts.neither:,} with neither"
    )
    common = sorted(verbs.items(), key=lambda item: (-item[1], item[0]))[:MOST_COMMON]
    yield "- most common: " + ", ".join(f"{verb} {count}" for verb, count in common)


def _lengths(of: Sequence[str]) -> str:
    words = [len(text.split()) for text in of]
    return f"{min(words)} to {max(words)}, median {median(words):g}, mean {fmean(words):.1f}"


def _nearest() -> Iterator[str]:
    pairs = sorted(nearest_pairs(), key=lambda pair: (-pair[0], pair[1:]))[:PAIRS]
    for score, one, other in pairs:
        yield f"- ROUGE-L {score:.3f}: `{one}` and `{other}`"


def nearest_pairs() -> Iterator[tuple[float, str, str]]:
    """Each shipped task with its nearest among those before it, as (ROUGE-L, id, id)."""
    rows = [row for name in FILES for row in tasks(name)]
    instructions = [row["instruction"] for row in rows]
    for number, row in enumerate(rows):
        nearest = nearest_texts(row["instruction"], instructions[:number], Tokenizer.ROUGE, 1)
        if nearest:
            yield nearest[0].score, rows[nearest[0].index]["id"], row["id"]


if __name__ == "__main__":
    REPORT.write_text(report(), "utf-8")
