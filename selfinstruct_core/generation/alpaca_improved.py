"""Replies of Alpaca's recipe read tolerantly: whole tasks in the dress in which models write them.

Numbers may be missing, wrong or written "9)"; names may be in bold or headings; the line "###"
may be missing between tasks, and the "Input:" of a task without one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from selfinstruct_core.generation.instance_fields import tidy
from selfinstruct_core.generation.instructions import Candidate
from selfinstruct_core.generation.marked_text import is_closing_talk, opening_talk, readable
from selfinstruct_core.models import KEPT, Instance, Rejection, Verdict

_NUMBER = r"(?:task[ \t]*+)?[#(]?(?P<number>\d{1,3})[ \t]?\\?[.):][ \t]*+(?:\*\*|__)?[ \t]*+"
_FIELD = re.compile(
    r"[ \t]*+(?:#{1,6}[ \t]*+)?(?:[-*+•>][ \t]++)?(?:\*\*|__)?[ \t]*+"
    rf"(?:{_NUMBER})?(?:\*\*|__)?(?P<name>instruction|input|output)[ \t]*+(?:\*\*|__)?[ \t]*+"
    r"(?:[:：]|(?(number)(?:\*\*|__)?$|(?!)))(?:\*\*|__)?[ \t]*+",
    re.IGNORECASE,
)
_BORDER = re.compile(
    r"[ \t]*+(?:#{3,}|#{2,6}[ \t]*+(?:\*\*)?(?:task[ \t]*+)?#?(?P<number>\d{1,3})[.):]?(?:\*\*)?:?)"
    r"[ \t]*+",
    re.IGNORECASE,
)
"""A line "###", or a heading that holds nothing but a task's number."""
_OWN_NUMBER = re.compile(r"\A\s*+(?:\*\*)?(?:task[ \t]*+)?\d{1,3}[.):][ \t*]++", re.IGNORECASE)
_FENCE = re.compile(r"[ \t]*+```")
_LARGEST_STEP = 3

_NO_INPUT = re.compile(
    r"[\W_]*(?:no[\W_]*input(?:[\W_]+(?:is )?(?:required|needed|necessary|provided|given))?"
    r"|n/a|not applicable)[\W_]*|[(<\[{](?:none|empty|blank|nothing)[)>\]}]\.?|[-–—]+",
    re.IGNORECASE,
)
_NO_OUTPUT = re.compile(r"[(<\[{]no[\W_]*output[)>\]}]", re.IGNORECASE)
_EMPHASISED = re.compile(r"(\*{1,3}|__)(?=[^\s*])(.+?)(?<=[^\s*])\1(?![*\w])")
_QUOTED = re.compile(r"[\"`“]([^\"`“”]+)[\"`”]")


@dataclass(slots=True)
class _Mark:
    """A line that names a field, with what stands beside the name."""

    name: str
    number: int | None
    at: int
    beside: str
    in_block: bool


@dataclass(slots=True)
class _Chunk:
    """The lines of one task."""

    number: int
    lines: list[str] = field(default_factory=list)
    marks: list[_Mark] = field(default_factory=list)
    in_block: bool = False

    @property
    def blank(self) -> bool:
        return not any(line.strip() for line in self.lines)

    @property
    def answered(self) -> bool:
        return any(mark.name == "output" for mark in self.marks)

    def add(self, line: str, mark: _Mark | None) -> None:
        if mark is not None:
            mark.at, mark.in_block = len(self.lines), self.in_block
            self.marks.append(mark)
        self.lines.append(line)
        self.in_block ^= _FENCE.match(mark.beside if mark else line) is not None


def parse(text: str, cut_off: bool, first: int) -> list[Candidate]:
    """The candidates of a text that goes on after "N. Instruction:", N being `first`. Of a text
    that was cut off the last one is truncated."""
    chunks = _cut(_without_outer_fence(readable(text)).split("\n"), first)
    if all(chunk.blank for chunk in chunks):
        return [Candidate("", Verdict(Rejection.EMPTY))]
    found = [list(_read(chunk, opened=n == 0)) for n, chunk in enumerate(chunks)]
    # After a last "###" there may be no task that could be cut off.
    if cut_off and found[-1]:
        truncated = Verdict(Rejection.TRUNCATED, "the last task")
        found[-1][-1] = Candidate(found[-1][-1].instruction, truncated)
    return [one for chunk in found for one in chunk]


def _without_outer_fence(text: str) -> str:
    """The text without a code block's border around all of it."""
    inside = text.strip()
    if not _FENCE.match(inside):
        return text
    return inside.partition("\n")[2].removesuffix("```")


def _cut(lines: Sequence[str], first: int) -> list[_Chunk]:
    """The lines of each task; the first is the one that the prompt has opened."""
    chunks = [_Chunk(first)]
    for line in lines:
        last, mark, border = chunks[-1], _mark(line), _BORDER.fullmatch(line)
        if border and not last.in_block:
            chunks.append(_Chunk(int(border["number"] or last.number + 1)))
            continue
        if mark and _begins(mark, chunks):
            if not last.blank:
                chunks.append(_Chunk(last.number + 1))
            if mark.number is not None:
                chunks[-1].number = mark.number
        chunks[-1].add(line, mark)
    return chunks


def _mark(line: str) -> _Mark | None:
    named = _FIELD.match(line)
    if named is None:
        return None
    number = int(named["number"]) if named["number"] else None
    return _Mark(named["name"].lower(), number, 0, line[named.end() :], False)


def _begins(mark: _Mark, chunks: Sequence[_Chunk]) -> bool:
    """Whether a line that names a field begins a task."""
    last = chunks[-1]
    if mark.name != "instruction":
        return False
    if last.blank:
        return True
    if mark.number is None:
        # A text may have such a line too, but not where the fields have numbers.
        numbered = any(one.number is not None for one in last.marks)
        return last.answered and not numbered and not last.in_block
    if len(chunks) == 1 and not last.answered:
        # Talk, and the opened number again, or all from the start.
        return mark.number <= last.number + _LARGEST_STEP
    return last.number < mark.number <= last.number + _LARGEST_STEP


def _read(chunk: _Chunk, *, opened: bool) -> Iterator[Candidate]:
    """The candidates in the lines of one task: itself, and what is said before the first."""
    # A "###" in a code block that never closed.
    while chunk.lines and _BORDER.fullmatch(chunk.lines[-1].strip() or "###"):
        chunk.lines.pop()
    text, fields = tidy(chunk.lines), _fields(chunk)
    if not text:
        return
    if "output" not in fields:
        if opened and (text.endswith(":") or opening_talk(text) == len(text)):
            yield Candidate(text, Verdict(Rejection.PREAMBLE))
        elif opened or chunk.marks or not is_closing_talk(text):
            yield Candidate(text, Verdict(Rejection.MALFORMED, "no output"))
        return
    lead, instruction = fields.get("", ""), fields.get("instruction")
    talk = lead if instruction is not None else lead[: opening_talk(lead)]
    if talk.strip():
        yield Candidate(talk.strip(), Verdict(Rejection.PREAMBLE))
    if instruction is None:
        instruction = _OWN_NUMBER.sub("", lead[len(talk) :], count=1)
    given, output = fields.get("input", ""), fields["output"]
    yield Candidate(
        _bare(instruction),
        KEPT,
        Instance(
            "" if _NO_INPUT.fullmatch(given) else given,
            "" if _NO_OUTPUT.fullmatch(output) else output,
        ),
    )


def _fields(chunk: _Chunk) -> dict[str, str]:
    """The text of each field by name, that before the first under ""."""
    chosen = _chosen(chunk)
    borders = [*(mark.at for mark in chosen), len(chunk.lines)]
    texts = {"": tidy(chunk.lines[: borders[0]])}
    for mark, end in zip(chosen, borders[1:], strict=True):
        texts[mark.name] = tidy([mark.beside, *chunk.lines[mark.at + 1 : end]])
    return texts


def _chosen(chunk: _Chunk) -> list[_Mark]:
    """The lines that name the fields of this task, in their order. A line of the same look in
    an output or an input has no number of the task's, or comes later."""
    output = _best(chunk, "output")
    if output is None:
        return []
    before = [mark for mark in chunk.marks if mark.at < output.at]
    instruction = _best(chunk, "instruction", before)
    if instruction:
        before = [mark for mark in before if mark.at > instruction.at]
    behind = [mark for mark in chunk.marks if mark.at > output.at and mark.number == chunk.number]
    given = _best(chunk, "input", before) or _best(chunk, "input", behind)
    found = [mark for mark in (instruction, given, output) if mark]
    return sorted(found, key=lambda mark: mark.at)


def _best(chunk: _Chunk, name: str, among: Sequence[_Mark] | None = None) -> _Mark | None:
    """The first mark of a field that has the task's number; else the first outside of code."""
    named = [mark for mark in (chunk.marks if among is None else among) if mark.name == name]
    numbered = [mark for mark in named if mark.number == chunk.number]
    free = [mark for mark in named if not mark.in_block]
    return next(iter(numbered or free), None)


def _bare(instruction: str) -> str:
    """The instruction without emphasis or quotation marks around it."""
    emphasised = _EMPHASISED.fullmatch(instruction)
    text = emphasised[2] if emphasised else instruction
    quoted = _QUOTED.fullmatch(text)
    return (quoted[1] if quoted else text).strip()
