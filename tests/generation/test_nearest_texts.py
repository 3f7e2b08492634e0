"""The most similar texts, against every score of rouge_score."""

import random

import pytest
from rouge_score import rouge_scorer

from selfinstruct_core.generation.novelty import Neighbour, nearest_texts, rouge_l
from selfinstruct_core.generation.tokenizers import Tokenizer, tokenize

SCORER = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)


def brute(text: str, others: list[str], most: int) -> list[Neighbour]:
    """All scores, sorted: the highest first, of equals the earlier."""
    scores = [float(SCORER.score(text, other)["rougeL"].fmeasure) for other in others]
    order = sorted(range(len(others)), key=lambda n: (-scores[n], n))
    return [Neighbour(n, scores[n]) for n in order if scores[n] > 0][:most]


def random_text(rng: random.Random) -> str:
    # Few words, so that many scores are equal and some are 0.
    return " ".join(f"w{rng.randrange(8)}" for _ in range(rng.randint(1, 9)))


@pytest.mark.parametrize("seed", range(10))
def test_as_rouge_score_to_the_last_bit(seed: int) -> None:
    rng = random.Random(seed)
    others = [random_text(rng) for _ in range(80)] + ["", "?!", "다음", "unlike the others"]
    rng.shuffle(others)
    for text in (*(random_text(rng) for _ in range(6)), others[0], "W3, w4!"):
        for most in (1, 3, 10, 1000):
            assert nearest_texts(text, others, Tokenizer.ROUGE, most) == brute(text, others, most)


def test_by_hand() -> None:
    others = ["x", "a b", "b a", "a", "A b!", "c"]
    # Of 2 and 2 words in order all or one, of 2 and 1 words one: 1, 1/2, 2/3.
    assert nearest_texts("a b", others, Tokenizer.ROUGE, 10) == [
        Neighbour(1, 1.0),
        Neighbour(4, 1.0),
        Neighbour(3, pytest.approx(2 / 3)),
        Neighbour(2, 0.5),
    ]


def test_nothing_shared_and_nothing_to_compare() -> None:
    for text, others in (("a", ["b", "c"]), ("a", []), ("", ["a", ""]), ("노래", ["노래"])):
        assert nearest_texts(text, others, Tokenizer.ROUGE, 10) == []
    assert nearest_texts("a", ["a"], Tokenizer.ROUGE, 0) == []


def test_the_tokenizer_for_other_scripts() -> None:
    others = ["노래하다", "춤추다", "노래"]
    # Each syllable is a token: 2 of 2 and 4, 2 of 2 and 2.
    assert nearest_texts("노래", others, Tokenizer.SCRIPTS, 10) == [
        Neighbour(2, 1.0),
        Neighbour(0, pytest.approx(2 / 3)),
    ]
    tokens = [tokenize(text, Tokenizer.SCRIPTS) for text in ("춤노래", others[0])]
    (found,) = nearest_texts("춤노래", others[:1], Tokenizer.SCRIPTS, 10)
    assert found.score == rouge_l(*tokens)
