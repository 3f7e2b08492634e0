"""Where in a response its candidates stand, so that people can see what was read from it."""

from collections.abc import Sequence


def find_spans(text: str, instructions: Sequence[str]) -> list[tuple[int, int] | None]:
    """Where the instructions stand in the text, as (start, end) in characters, in their order;
    None for one that is not found after those before it.

    Parsing folds white space, changes capitals and takes emphasis off, so letters and digits
    alone are compared, in any case.
    """
    places = [n for n, character in enumerate(text) if character.isalnum()]
    # Character by character: some become two in lower case, and places would shift.
    letters = "".join(text[n].lower()[0] for n in places)
    spans: list[tuple[int, int] | None] = []
    begin = 0
    for instruction in instructions:
        wanted = "".join(one.lower()[0] for one in instruction if one.isalnum())
        found = letters.find(wanted, begin) if wanted else -1
        if found < 0:
            spans.append(None)
            continue
        begin = found + len(wanted)
        spans.append(_with_closing_mark(text, instruction, places[found], places[begin - 1] + 1))
    return spans


def _with_closing_mark(text: str, instruction: str, start: int, end: int) -> tuple[int, int]:
    closing = instruction[len(instruction.rstrip(".?!)")) :]
    return start, end + len(closing) if closing and text.startswith(closing, end) else end
