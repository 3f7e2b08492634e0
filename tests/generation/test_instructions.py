"""Reading the replies of stage 1: as the reference code does, and as chat models write them."""

import random
from collections import Counter

import pytest

from selfinstruct_core.generation import instructions
from selfinstruct_core.generation.pool import Pool
from selfinstruct_core.generation.recipe import default_settings
from selfinstruct_core.models import Mode, Reply
from tests.generation import reference_behaviour as reference

POEM = "Write a poem about rain."
RIVERS = "List five rivers in Asia."
TIDES = "Explain how tides work."
ALL = [POEM, RIVERS, TIDES]

FRAGMENTS = (
    "\n9. ", "\n10. ", "\n10 . ", "\n11.", "\n12) ", "\n13\u00a0. ", "\n١٥. ", "\n²2. ", "\r\n14. ",
    "\n\n", "\n", " ", "  ", "\t", "\r", "\u2003", "\u2028", "\x1f", ". ", "16.", "1916. ", "$16. ",
    "map", "Map.", "maps_", "a map, ", "filename ", "file:", "go to", "go  to ", "Go\u00a0to",
    "go-to",
    "image", "İmages ", "ımage ", "mapſ ", "ﬁle ", "draw ", "plots ", "the plot ", "Graph ",
    "Write a program ", "write a PROGRAM", "WRITE A Programme ", "Write  a program ",
    "ß", "İ", "ŉ", "ǆ", "É", "ΑΣ", "ΟΔΟΣ ", "Ünder ", "!", "“", "_", "(", "7", "\u0301",
    "NASA and iPhone ", "two words ", "three more words ", "Do ", "it ", "Example 1 ", "x",
)  # fmt: skip


def random_reply(rng: random.Random) -> Reply:
    text = "".join(rng.choice(FRAGMENTS) for _ in range(rng.randrange(16)))
    if rng.random() < 0.03:
        text += "ä" * (rng.random() < 0.3) + " word" * rng.randint(145, 152)
    return Reply(text, rng.choice(["stop", "stop", "stop", None, "content_filter", "length"]))


def judged(reply: Reply, mode: Mode = Mode.PAPER) -> list[tuple[str, str | None]]:
    """Each candidate with the reason of its rejection by place or heuristics."""
    pool = Pool([], default_settings(mode).filters, mode, novelty=False)
    found = pool.commit(instructions.parse(reply, mode))
    return [(one.instruction, one.verdict.reason) for one in found]


def read(text: str, finish_reason: str = "stop", first: int = 9) -> list[str]:
    """What `improved` takes for instructions."""
    found = instructions.parse(Reply(text, finish_reason), Mode.IMPROVED, first)
    return [one.instruction for one in found if one.verdict.kept]


def set_aside(text: str, finish_reason: str = "stop") -> list[tuple[str, str]]:
    """What `improved` does not take for instructions, with the reason."""
    found = instructions.parse(Reply(text, finish_reason), Mode.IMPROVED)
    return [(one.instruction, one.verdict.reason) for one in found if one.verdict.reason]


class TestPaper:
    def test_equals_the_reference_on_thousands_of_responses(self) -> None:
        rng = random.Random(2212)
        reasons: Counter[str | None] = Counter()
        for _ in range(8000):
            reply = random_reply(rng)
            assert reply.text is not None
            expected = reference.instructions(reply.text, reply.finish_reason or "")
            assert judged(reply) == expected, reply
            reasons.update(reason for _, reason in expected)
        assert set(reasons) == {
            None, "truncated", "empty", "too_short", "too_long", "keyword", "write_a_program",
            "starts_with_punctuation", "not_ascii",
        }  # fmt: skip
        assert min(reasons.values()) >= 20

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            # Q2: stopped inside "1916." the item is cut, and kept.
            (" Name a battle fought in 19", [("Name a battle fought in 19", None)]),
            # Q3: all but the first letter become small.
            (" tell NASA about my iPhone", [("Tell nasa about my iphone", None)]),
            (" i WANT TO MOVE", [("I want to move", None)]),
            # Capitals in Unicode: ß becomes two letters, İ is one already.
            (" ßo many odd letters", [("Sso many odd letters", None)]),
            (" İs it four words", [("İs it four words", "not_ascii")]),
            (" école de la mer", [("École de la mer", "not_ascii")]),
            # Q18: keywords as whole words, whatever the sense.
            (" Sort it with map in C", [("Sort it with map in c", "keyword")]),
            (" Sort it with map_reduce in C", [("Sort it with map_reduce in c", None)]),
            (" Tell me to go\n to bed", [("Tell me to go to bed", "keyword")]),
            # Q20: only "N. " and "N . " after the end of a line are numbers.
            (" a b c d\n10 . e f g h", [("A b c d", None), ("E f g h", None)]),
            (" a b c d\n10) e f g h", [("A b c d 10) e f g h", None)]),
            (" a b c d\n10.e f g h", [("A b c d 10.e f g h", None)]),
            (" a b c d\n  10. e f g h", [("A b c d 10. e f g h", None)]),
            (" a b c d\n**10.** e f g h", [("A b c d **10.** e f g h", None)]),
            (" a b c d\nTask 10: e f g h", [("A b c d task 10: e f g h", None)]),
            # A number at the very start is part of the first item.
            ("9. a b c d", [("9. a b c d", None)]),
            ("\n9. a b c d", [("", "empty"), ("A b c d", None)]),
            # Any number at the start of a line cuts, also that of a list inside an item.
            (
                " Sort two words:\n1. pear",
                [("Sort two words:", "too_short"), ("Pear", "too_short")],
            ),
            # CRLF: the carriage return falls to the item before.
            ("a b c d\r\n10. e f g h", [("A b c d", None), ("E f g h", None)]),
            (" a b c", [("A b c", "too_short")]),
            (" a b c d", [("A b c d", None)]),
            (" a" * 150, [("A" + " a" * 149, None)]),
            (" a" * 151, [("A" + " a" * 150, "too_long")]),
            # Compared after capitalisation, and as the beginning of a text.
            (" WRITE A PROGRAMME of songs", [("Write a programme of songs", "write_a_program")]),
            (" Please write a program", [("Please write a program", None)]),
            (" (a) b c d", [("(a) b c d", "starts_with_punctuation")]),
            ("", [("", "empty")]),
            (None, []),
        ],
    )
    def test_quirks(self, text: str | None, expected: list[tuple[str, str | None]]) -> None:
        assert judged(Reply(text)) == expected
        assert reference.instructions(text, "stop") == expected

    def test_a_reply_that_reached_its_limit_is_discarded_whole(self) -> None:
        expected = [("A b c d", "truncated"), ("E f g h", "truncated")]  # Q1
        assert judged(Reply(" a b c d\n10. e f g h", "length")) == expected
        assert reference.instructions(" a b c d\n10. e f g h", "length") == expected

    def test_context_size_does_not_matter(self) -> None:
        reply = Reply(f"{POEM}\n4. {RIVERS}")
        found = [instructions.parse(reply, Mode.PAPER, first) for first in (3, 9)]
        assert found[0] == found[1]


STYLES = (
    "{}. ", "{}) ", "({}) ", "{}.) ", "{}: ", "{}.", "{}\\. ", "{} . ", "{}、", "{}.\n",
    "Task {}: ", "Task {}. ", "task {}) ", "TASK {}: ", "Task #{}: ", "Task {} - ", "Task {} – ",
    "Task {}\n", "**{}.** ", "**{}**. ", "**{})** ", "__{}.__ ", "**Task {}:** ", "**Task {}**: ",
    "**Task {}:**\n", "**Task {}** - ", "- {}. ", "* {}. ", "> {}. ", "- **{}.** ", "#{}. ",
    "## {}. ", "## Task {}\n", "## Task {}\n\n", "### Task {}: ", "### **Task {}:** ", "  {}. ",
    "\t{}. ",
)  # fmt: skip


class TestNumbers:
    @pytest.mark.parametrize("style", STYLES)
    @pytest.mark.parametrize("gap", ["\n", "\n\n", "\r\n", "\r\n\r\n", "\n \t\n", "\r"])
    @pytest.mark.parametrize("first", [1, 9])
    def test_every_way_to_number(self, style: str, gap: str, first: int) -> None:
        items = [style.format(first + n) + task for n, task in enumerate(ALL)]
        assert read(gap.join(items)) == ALL
        assert set_aside(gap.join(items)) == []
        # The same after a preamble and before closing talk.
        text = f"Sure, here are three tasks:\n\n{gap.join(items)}\n\nLet me know if you need more!"
        assert read(text) == ALL
        assert set_aside(text) == [("Sure, here are three tasks:", "preamble")]

    @pytest.mark.parametrize("style", [s for s in STYLES if not s[0].isspace()])
    def test_a_prompt_that_has_opened_the_first_number(self, style: str) -> None:
        items = [f" {POEM}", style.format(10) + RIVERS, style.format(11) + TIDES]
        assert read("\n".join(items)) == ALL
        assert set_aside("\n".join(items)) == []

    def test_another_context_size(self) -> None:
        assert read(f" {POEM}\n4. {RIVERS}\n5. {TIDES}", first=3) == ALL
        assert read(f"3. {POEM}\n4. {RIVERS}\n5. {TIDES}", first=3) == ALL

    def test_a_number_left_out_does_not_end_the_list(self) -> None:
        assert read(f"9. {POEM}\n11. {RIVERS}\n14. {TIDES}") == ALL

    @pytest.mark.parametrize(
        "text",
        [
            "Which war broke out in\n1916. Say why.",
            "Which war broke out in\n1916.",
            "A ticket is $16. Add tax.",
            "Add up 9.5 and\n9.75 and\n10.25",
            "2**10 is how much?\n10**2 as well.",
            "When does the 9:30 train\n10:15 arrive?",
            "Sort: 10-12 and\n-11 and 9",
        ],
    )
    def test_numbers_that_count_nothing(self, text: str) -> None:
        expected = " ".join(text.split())
        assert read(text) == [expected]
        assert read(f"9. {text}\n10. {RIVERS}") == [expected, RIVERS]
        assert read(f" {text}\n10. {RIVERS}") == [expected, RIVERS]


class TestListsInsideItems:
    INNER = "1. pear\n2. fig\n3. apple\n4. plum\n5. date"
    WHOLE = "Sort this list: 1. pear 2. fig 3. apple 4. plum 5. date"

    def test_in_the_first_item_of_a_continuation(self) -> None:
        assert read(f" Sort this list:\n{self.INNER}\n10. {RIVERS}") == [self.WHOLE, RIVERS]
        text = f" Sort this list:\n{self.INNER}\n10. {RIVERS}\n11. {TIDES}"
        assert read(text) == [self.WHOLE, RIVERS, TIDES]

    def test_in_two_items_where_the_second_goes_on_counting(self) -> None:
        text = f" Rank these:\n1. pear\n2. fig\n10. {RIVERS}\n11. Pick two:\n3. plum\n12. {TIDES}"
        items = ["Rank these: 1. pear 2. fig", RIVERS, "Pick two: 3. plum", TIDES]
        assert read(text) == items

    def test_in_a_numbered_item(self) -> None:
        assert read(f"9. Sort this list:\n{self.INNER}\n10. {RIVERS}") == [self.WHOLE, RIVERS]
        text = f"9. {POEM}\n10. Sort this list:\n{self.INNER}\n11. {TIDES}"
        assert read(text) == [POEM, self.WHOLE, TIDES]

    def test_further_indented_where_the_count_starts_at_one(self) -> None:
        inner = self.INNER.replace("\n", "\n   ")
        text = f"1. Sort this list:\n   {inner}\n2. {RIVERS}\n3. {TIDES}"
        assert read(text) == [self.WHOLE, RIVERS, TIDES]

    def test_numbered_code(self) -> None:
        code = "```\n10. GOTO 11\n11. PRINT 1\n\n12. END\n```"
        whole = "Say what this does: ``` 10. GOTO 11 11. PRINT 1 12. END ```"
        assert read(f"9. Say what this does:\n{code}\n10. {RIVERS}") == [whole, RIVERS]
        assert read(f"9. {POEM}\n10. Say what this does:\n{code}") == [POEM, whole]

    def test_a_count_from_one_with_a_larger_number_inside(self) -> None:
        text = f"1. {POEM}\n2. Put these in order:\n10. June\n9. May\n3. {RIVERS}\n4. {TIDES}"
        assert read(text) == [POEM, "Put these in order: 10. June 9. May", RIVERS, TIDES]

    def test_a_list_in_the_last_item_of_a_count_from_one(self) -> None:
        text = f"1. {POEM}\n2. {RIVERS}\n3. Which is more?\n9. plums\n10. figs"
        assert read(text) == [POEM, RIVERS, "Which is more? 9. plums 10. figs"]


class TestTalk:
    @pytest.mark.parametrize(
        "talk",
        [
            "Sure, here are seven new tasks:",
            "Certainly!",
            "Of course! Here is the continued list:",
            "Okay, tasks 9 to 15.",
            "Here are the tasks, as requested:",
            "Here's the continuation of your list:",
            "Below are seven further instructions:",
        ],
    )
    def test_before_an_item_without_number(self, talk: str) -> None:
        for gap in ("\n", "\n\n"):
            assert read(f"{talk}{gap}{POEM}\n10. {RIVERS}") == [POEM, RIVERS]
            assert set_aside(f"{talk}{gap}{POEM}\n10. {RIVERS}") == [(talk, "preamble")]
        assert read(talk) == []

    def test_any_text_before_a_repeated_number(self) -> None:
        assert set_aside(f"My ideas\n9. {POEM}") == [("My ideas", "preamble")]
        assert set_aside(f"My ideas\n1. {POEM}") == [("My ideas", "preamble")]

    def test_a_refusal_is_no_instruction(self) -> None:
        text = "I'm sorry, but I can't help with that."
        assert (read(text), set_aside(text)) == ([], [(text, "preamble")])

    @pytest.mark.parametrize(
        "text", ["Here is a poem by Rilke. Translate it.", "Sure signs of rain: name three."]
    )
    def test_instructions_that_begin_alike(self, text: str) -> None:
        assert read(f" {text}\n10. {RIVERS}") == [text, RIVERS]

    def test_after_the_last_item(self) -> None:
        assert read(f"9. {POEM}\n\nI hope these help!\n\nBye") == [POEM]
        assert read(f"9. {POEM}\n---\nI hope these help!") == [POEM]

    def test_thinking_aloud(self) -> None:
        thought = "<think>\nMaybe:\n9. Foo bar baz qux\n10. Bar\n</think>\n\n"
        assert read(f"{thought}9. {POEM}\n10. {RIVERS}") == [POEM, RIVERS]
        # Some servers send the end of the thoughts only.
        assert read(f"{thought.removeprefix('<think>')}9. {POEM}") == [POEM]
        assert read(f"{thought}{POEM}\n10. {RIVERS}") == [POEM, RIVERS]
        assert read("<think>\n9. Foo bar baz qux\n10. Bar") == [""]

    def test_a_list_in_a_code_block(self) -> None:
        assert read(f"```\n9. {POEM}\n10. {RIVERS}\n```") == [POEM, RIVERS]
        assert read(f"Sure:\n```text\n9. {POEM}\n10. {RIVERS}\n```\n\nBye") == [POEM, RIVERS]


class TestItems:
    @pytest.mark.parametrize(
        ("item", "instruction"),
        [
            ("**Poem**: Write about rain.", "Poem: Write about rain."),
            ("**Poem:** Write about rain.", "Poem: Write about rain."),
            ("**Poem**\n   Write about rain.", "Poem: Write about rain."),
            ("**Poem**\n\n   Write about rain.", "Poem: Write about rain."),
            ("**Write about rain!**\nUse rhymes.", "Write about rain! Use rhymes."),
            ("**Write about rain.**", "Write about rain."),
            ("*Write about rain.*", "Write about rain."),
            ('"Write about rain."', "Write about rain."),
            ("“Write about rain.”", "Write about rain."),
            ("`Write about rain.`", "Write about rain."),
            ('"Rain" or "sun"?', '"Rain" or "sun"?'),
            ("Write **only** about rain.", "Write **only** about rain."),
            ("*args and **kwargs: explain.", "*args and **kwargs: explain."),
            ("Instruction: write about rain.", "Write about rain."),
            ("**Instruction:** write about rain.", "Write about rain."),
            ("write about\n   rain\tand  sun.", "Write about rain and sun."),
            ("Plan a trip:\n   - cheap\n   - warm", "Plan a trip: - cheap - warm"),
            ("Translate:\n\nHello", "Translate:"),
        ],
    )
    def test_one_line_without_emphasis_at_its_head(self, item: str, instruction: str) -> None:
        assert read(f"9. {item}\n10. {RIVERS}") == [instruction, RIVERS]

    @pytest.mark.parametrize(
        ("item", "instruction"),
        [
            ("tell NASA about my iPhone", "Tell NASA about my iPhone"),  # Q3
            ("iPhone or Android?", "IPhone or Android?"),
            ("école de la mer", "École de la mer"),
            ("ßo many letters", "Sso many letters"),
            ("ﬁnd a word", "Find a word"),
            ("7 up", "7 up"),
        ],
    )
    def test_only_the_first_letter_is_raised(self, item: str, instruction: str) -> None:
        assert read(f" {item}") == [instruction]

    def test_bold_numbers_with_a_title(self) -> None:
        text = f"**9. Poem**\nWrite it.\n\n**10. {RIVERS}**\n\n**Task 11: Tides** – Explain them."
        assert read(text) == ["Poem: Write it.", RIVERS, "Tides – Explain them."]

    def test_headings_with_and_without_a_title(self) -> None:
        text = (
            "### Task 9: Poem\n\nWrite it.\n\n---\n\n"
            f"### Task 10: {RIVERS}\n\n---\n\n### Task 11\n{TIDES}\n\n---\n\nI hope these help!"
        )
        assert read(text) == ["Poem: Write it.", RIVERS, TIDES]

    def test_closing_talk_is_no_body_of_a_title(self) -> None:
        assert read("9. **Write about rain**\n\nLet me know!") == ["Write about rain"]


class TestCutOff:
    def test_all_but_the_last_are_kept(self) -> None:
        text = f" {POEM}\n10. {RIVERS}\n11. Explain how ti"
        assert read(text, "length") == [POEM, RIVERS]
        assert set_aside(text, "length") == [("Explain how ti", "truncated")]
        detail = instructions.parse(Reply(text, "length"), Mode.IMPROVED)[-1].verdict.detail
        assert detail == "the last item"

    def test_the_only_item(self) -> None:
        assert set_aside(" Write a po", "length") == [("Write a po", "truncated")]
        assert set_aside("", "length") == [("", "truncated")]

    @pytest.mark.parametrize("finish_reason", ["stop", None, "content_filter"])
    def test_other_ends_cut_nothing(self, finish_reason: str | None) -> None:
        found = instructions.parse(Reply(f"{POEM}\n10. {RIVERS}", finish_reason), Mode.IMPROVED)
        assert [one.verdict.kept for one in found] == [True, True]

    def test_a_failed_call(self) -> None:
        assert instructions.parse(Reply(None, "length"), Mode.IMPROVED) == []

    def test_nothing_is_an_empty_item(self) -> None:
        assert judged(Reply(""), Mode.IMPROVED) == [("", "empty")]


@pytest.mark.parametrize(
    "unit", ["9. ", "9. a\n", "\n", " ", "```\n", "**", "Task ", "Sure! ", "1"]
)
def test_degenerate_replies_are_read_in_no_time(unit: str) -> None:
    # A pattern that goes back and forth would take minutes here.
    for mode in Mode:
        assert instructions.parse(Reply(unit * (60_000 // len(unit))), mode)


def test_improved_reads_anything() -> None:
    rng = random.Random(5)
    marks = ("```", "**", "## ", "Task 9", "10)", "<think>", "</think>", "---", "Sure!\n")
    for _ in range(4000):
        text = "".join(rng.choice(FRAGMENTS + marks) for _ in range(rng.randrange(16)))
        for candidate in instructions.parse(Reply(text), Mode.IMPROVED):
            assert candidate.instruction == " ".join(candidate.instruction.split())


def test_control_characters_are_left_out() -> None:
    (item,) = instructions.parse(Reply(" Name the \x17bell\x07 of\ta ship"), Mode.IMPROVED)
    assert item.instruction == "Name the bell of a ship"
