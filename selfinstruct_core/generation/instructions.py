"""Stage 1: ask for new instructions after a numbered list of tasks, and read the reply.

Paper section 2.2 "Instruction generation" and Table 5 (v2); numbering as in the code ("9.") or
as the paper prints it ("Task 9:").
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from selfinstruct_core.generation.marked_text import parts_after
from selfinstruct_core.generation.prompt_set import InstructionPrompts
from selfinstruct_core.models import KEPT, Mode, Prompt, Rejection, Reply, Verdict

WANTED = 7
"""How many items a prompt asks for: with 8 tasks in the context, numbers 9 to 15."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item found in a response, with what its place in the response already tells of it."""

    instruction: str
    verdict: Verdict = KEPT


def render(
    tasks: Sequence[str], texts: InstructionPrompts, *, numbering: str, classification_only: bool
) -> Prompt:
    """The prompt that lists the tasks, each on one line, and opens the next number."""
    header = texts.classification_header if classification_only else texts.header
    lines = [f"{_number(n, numbering)} {_one_line(task)}\n" for n, task in enumerate(tasks, 1)]
    return Prompt(header + "\n", "".join(lines) + _number(len(tasks) + 1, numbering))


def chat_request(texts: InstructionPrompts, context_size: int) -> str:
    """What is asked of a chat model before the prompt: to continue its list."""
    last = context_size + WANTED
    return texts.chat_request.replace("{next}", str(context_size + 1)).replace("{last}", str(last))


def parse(reply: Reply, mode: Mode, first_number: int = 9) -> list[Candidate]:
    """The candidates of a response in order, before heuristics and novelty.

    A reply that broke off (finish reason "length") loses its last item, in `paper` mode all of
    them (papers' code; the reason is `truncated`). A failed call has no candidates.
    """
    if reply.text is None:
        return []
    if mode is Mode.PAPER:
        return _parse_as_reference(reply.text, reply.finish_reason)
    return _parse_tolerantly(reply.text, reply.finish_reason, first_number)


def _parse_as_reference(text: str, finish_reason: str | None) -> list[Candidate]:
    truncated = Verdict(Rejection.TRUNCATED, "the whole response")
    verdict = truncated if finish_reason == "length" else KEPT
    chunks = re.split(r"\n\d+\s?\. ", text)
    return [Candidate(_fold(chunk).capitalize(), verdict) for chunk in chunks]


# An item's number at the start of a line: "9.", "9)", "9:", "Task 9:", also behind a dash or
# heading sign and in bold.
_MARKER = re.compile(
    r"^[ \t]*(?:[-#>]+[ \t]*)?(?P<bold>\*\*|__)?[ \t]*(?:task[ \t]*)?(?P<number>\d{1,4})[ \t]?"
    r"(?:[.):](?=\s|\*|_|$)|(?=\*\*|__))(?P<close>\*\*|__)?[.):]?[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_LARGEST_STEP = 3


def _parse_tolerantly(text: str, finish_reason: str | None, first: int) -> list[Candidate]:
    items = list(_split_items(text, first))
    if finish_reason == "length" and items:
        items[-1] = Candidate(items[-1].instruction, Verdict(Rejection.TRUNCATED, "the last item"))
    return items


def _split_items(text: str, first: int) -> Iterator[Candidate]:
    """Cut the text at its item numbers; only growing numbers count, so that a numbered list
    inside an item does not cut it."""
    cuts = list(_item_markers(text))
    before = text[: cuts[0].start()] if cuts else text
    repeats_first = bool(cuts) and int(cuts[0]["number"]) <= first
    if repeats_first and before.strip():
        yield Candidate(_clean(before), Verdict(Rejection.PREAMBLE))
    elif not repeats_first:
        yield Candidate(_clean(before))
    for cut, chunk in parts_after(cuts, text):
        opened = cut["bold"] if cut["bold"] and not cut["close"] else ""
        yield Candidate(_clean(opened + chunk))


def _item_markers(text: str) -> Iterator[re.Match[str]]:
    last: int | None = None
    for marker in _MARKER.finditer(text):
        number = int(marker["number"])
        if last is None or last < number <= last + _LARGEST_STEP:
            last = number
            yield marker


def _clean(chunk: str) -> str:
    """One line, without Markdown emphasis at its head, first letter in upper case. What
    follows an empty line is talk after the item (the paper's stop sequence there)."""
    item = _fold(re.split(r"\n[ \t]*\n", chunk.strip(), maxsplit=1)[0])
    item = re.sub(r"^(\*\*|__)(.+?)\1", r"\2", item)
    quoted = re.fullmatch(r"([\"`])([^\"`]+)\1", item)
    item = (quoted[2] if quoted else item).strip()
    return item[:1].upper() + item[1:]


def _fold(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _one_line(instruction: str) -> str:
    return _fold(instruction).rstrip(":")


def _number(number: int, numbering: str) -> str:
    return f"{number}." if numbering == "code" else f"Task {number}:"
