"""Where in a response its candidates stand, so that people can see what was read from it."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass


def find_spans(
    text: str, instructions: Sequence[str], begin: int = 0
) -> list[tuple[int, int] | None]:
    """Where the instructions stand in the text from `begin` on, as (start, end) in characters, in
    their order; None for one that is not found after those before it.

    Parsing folds white space, changes capitals and takes emphasis off, so letters and digits
    alone are compared, in any case, and only whole words. The other signs at both ends belong to
    it where the text has them as well.
    """
    letters = _letters(text)
    spans: list[tuple[int, int] | None] = []
    next_ = bisect_left(letters.places, begin)
    for instruction in instructions:
        wanted = _letters(instruction)
        found = letters.find_words(wanted.folded, next_) if wanted.folded else -1
        if found < 0:
            spans.append(None)
            continue
        next_ = found + len(wanted.folded)
        first, last = letters.places[found], letters.places[next_ - 1]
        start = _with_head(text, begin, first, instruction[: wanted.places[0]])
        begin = _with_tail(text, last + 1, instruction[wanted.places[-1] + 1 :])
        spans.append((start, begin))
    return spans


@dataclass(frozen=True, slots=True)
class _Letters:
    """The letters and digits of a text in one case, and the place of each in it."""

    folded: str
    places: list[int]

    def find_words(self, wanted: str, begin: int) -> int:
        """Where these letters stand as whole words, -1 if nowhere from `begin` on."""
        found = self.folded.find(wanted, begin)
        while found >= 0 and not (self._divided(found) and self._divided(found + len(wanted))):
            found = self.folded.find(wanted, found + 1)
        return found

    def _divided(self, index: int) -> bool:
        """Whether something else stands in the text before the letter of that index."""
        places = self.places
        return index in (0, len(places)) or places[index] > places[index - 1] + 1


def _letters(text: str) -> _Letters:
    # Upper case first: "ı" and "ς" have none of their own. Some characters become several.
    found = [
        (letter, place)
        for place, character in enumerate(text)
        for letter in character.upper().casefold()
        if letter.isalnum()
    ]
    return _Letters("".join(letter for letter, _ in found), [place for _, place in found])


def _with_head(text: str, begin: int, start: int, head: str) -> int:
    for sign in reversed(head):
        if text.endswith(sign, begin, start):
            start -= 1
    return start


def _with_tail(text: str, end: int, tail: str) -> int:
    for sign in tail:
        if text.startswith(sign, end):
            end += 1
    return end
