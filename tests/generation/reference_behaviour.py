"""What the reference code does with a response, written a second time.

Made from the description of its behaviour, as character scanners instead of patterns, so that
it shares nothing with the parsers it is compared with. Only the order of instances, which the
reference code loses in a set, is that of the response.
"""

from collections.abc import Callable, Iterator, Sequence

from rouge_score import rouge_scorer

Pair = tuple[str, str]

KEYWORDS = (
    "image", "images", "graph", "graphs", "picture", "pictures", "file", "files",
    "map", "maps", "draw", "plot", "go to",
)  # fmt: skip

# What a pattern that ignores case takes for an ASCII letter beside its capital.
_LOOK_ALIKE = {"ſ": "s", "ı": "i", "İ": "i"}


def _is_word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and (text[at].isalnum() or text[at] == "_")


def _digits(text: str, at: int) -> int:
    while at < len(text) and text[at].isdecimal():
        at += 1
    return at


def _spaces(text: str, at: int, most: int) -> int:
    while most and at < len(text) and text[at].isspace():
        at, most = at + 1, most - 1
    return at


Scanner = Callable[[str, int], int]
"""Where a mark that starts at a position ends; -1 when none starts there."""


def _cut(text: str, scanner: Scanner) -> list[str]:
    parts, start, at = [], 0, 0
    while at < len(text):
        end = scanner(text, at)
        if end < 0:
            at += 1
            continue
        parts.append(text[start:at])
        start = at = end
    return [*parts, text[start:]]


# --- stage 1: instructions


def _item_number(text: str, at: int) -> int:
    if text[at] != "\n":
        return -1
    end = _digits(text, at + 1)
    if end == at + 1:
        return -1
    end = _spaces(text, end, 1)
    return end + 2 if text[end : end + 2] == ". " else -1


def _capitalised(text: str) -> str:
    first = text[:1]
    return first.title() + text.lower()[len(first.lower()) :]


def _occurs(keyword: str, text: str) -> bool:
    lowered = "".join(
        _LOOK_ALIKE.get(c, c.lower() if len(c.lower()) == 1 else c) for c in text
    )  # one character for each, so that positions agree
    at = lowered.find(keyword)
    while at >= 0:
        if not _is_word(text, at - 1) and not _is_word(text, at + len(keyword)):
            return True
        at = lowered.find(keyword, at + 1)
    return False


def _objection(text: str, keywords: Sequence[str] = KEYWORDS) -> str | None:
    words = text.split()
    if not words:
        return "empty"
    if len(words) < 4:
        return "too_short"
    if len(words) > 150:
        return "too_long"
    if any(_occurs(keyword, text) for keyword in keywords):
        return "keyword"
    if text[:15] == "Write a program":
        return "write_a_program"
    if "!" <= text[0] <= "~" and not text[0].isalnum():
        return "starts_with_punctuation"
    return "not_ascii" if text[0] > "\x7f" else None


def instructions(text: str | None, finish_reason: str) -> list[tuple[str, str | None]]:
    """Every candidate of a response with the rule that drops it, None for those that pass."""
    if text is None:
        return []
    found = [_capitalised(" ".join(part.split())) for part in _cut(text, _item_number)]
    if finish_reason == "length":
        return [(candidate, "truncated") for candidate in found]
    return [(candidate, _objection(candidate)) for candidate in found]


# --- Alpaca: whole tasks

ALPACA_KEYWORDS = (*KEYWORDS, "video", "audio", "music", "flowchart", "diagram")


def _field_of(number: int) -> Scanner:
    def scan(text: str, at: int) -> int:
        if not text.startswith(f"{number}.", at):
            return -1
        dot = at + len(f"{number}.")
        name = _spaces(text, dot, len(text))
        if name == dot:
            return -1
        for word in ("Instruction:", "Input:", "Output:"):
            if text.startswith(word, name):
                return name + len(word)
        return -1

    return scan


def tasks(text: str, finish_reason: str, first: int = 4) -> list[tuple[str, str, str]]:
    """The tasks of a response that pass all but novelty: instruction, input, output."""
    found = []
    pieces = (f"{first}. Instruction:" + text).split("###")
    if finish_reason == "length":
        pieces.pop()
    for number, piece in enumerate(pieces, first):
        parts = _cut(piece, _field_of(number))
        if len(parts) != 4:
            continue
        instruction, given, output = (part.strip() for part in parts[1:])
        if _objection(instruction, ALPACA_KEYWORDS) is None:
            found.append((instruction, "" if given.lower() == "<noinput>" else given, output))
    return found


class Pool:
    """Seeds and what was accepted; novelty by comparing with every text."""

    def __init__(self, seeds: Sequence[str]) -> None:
        self.texts = list(seeds)
        self._scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)

    def add(self, text: str | None, finish_reason: str) -> list[tuple[str, str | None, float]]:
        """What becomes of a response's candidates, each with its highest score (0 if unasked)."""
        outcome: list[tuple[str, str | None, float]] = []
        for candidate, objection in instructions(text, finish_reason):
            score = 0.0
            if objection is None:
                score = max(self._score(candidate, other) for other in self.texts)
                objection = "too_similar" if score > 0.7 else None
            if objection is None:
                self.texts.append(candidate)
            outcome.append((candidate, objection, score))
        return outcome

    def _score(self, candidate: str, other: str) -> float:
        return float(self._scorer.score(candidate, other)["rougeL"].fmeasure)


# --- stage 2: classification


def is_classification(text: str | None) -> bool:
    """Whether the stored answer counts as yes."""
    return text is not None and text.strip() in {"Yes", "yes", "YES"}


# --- stages 3 and 4: instances


def _example(text: str, at: int) -> int:
    if not text.startswith("Example", at):
        return -1
    end = _digits(text, _spaces(text, at + len("Example"), 1))
    return end + (text[end : end + 1] == ".")


def _field(name: str) -> Scanner:
    def scan(text: str, at: int) -> int:
        if not text.startswith(name, at):
            return -1
        end = _spaces(text, at + len(name), len(text))
        end = _spaces(text, _digits(text, end), len(text))
        return end + 1 if text[end : end + 1] == ":" else -1

    return scan


_output, _input = _field("Output"), _field("Input")


def _pair(chunk: str) -> Pair:
    parts = _cut(chunk, _output)
    before, output = ("", parts[0]) if len(parts) == 1 else (parts[0].strip(), parts[1])
    if before:
        before = before[max(0, _input(before, 0)) :]
    return before.strip(), _cut(output.strip(), _input)[0].strip()


def input_first(text: str, finish_reason: str) -> list[Pair]:
    """The instances of a task that is not a classification task, before the sample of five."""
    text = text.strip()
    chunks = _cut(text, _example)
    if len(chunks) == 1 and len(_cut(text, _output)) == 1:
        return []
    pairs = [_pair(chunk.strip()) for chunk in chunks if chunk.strip()]
    return _filtered(pairs[: len(pairs) - (finish_reason == "length")])


def _labels(text: str) -> Iterator[Pair]:
    at = text.find("Class label:")
    while at >= 0:
        start = at + len("Class label:")
        at = text.find("Class label:", start)
        lines = text[start : at if at >= 0 else None].strip().split("\n")
        yield "\n".join(lines[1:]).strip(), lines[0].strip()


def output_first(text: str, finish_reason: str) -> list[Pair]:
    """The instances of a classification task, before the sample of five."""
    pairs = list(_labels(text))
    return _filtered(pairs[: len(pairs) - (finish_reason == "length")])


def _filtered(pairs: Sequence[Pair]) -> list[Pair]:
    valid: list[Pair] = []
    for given, output in pairs:
        unfinished = given[-1:] == ":" or output[-1:] == ":"
        if output and given != output and not unfinished:
            valid.append((given, output))
    outputs: dict[str, set[str]] = {}
    for given, output in valid:
        outputs.setdefault(given, set()).add(output)
    if any(given and len(found) > 1 for given, found in outputs.items()):
        return []
    return [pair for n, pair in enumerate(valid) if pair not in valid[:n]]
