"""Where candidates stand in responses: what a person would mark, and nothing else."""

import random
import sys
from itertools import pairwise

import pytest

from selfinstruct_core.generation.instructions import parse
from selfinstruct_core.generation.marking import find_spans
from selfinstruct_core.models import Mode, Reply


def marked(text: str, *instructions: str, begin: int = 0) -> list[str | None]:
    """The marked parts of the text."""
    spans = find_spans(text, instructions, begin)
    return [None if span is None else text[slice(*span)] for span in spans]


def marked_by_parsing(text: str, mode: Mode = Mode.IMPROVED) -> list[str | None]:
    """The marked parts for the candidates that the parser finds in the text."""
    return marked(text, *(one.instruction for one in parse(Reply(text), mode)))


class TestWhatParsingFinds:
    def test_numbered_list(self) -> None:
        text = " name a river in Asia.\n10. Why is it long?\n11)  Sing (softly)!"
        found = ["name a river in Asia.", "Why is it long?", "Sing (softly)!"]
        assert marked_by_parsing(text) == found
        spans = find_spans(text, ["Name a river in Asia.", "Why is it long?", "Sing (softly)!"])
        assert spans == [(1, 22), (27, 42), (48, 62)]

    def test_bold_items_and_titles(self) -> None:
        text = " **Name a river.**\n10. **Title:**\n  Sum up\n11. __Draw__ a map\n12. `Add two`"
        found = ["Name a river.", "Title:**\n  Sum up", "Draw__ a map", "Add two"]
        assert marked_by_parsing(text) == found

    def test_signs_at_both_ends(self) -> None:
        text = ' (optional) say "hi"\n10. “Hi” means “hello”.\n11. «Why»?!\n12. *Run.* )'
        assert marked_by_parsing(text) == [
            '(optional) say "hi"',
            "“Hi” means “hello”.",
            "«Why»?!",
            "Run.",
        ]
        # Only those that the text has next to it.
        assert marked("Say **hi**.", "(Say hi)!") == ["Say **hi"]
        assert find_spans("(a)(b)", ["(a)(", "(b)"]) == [(0, 4), (4, 6)]

    def test_folded_white_space_and_lower_case(self) -> None:
        text = " WRITE\ta  POEM\n   about\u00a0Rain.\n10 . Sing A\nSong"
        found = ["WRITE\ta  POEM\n   about\u00a0Rain.", "Sing A\nSong"]
        assert marked_by_parsing(text, Mode.PAPER) == found

    def test_talk_between_items_is_not_marked(self) -> None:
        text = "Sure! Here are more tasks:\n9. Name a river\n\nEasy one.\n10. Name a river in Asia"
        assert marked_by_parsing(text) == [
            "Sure! Here are more tasks:",
            "Name a river",
            "Name a river in Asia",
        ]


class TestTexts:
    def test_two_that_are_the_same_are_marked_one_after_the_other(self) -> None:
        text = "Sing.\n10. Sing.\n11. Sing."
        assert find_spans(text, ["Sing."] * 3) == [(0, 5), (10, 15), (20, 25)]
        assert find_spans(text, ["Sing."] * 4)[3] is None

    def test_the_beginning_of_another(self) -> None:
        long, short = "Name a river in Asia", "Name a river"
        text = f"{long}\n10. {short}\n11. {long}"
        assert find_spans(text, [long, short, long]) == [(0, 20), (25, 37), (42, 62)]
        assert find_spans(f"{short}\n10. {long}", [short, long]) == [(0, 12), (17, 37)]

    def test_a_missing_one_does_not_hide_the_others(self) -> None:
        text = "Sing\n10. Dance\n11. Laugh"
        assert marked(text, "Sing", "Cry", "Dance", "Laugh") == ["Sing", None, "Dance", "Laugh"]
        assert marked(text, "Laugh", "Sing") == ["Laugh", None]

    def test_parts_of_words_are_not_marked(self) -> None:
        assert marked("Stop using it, singer.\n10. Sing", "Sing") == ["Sing"]
        assert marked("Stop using it", "Sing") == [None]
        assert marked("100 apples, 10 pears", "10 pears", "0 pears") == ["10 pears", None]

    def test_nothing_to_mark(self) -> None:
        assert find_spans("", []) == find_spans("Sing", []) == []
        assert find_spans("", ["Sing", ""]) == [None, None]
        assert find_spans("Sing *** now", ["", "***", "now"]) == [None, None, (9, 12)]

    def test_nothing_before_the_beginning_is_marked(self) -> None:
        text = "Sing? Yes. Sing!"
        assert find_spans(text, ["Sing!"]) == [(0, 4)]
        assert find_spans(text, ["Sing!"], 1) == find_spans(text, ["Sing!"], 11) == [(11, 16)]
        assert find_spans(text, ["Sing!"], 12) == find_spans(text, ["Sing!"], 99) == [None]


@pytest.mark.parametrize(
    ("text", "instruction"),
    [
        ("İstanbul nerede?", "İstanbul nerede?"),
        ("neden İSTANBUL?", "neden İSTANBUL?".capitalize()),  # two letters for İ
        ("ısı nedir?", "Isı nedir?"),  # the capital of ı is I
        ("ßigma STRASSE, straße", "SSigma STRASSE, straße"),
        ("GROẞE STRAßE", "Große straße"),
        ("ﬁnde den ﬂuss", "FInde den ﬂuss"),
        ("ΤΙ ΕΙΝΑΙ Ο ΛΟΓΟΣ;", "ΤΙ ΕΙΝΑΙ Ο ΛΟΓΟΣ;".capitalize()),  # with ς at the end
        ("ŉ ding", "ŉ ding".capitalize()),
        ("다음 문장을 번역하세요.", "다음 문장을 번역하세요."),
        ("把下面的句子翻译成英文。", "把下面的句子翻译成英文。"),
        ("اكتب قصيدة", "اكتب قصيدة"),
        ("हिन्दी में लिखो", "हिन्दी में लिखो"),
        ("cafe\u0301 au lait", "Cafe\u0301 au lait"),
        ("𝒜 😀 𐐨𐐩 sings", "𝒜 😀 𐐀𐐩 sings"),
    ],
)
def test_other_scripts_and_characters_of_several_letters(text: str, instruction: str) -> None:
    assert marked(f"İß. Ǆ\n10. {text}\n11. ẞİ", instruction) == [text]


def test_every_character_is_found_in_another_case() -> None:
    every = (chr(n) for n in range(sys.maxunicode + 1) if not 0xD800 <= n < 0xE000)
    changed = [one for one in every if one.isalnum() and one != one.upper() + one.lower()[1:]]
    text = "\n".join(changed)
    for instructions in (
        [one.capitalize() for one in changed],
        [one.lower() for one in changed],
        [f"a{one}".capitalize()[1:] for one in changed],
    ):
        assert marked(text, *instructions) == changed


SPACES = (" ", "  ", "\n", "\t", " \u00a0")
CHARACTERS = "abzABZ019éÉßẞİıΣςσ文ก각"
BETWEEN = ("\n10. ", "\n\nTalk.\n11) ", " **", "; ", "\n")


def random_piece(rng: random.Random) -> str:
    """Words with any white space between them, which end as a sentence does or not."""
    words = [
        "".join(rng.choice(CHARACTERS) for _ in range(rng.randint(1, 4)))
        for _ in range(rng.randint(1, 5))
    ]
    text = words[0] + "".join(rng.choice(SPACES) + word for word in words[1:])
    return text + rng.choice(("", ".", "?", "!", "?!", ")."))


def read(rng: random.Random, piece: str) -> str:
    """The piece as a parser could have taken it over."""
    folded = " ".join(piece.split())
    return rng.choice((folded, folded.capitalize(), folded[:1].capitalize() + folded[1:]))


@pytest.mark.parametrize("seed", range(200))
def test_spans_cover_exactly_the_pieces(seed: int) -> None:
    rng = random.Random(seed)
    text, instructions, expected = "", [], []
    for _ in range(rng.randint(1, 12)):
        text += rng.choice(BETWEEN)
        piece = random_piece(rng)
        instructions.append(read(rng, piece))
        expected.append((len(text), len(text) + len(piece)))
        text += piece
    found = find_spans(text, instructions)
    assert [span is not None for span in found] == [True] * len(found)
    if all(only_place(text, one) for one in instructions):
        assert found == expected
    assert all(a is not None and b is not None and a[1] <= b[0] for a, b in pairwise(found))


def only_place(text: str, instruction: str) -> bool:
    """Whether the instruction stands once in the text, read letter by letter."""
    letters = "".join(one for one in text.upper().casefold() if one.isalnum())
    wanted = "".join(one for one in instruction.upper().casefold() if one.isalnum())
    return letters.count(wanted) == 1


def test_cut_and_mixed_up_texts_stay_inside_the_text() -> None:
    rng = random.Random(7)
    for _ in range(300):
        text = "".join(rng.choice((*CHARACTERS, *"*.?() \n")) for _ in range(rng.randint(0, 40)))
        instructions = [
            "".join(rng.choice((*CHARACTERS, *".? ")) for _ in range(rng.randint(0, 3)))
            for _ in range(4)
        ]
        for span in find_spans(text, instructions):
            assert span is None or 0 <= span[0] < span[1] <= len(text)
