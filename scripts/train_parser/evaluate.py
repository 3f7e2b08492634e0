"""How well a model reads the test part of the treebank, and instructions labelled by hand."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.scorer import Scorer
from spacy.training import Example

from scripts.train_parser.treebank import read_documents
from scripts.train_parser.trees import to_doc
from selfinstruct_core.analysis.parsers import load_parser
from selfinstruct_core.analysis.verb_nouns import Reading, VerbNoun, verb_nouns

_KEYS = {"token": "token_acc", "tag": "tag_acc", "pos": "pos_acc", "uas": "dep_uas"}


@dataclass(frozen=True, slots=True)
class GoldScores:
    """Precision, recall and F1 of pairs; the shares of right verbs and of right answers."""

    precision: float
    recall: float
    f1: float
    verbs: float
    answers: float


def score_treebank(nlp: Language, path: Path, limit: int | None = None) -> dict[str, float]:
    """Accuracy of tags, parts of speech, heads, labels and lemmas, sentence by sentence."""
    sentences = (tree for document in read_documents(path) for tree in document)
    golden = [to_doc(nlp.vocab, [tree]) for tree in islice(sentences, limit)]
    predicted = nlp.pipe(gold.text for gold in golden)
    examples = [Example(doc, gold) for doc, gold in zip(predicted, golden, strict=True)]
    scores = Scorer(nlp).score(examples)
    found = {name: float(scores[key]) for name, key in _KEYS.items()}
    found["las"] = float(scores["dep_las"])
    found["objects"] = float(scores["dep_las_per_type"].get("obj", {}).get("f", 0))
    for pos in ("VERB", "NOUN"):
        found[f"{pos.lower()}_lemma"] = _lemma_accuracy(examples, pos)
    return found


def gold_answers(row: dict[str, Any], prefix: str) -> list[VerbNoun]:
    """The accepted answers of a labelled instruction, the first one first."""
    first = (row[f"{prefix}verb"], row[f"{prefix}noun"])
    return [VerbNoun(verb, noun) for verb, noun in (first, *row[f"{prefix}also"])]


def score_gold(found: Sequence[VerbNoun], gold: Sequence[list[VerbNoun]]) -> GoldScores:
    """Scores over instructions. The answer to compare with is the accepted one that was given,
    else the first; only answers with a noun are pairs."""
    right = proposed = expected = verbs = answers = 0
    for one, accepted in zip(found, gold, strict=True):
        is_right = one in accepted
        answer = one if is_right else accepted[0]
        answers += is_right
        verbs += one.verb in {other.verb for other in accepted}
        proposed += one.noun is not None
        expected += answer.noun is not None
        right += is_right and one.noun is not None
    return GoldScores(
        precision=right / proposed if proposed else 0.0,
        recall=right / expected if expected else 0.0,
        f1=2 * right / (proposed + expected) if proposed + expected else 0.0,
        verbs=verbs / len(gold),
        answers=answers / len(gold),
    )


def gold_table(model: Path, path: Path) -> str:
    """The scores on a file of labelled instructions, as a table in Markdown."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    parser = load_parser(model)
    lines = [
        f"{len(rows)} instructions labelled by hand, the pair of verb and noun exact:",
        "",
        "| reading | precision | recall | F1 | verb right | all right |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for reading, prefix in ((Reading.FIRST, ""), (Reading.TASK, "task_")):
        found = list(verb_nouns([row["instruction"] for row in rows], parser, reading))
        s = score_gold(found, [gold_answers(row, prefix) for row in rows])
        figures = (s.precision, s.recall, s.f1, s.verbs, s.answers)
        lines.append(f"| `{reading}` | " + " | ".join(f"{one:.3f}" for one in figures) + " |")
    lines += [
        "",
        "The rules that read the trees were mended on errors in these: expect a little less.",
    ]
    return "\n".join(lines)


def _lemma_accuracy(examples: list[Example], pos: str) -> float:
    """The share of right lemmas among the words whose part of speech was found."""
    right = total = 0
    for example in examples:
        lemmas = example.get_aligned("LEMMA", as_string=True)
        kinds = example.get_aligned("POS", as_string=True)
        for token, lemma, kind in zip(example.predicted, lemmas, kinds, strict=True):
            if kind == pos and token.pos_ == pos and lemma is not None:
                total += 1
                right += token.lemma_.lower() == lemma.lower()
    return right / total if total else 0.0
