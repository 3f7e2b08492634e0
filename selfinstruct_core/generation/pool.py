"""The pool of a run and what becomes of the candidates of each response, in order.

Pure: the same seeds, settings and responses give the same tasks, whenever and wherever the
responses came in. Runs, replays and the command line all judge candidates here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from selfinstruct_core.generation.heuristics import TextRules, judge_text
from selfinstruct_core.generation.instructions import Candidate
from selfinstruct_core.generation.novelty import Neighbour, NoveltyIndex
from selfinstruct_core.generation.recipe import Filters
from selfinstruct_core.generation.tokenizers import Tokenizer
from selfinstruct_core.models import KEPT, Instance, Mode, Rejection, Verdict


@dataclass(frozen=True, slots=True)
class JudgedCandidate:
    """A candidate with its final verdict; `nearest` is its most similar instruction in the pool
    (position in the pool, ROUGE-L F-measure), None when novelty was not asked or undefined;
    `instance` is what the candidate brought along."""

    position: int
    instruction: str
    verdict: Verdict
    nearest: Neighbour | None = None
    instance: Instance | None = None


def text_rules(filters: Filters, mode: Mode) -> TextRules:
    """The heuristics of a run as its filters and its mode set them."""
    improved = mode is Mode.IMPROVED
    return TextRules(
        min_words=filters.min_words,
        max_words=filters.max_words,
        keywords=filters.keywords,
        any_case=improved,
        # Who chooses the tokenizer for other scripts wants instructions in them.
        any_script=improved and filters.tokenizer is Tokenizer.SCRIPTS,
    )


class Pool:
    """Seeds and the tasks kept so far; position 0 is the first seed. Without `novelty` only
    the heuristics judge."""

    def __init__(
        self, seeds: Sequence[str], filters: Filters, mode: Mode, *, novelty: bool = True
    ) -> None:
        self.seeds = list(seeds)
        self.machine: list[str] = []
        self._machine_after: list[int] = []
        self._filters = filters
        self._mode = mode
        self._rules = text_rules(filters, mode)
        self._novelty = novelty
        self._index = NoveltyIndex(filters.tokenizer, filters.threshold)
        for instruction in self.seeds:
            self._index.add(instruction)

    @property
    def committed(self) -> int:
        """How many responses have been committed."""
        return len(self._machine_after)

    def machine_after(self, responses: int) -> int:
        """How many machine-made tasks the pool held when that many responses were committed."""
        return self._machine_after[responses - 1] if responses else 0

    def commit(self, candidates: Iterable[Candidate]) -> list[JudgedCandidate]:
        """Judge the candidates of the next response in order and keep those that pass."""
        judged = []
        for position, candidate in enumerate(candidates):
            one = self._judge(position, candidate)
            if one.verdict.kept:
                self._keep(one.instruction)
            judged.append(one)
        self._machine_after.append(len(self.machine))
        return judged

    def restore(self, kept: Sequence[str]) -> None:
        """Commit a response again whose kept instructions are known."""
        for instruction in kept:
            self._keep(instruction)
        self._machine_after.append(len(self.machine))

    def text(self, position: int) -> str:
        """The instruction at a position of the pool."""
        own = position - len(self.seeds)
        return self.seeds[position] if own < 0 else self.machine[own]

    def _keep(self, instruction: str) -> None:
        self.machine.append(instruction)
        self._index.add(instruction)

    def _judge(self, position: int, candidate: Candidate) -> JudgedCandidate:
        text = candidate.instruction
        verdict = candidate.verdict
        if verdict.kept:
            verdict = judge_text(text, self._rules)
        if not verdict.kept or not self._novelty:
            return JudgedCandidate(position, text, verdict, instance=candidate.instance)
        novelty = self._index.judge(text)
        verdict = self._novelty_verdict(novelty.state)
        return JudgedCandidate(position, text, verdict, novelty.neighbour, candidate.instance)

    def _novelty_verdict(self, state: str) -> Verdict:
        if state == "too_similar":
            return Verdict(Rejection.TOO_SIMILAR)
        # A text without tokens scores 0 against everything, even itself. The reference code
        # lets it pass; here it is named, because nothing can tell whether it is new.
        if state == "no_tokens" and self._mode is Mode.IMPROVED:
            return Verdict(Rejection.NO_TOKENS, "choose a tokenizer for this script")
        return KEPT
