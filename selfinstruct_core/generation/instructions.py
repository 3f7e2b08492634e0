"""Stage 1: ask for new instructions after a numbered list of tasks, and read the reply.

Paper section 2.2 "Instruction generation" and Table 5 (v2); numbering as in the code ("9.") or
as the paper prints it ("Task 9:").
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from selfinstruct_core.generation.marked_text import (
    CodeBlocks,
    is_closing_talk,
    opening_talk,
    parts_after,
    readable,
    without_loose_fence,
)
from selfinstruct_core.generation.prompt_set import InstructionPrompts
from selfinstruct_core.models import KEPT, Instance, Mode, Prompt, Rejection, Reply, Verdict

WANTED = 7
"""How many items a prompt asks for: with 8 tasks in the context, numbers 9 to 15."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item found in a response, with what its place in the response already tells of it, and
    the instance that it brings along where the recipe asks for whole tasks."""

    instruction: str
    verdict: Verdict = KEPT
    instance: Instance | None = None


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


# An item's number at the start of a line: "9.", "9)", "(9)", "9:", "Task 9:", "Task 9", also
# behind a bullet or heading sign and in bold. "9.5" and "10**2" are none.
_MARK = re.compile(
    r"^(?P<indent>[ \t]*+)(?P<heading>#{1,6}[ \t]*+)?(?:[->]+[ \t]*+|[*+•][ \t]++)?"
    r"(?P<bold>\*\*|__)?[ \t]*+(?P<task>(?i:task)[ \t]*+#?[ \t]*+)?\(?(?P<number>\d{1,4})[ \t]?"
    r"(?:\\?(?:\.\)|[.):：])(?=[\s*_]|$)|[.)、．](?=[^\W\d_a-z]|[\"“「])"
    r"|(?(bold)(?=(?P=bold))|(?!))|(?(task)(?=[ \t]*(?:[-–—][ \t]|$))|(?!)))"
    r"(?:(?P<close>(?P=bold))[ \t]*+[.):：]?)?(?:[ \t]*+[-–—](?=[ \t]))?[ \t]*+",
    re.MULTILINE,
)
_LARGEST_STEP = 3


def _parse_tolerantly(text: str, finish_reason: str | None, first: int) -> list[Candidate]:
    items = list(_split_items(readable(text), first))
    if finish_reason == "length" and items:
        items[-1] = Candidate(items[-1].instruction, Verdict(Rejection.TRUNCATED, "the last item"))
    return items


def _split_items(text: str, first: int) -> Iterator[Candidate]:
    """Cut the text at its item numbers. What stands before them is the first item, whose
    number the prompt has opened, unless the reply repeats that number or starts again at 1."""
    cuts = _item_marks(text, first)
    before = without_loose_fence(text[: cuts[0].start()] if cuts else text)
    repeats_first = bool(cuts) and int(cuts[0]["number"]) <= first
    talk = len(before) if repeats_first else opening_talk(before)
    if before[:talk].strip():
        yield Candidate(_clean(before[:talk]), Verdict(Rejection.PREAMBLE))
    if not repeats_first and (before[talk:].strip() or not talk):
        yield Candidate(_clean(before[talk:]))
    for cut, chunk in parts_after(cuts, text):
        opened = cut["bold"] if cut["bold"] and not cut["close"] and cut["bold"] in chunk else ""
        titled = cut["heading"] is not None and chunk.split("\n")[0].strip() != ""
        yield Candidate(_clean(opened + chunk, titled=titled))


def _item_marks(text: str, first: int) -> list[re.Match[str]]:
    """The numbers that count the items, and not those of a list inside an item.

    A list inside the first item may start before the count that goes on from the prompt; then
    it is over before that count begins, or is not longer.
    """
    marks, blocks = list(_MARK.finditer(text)), CodeBlocks(text)
    near = [n for n, mark in enumerate(marks) if int(mark["number"]) <= first + _LARGEST_STEP]
    going_on = [n for n in near if int(marks[n]["number"]) >= first]
    if not near:
        far = _count(marks, blocks)
        return far if len(far) > 1 else []
    count = _count(marks[near[0] :], blocks)
    if not going_on or marks[going_on[0]] in count:
        return count
    other = _count(marks[going_on[0] :], blocks)
    begun = text[: count[0].start()].strip()
    inside = begun and count[-1].start() < other[0].start()
    return other if inside or len(other) >= len(count) else count


def _count(marks: Sequence[re.Match[str]], blocks: CodeBlocks) -> list[re.Match[str]]:
    """The first of the marks and those that count on from it, neither further indented nor on
    the other side of a code block's border."""
    count = list(marks[:1])
    for mark in marks[1:]:
        step = int(mark["number"]) - int(count[-1]["number"])
        if (
            0 < step <= _LARGEST_STEP
            and _indent(mark) <= _indent(count[0]) + 1
            and blocks.holds(mark.start()) is blocks.holds(count[0].start())
        ):
            count.append(mark)
    return count


def _indent(mark: re.Match[str]) -> int:
    return len(mark["indent"].expandtabs())


# An empty line or a rule.
_PARAGRAPH_END = re.compile(r"\n[ \t]*+(?:(?:-{3,}|\*{3,}|_{3,})[ \t]*+)?(?:\n|\Z)")
_FIRST_LINE = re.compile(r"(?P<title>[^\n]+)\n\s*(?=[^\W_]|[\"“(])")
_BOLD_FIRST_LINE = re.compile(
    r"(?P<bold>\*\*|__)(?P<title>[^\n]+?)(?P=bold)[ \t]*:?[ \t]*\n\s*(?=[^\W_]|[\"“(])"
)


def _clean(chunk: str, *, titled: bool = False) -> str:
    """One line, without Markdown emphasis at its head, first letter in upper case. What
    follows an empty line is talk after the item (the paper's stop sequence there), except
    after a title, which is a first line in bold or, if `titled`, the first line anyhow."""
    text = without_loose_fence(chunk).strip()
    title = (_FIRST_LINE if titled else _BOLD_FIRST_LINE).match(text)
    head = ""
    if title and not is_closing_talk(text[title.end() :]):
        head = _fold(title["title"]).rstrip(" :*_")
        head += " " if head.endswith((".", "!", "?")) else ": "
        text = text[title.end() :]
    item = _fold(without_loose_fence(_first_paragraph(text)))
    item = head + re.sub(r"^(\*{1,3}|__)(?=[^\s*])(.+?)(?<=[^\s*])\1(?![*\w])", r"\2", item)
    item = re.sub(r"^(?:instruction|task) ?: *(?=\S)", "", item, flags=re.IGNORECASE)
    quoted = re.fullmatch(r"[\"`“]([^\"`“”]+)[\"`”]", item)
    item = (quoted[1] if quoted else item).strip()
    return item[:1].capitalize() + item[1:]


def _first_paragraph(text: str) -> str:
    blocks = CodeBlocks(text)
    for end in _PARAGRAPH_END.finditer(text):
        if not (blocks.all_closed and blocks.holds(end.start())):
            return text[: end.start()]
    return text


def _fold(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _one_line(instruction: str) -> str:
    return _fold(instruction).rstrip(":")


def _number(number: int, numbering: str) -> str:
    return f"{number}." if numbering == "code" else f"Task {number}:"
