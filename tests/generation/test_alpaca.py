"""Alpaca's recipe: the prompt, and replies read as its code does and as chat models write them."""

import random
import re
from collections import Counter

import pytest

from selfinstruct_core.errors import BadInput
from selfinstruct_core.generation import alpaca
from selfinstruct_core.generation.decoding import (
    Decoding,
    alpaca_improved_decoding,
    alpaca_paper_decoding,
)
from selfinstruct_core.generation.first_stage import check_prompts
from selfinstruct_core.generation.pool import JudgedCandidate, Pool
from selfinstruct_core.generation.prompt_set import TaskPrompts, load_prompt_set
from selfinstruct_core.generation.recipe import (
    RunSettings,
    default_settings,
    settings_from_json,
    settings_to_json,
    with_changes,
)
from selfinstruct_core.generation.requests import RequestWriter
from selfinstruct_core.generation.stops import apply_stops
from selfinstruct_core.models import (
    Api,
    Endpoint,
    Instance,
    Mode,
    PoolTask,
    Recipe,
    Reply,
    Stage,
)
from tests.generation import reference_behaviour as reference

SEEDS = (
    PoolTask(1, " Sort  the\nwords: ", False, "s1", Instance("pear, fig", "fig, pear")),
    PoolTask(2, "Greet me.", False, "s2", Instance("", "Hello.\nHow are you?")),
)
TEXTS = TaskPrompts("Write {last} tasks.\n", "From {next} to {last}.")

PROMPT = """Write 20 tasks.
###
1. Instruction: Sort the words
1. Input:
pear, fig
1. Output:
fig, pear
###
2. Instruction: Greet me.
2. Input:
<noinput>
2. Output:
Hello.
How are you?
###
3. Instruction:"""

POEM = ("Write a poem about rain.", "", "Drip, drop.")
RIVERS = ("List the rivers of a country.", "Egypt", "Nile")
TIDES = ("Explain how tides work.", "", "The moon pulls.")
GOOD = (
    " Write a poem about rain.\n4. Input:\n<noinput>\n4. Output:\nDrip, drop.\n###\n"
    "5. Instruction: List the rivers of a country.\n5. Input:\nEgypt\n5. Output:\nNile\n###\n"
    "6. Instruction: Explain how tides work.\n6. Input:\n<NoInput>\n6. Output:\nThe moon pulls."
)

Task = tuple[str, str, str]


def judged(reply: Reply, mode: Mode) -> list[JudgedCandidate]:
    filters = default_settings(mode, recipe=Recipe.ALPACA).filters
    return Pool([], filters, mode, novelty=False).commit(alpaca.parse(reply, mode))


def read(text: str, mode: Mode = Mode.IMPROVED, end: str = "stop") -> list[Task]:
    """The tasks that pass all but novelty."""
    return [
        (one.instruction, one.instance.input, one.instance.output)
        for one in judged(Reply(text, end), mode)
        if one.verdict.kept and one.instance
    ]


def set_aside(
    text: str, mode: Mode = Mode.IMPROVED, end: str = "stop"
) -> list[tuple[str | None, str, str]]:
    """Reason, detail and text of what is not kept."""
    return [
        (one.verdict.reason, one.verdict.detail, one.instruction)
        for one in judged(Reply(text, end), mode)
        if not one.verdict.kept
    ]


def numbered(*tasks: Task, first: int = 4) -> str:
    """A reply in the very form of the prompt."""
    chunks = [
        f"{n}. Instruction: {instruction}\n{n}. Input:\n{given or '<noinput>'}\n{n}. Output:\n{out}"
        for n, (instruction, given, out) in enumerate(tasks, first)
    ]
    return "\n###\n".join(chunks).removeprefix(f"{first}. Instruction:")


class TestPrompt:
    def test_the_text(self) -> None:
        prompt = alpaca.render(SEEDS, TEXTS, 20)
        assert prompt.text == PROMPT
        assert prompt.prefix == "Write 20 tasks.\n"

    def test_the_request_to_a_chat_model(self) -> None:
        assert alpaca.chat_request(TEXTS, 2, 20) == "From 3 to 20."

    def test_the_shipped_texts(self) -> None:
        prompts = load_prompt_set()
        assert prompts.tasks is not None
        prompt = alpaca.render(SEEDS, prompts.tasks, 20)
        assert "{" not in prompt.text
        assert " 20 " in prompt.prefix
        assert "<noinput>" in prompt.prefix
        assert prompt.prefix.endswith(":\n")
        # The demo model and people alike tell tasks from the brief by these marks.
        assert re.search(r"^(?:###|\d+\. \w+:)", prompt.prefix, re.MULTILINE) is None

    def test_a_request(self) -> None:
        settings = default_settings(recipe=Recipe.ALPACA)
        seeds = [PoolTask(n, f"Do the task {n}.", None, None, SEEDS[0].instance) for n in range(9)]
        writer = RequestWriter(settings, load_prompt_set(), Endpoint())
        planned = writer.for_instructions(5, seeds, [PoolTask(99, "Never shown.", None)])
        assert (planned.stage, planned.ordinal, len(planned.context)) == (Stage.TASKS, 5, 3)
        assert set(planned.context) <= set(range(9))
        for n, task_id in enumerate(planned.context, 1):
            assert f"###\n{n}. Instruction: Do the task {task_id}.\n" in planned.prompt.tail
        assert planned.prompt.tail.endswith("###\n4. Instruction:")
        assert planned.parameters["stop"] == ["\n21. Instruction:", "\n###\n21"]
        assert planned.parameters["max_tokens"] == 3072

    def test_a_file_without_these_texts_serves_the_other_recipe_only(self) -> None:
        prompts = load_prompt_set()
        old = type(prompts)(
            "old", "", prompts.instructions, prompts.classification, prompts.input_first,
            prompts.output_first,
        )  # fmt: skip
        check_prompts(Recipe.SELF_INSTRUCT, old)
        with pytest.raises(BadInput, match=r'Prompt texts "old": the table \[tasks\] is missing'):
            check_prompts(Recipe.ALPACA, old)


class TestSettings:
    def test_the_decoding_of_the_reference(self) -> None:
        assert alpaca_paper_decoding() == {
            Stage.TASKS: Decoding(3072, 1.0, 1.0, 0.0, 0.0, stop=("\n20", "20.", "20."))
        }

    @pytest.mark.parametrize("api", list(Api))
    def test_improved_ends_after_the_twentieth(self, api: Api) -> None:
        (decoding,) = alpaca_improved_decoding(api).values()
        harmless = numbered(("Count to 25.", "", "\n".join(f"{n}. Item" for n in range(1, 26))))
        assert apply_stops(Reply(harmless), decoding.stop) == Reply(harmless)
        # Q24: there the reference's stops cut.
        (paper,) = alpaca_paper_decoding().values()
        assert apply_stops(Reply("In 2020. Yes", "length"), paper.stop) == Reply("In 20", "stop")
        more = "\n20. Output:\nYes.\n###\n21. Instruction: Go on"
        assert apply_stops(Reply(more), decoding.stop).text == "\n20. Output:\nYes."

    @pytest.mark.parametrize("mode", list(Mode))
    def test_defaults(self, mode: Mode) -> None:
        settings = default_settings(mode, recipe=Recipe.ALPACA)
        assert (settings.context_tasks, settings.machine_tasks_in_context) == (3, 0)
        assert list(settings.decoding) == [Stage.TASKS]
        assert settings.filters.keywords[-6:] == (
            "go to", "video", "audio", "music", "flowchart", "diagram",
        )  # fmt: skip
        assert not settings.classifies
        assert default_settings(mode).classifies
        assert settings_from_json(settings_to_json(settings)) == settings

    def test_settings_of_older_runs_name_no_recipe(self) -> None:
        stored = settings_to_json(RunSettings(target=7))
        assert stored.pop("recipe") == "self-instruct"
        assert settings_from_json(stored) == RunSettings(target=7)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            (
                {"machine_tasks_in_context": 1},
                "cannot have machine_tasks_in_context; leave it at 0",
            ),
            ({"classification_only": True}, "cannot have classification_only; leave it at False"),
            ({"numbering": "paper"}, "Recipe alpaca cannot have numbering; leave it at code."),
            ({"context_tasks": 20}, "context_tasks is 20; of the 20 tasks of a prompt at least"),
            ({"recipe": "self-instruct"}, "asks in the stages instructions, classification, input"),
            ({"recipe": "vicuna"}, "'vicuna' is not a valid Recipe"),
        ],
    )
    def test_what_it_cannot_have(self, changes: dict[str, object], words: str) -> None:
        with pytest.raises(BadInput) as caught:
            with_changes(default_settings(recipe=Recipe.ALPACA), changes)
        assert words in str(caught.value)


FRAGMENTS = (
    "###", "\n###\n", "\n### \n", "####", "4. Instruction:", "4. Input:", "4. Output:",
    "5. Instruction:", "\n5. Input:", "5.\nOutput:", "6. Instruction:", "\n6.  Input:\n",
    "\n6. Output: ", "7. Instruction:", "14. Input:", "5) Input:", "5.Input:", "5. input:",
    "<noinput>", "<NoInput>", " <noinput> ", "No input", "\n", " ", "a b c d", "a music box to see",
    "Write a program to", "write a program to", "É a b c", "... a b c", "one two", "\u00a0",
)  # fmt: skip
FORM = ("4. Input:\n", "x y\n", "4. Output:\n", "z\n", "###\n", "5. Instruction: ", "a b c d\n",
        "5. Input:\n", "<noinput>\n", "5. Output:\n", "w\n", "###\n")  # fmt: skip


def random_reply(rng: random.Random) -> Reply:
    """A reply in the right form, with parts left out, repeated or put in between."""
    parts = [" Do a b c\n", *FORM]
    for _ in range(rng.randrange(5)):
        at = rng.randrange(len(parts) + 1)
        parts[at : at + rng.randrange(2)] = [rng.choice(FRAGMENTS)] * rng.randrange(3)
    return Reply("".join(parts), rng.choice(["stop", "stop", "length", None]))


class TestPaper:
    def test_equals_the_reference_on_thousands_of_responses(self) -> None:
        rng = random.Random(52002)
        lengths: Counter[int] = Counter()
        for _ in range(6000):
            reply = random_reply(rng)
            assert reply.text is not None
            expected = reference.tasks(reply.text, reply.finish_reason or "")
            assert read(reply.text, Mode.PAPER, reply.finish_reason or "") == expected, reply
            lengths[len(expected)] += 1
        assert set(lengths) >= {0, 1, 2}
        assert min(lengths[n] for n in (0, 1, 2)) > 300

    def test_the_form(self) -> None:
        assert read(GOOD, Mode.PAPER) == [POEM, RIVERS, TIDES]
        assert set_aside(GOOD, Mode.PAPER) == []

    def test_a_reply_that_broke_off_loses_its_last_task_only(self) -> None:
        assert read(GOOD, Mode.PAPER, "length") == [POEM, RIVERS]
        (aside,) = set_aside(GOOD, Mode.PAPER, "length")
        assert aside[:2] == ("truncated", "the last task")
        assert aside[2].startswith("6. Instruction: Explain how tides work.\n6. Input:")
        # After a last "###" nothing was cut off.
        assert read(GOOD + "\n###\n", Mode.PAPER, "length") == [POEM, RIVERS, TIDES]
        assert set_aside(GOOD + "\n###\n", Mode.PAPER, "length") == []

    @pytest.mark.parametrize(
        ("text", "reason", "detail"),
        [
            (" Sing.\n4) Input:\nx\n4) Output:\ny", "malformed", "3 parts where 7 are expected"),
            (" Sing.\n4. Output:\ny", "malformed", "5 parts where 7 are expected"),
            (" a\n4. Input:\nb\n4. Output:\nc\n4. Output:\nd", "malformed", "9 parts where 7 are"),
            ("4. Instruction: a\n4. Input:\nb\n4. Output:\nc", "malformed", "9 parts where 7 are"),
            # The number counts the chunks, not what the model writes.
            (" a\n5. Input:\nb\n5. Output:\nc", "malformed", "3 parts where 7 are expected"),
            ("", "empty", ""),
            ("\n\n", "empty", ""),
            ("\n4. Input:\nb\n4. Output:\nc", "empty", ""),
            (" Sing.\n4. Input:\nb\n4. Output:\nc", "too_short", "1 words"),
            (" Name a music style please\n4. Input:\nb\n4. Output:\nc", "keyword", "music"),
        ],
    )
    def test_what_is_rejected(self, text: str, reason: str, detail: str) -> None:
        ((found, words, _),) = set_aside(text, Mode.PAPER)
        assert found == reason
        assert words.startswith(detail)

    def test_an_empty_chunk_moves_the_numbers(self) -> None:
        text = GOOD.replace("###", "###\n###", 1)
        assert read(text, Mode.PAPER) == [POEM]
        assert [reason for reason, *_ in set_aside(text, Mode.PAPER)] == [
            "empty", "malformed", "malformed",
        ]  # fmt: skip

    def test_only_the_exact_mark_means_no_input(self) -> None:
        for given in ("No input", "N/A", "< noinput >"):
            assert read(numbered(("Write a long poem.", given, "x")), Mode.PAPER) == [
                ("Write a long poem.", given, "x")
            ]

    def test_capitals_stay(self) -> None:
        tasks = [("tell NASA about my iPhone", "", "Ok.")]
        for mode in Mode:
            assert read(numbered(*tasks), mode) == tasks

    def test_a_failed_call_has_no_candidates(self) -> None:
        for mode in Mode:
            assert alpaca.parse(Reply(None), mode) == []


def restyled(pattern: str, by: str) -> str:
    return re.sub(pattern, by, GOOD)


FIELD = r"(\d)\. (Instruction|Input|Output):"


class TestImproved:
    @pytest.mark.parametrize("mode", list(Mode))
    def test_the_form(self, mode: Mode) -> None:
        assert read(GOOD, mode) == [POEM, RIVERS, TIDES]
        assert read(numbered(POEM, RIVERS, TIDES), mode) == [POEM, RIVERS, TIDES]

    @pytest.mark.parametrize(
        "text",
        [
            restyled(FIELD, r"\1) \2:"),
            restyled(FIELD, r"**\1. \2:**"),
            restyled(FIELD, r"\1. **\2:**"),
            restyled(FIELD, r"**\1.** **\2**:"),
            restyled(FIELD, r"__\1. \2__:"),
            restyled(FIELD, r"### \1. \2:"),
            restyled(FIELD, r"- \1. \2:"),
            restyled(FIELD, r"(\1) \2:"),
            restyled(FIELD, r"Task \1: \2:"),
            restyled(FIELD, r"\1. \2："),
            restyled(FIELD, r"\1. \2:").replace("Input", "INPUT").replace("Output", "output"),
            restyled(r"\n(\d)\. (Input|Output):", r"\n\2:"),
            restyled(r"\n\d\. (Instruction|Input|Output):", r"\n\1:"),
            restyled(r"\n\d\. (Instruction|Input|Output):", r"\n**\1:**"),
            restyled(r"\n\d\. (Instruction|Input|Output):", r"\n### \1:"),
            restyled(r"\n\d\. (Instruction|Input|Output):", r"\n#### \1:\n"),
            restyled(r"\n\d\. (Input|Output):\n", r"\n\1: "),
            # Without the lines "###", or with other ones in their place.
            restyled("###\n", ""),
            restyled("###\n", "\n"),
            restyled("###", "---"),
            restyled(r"###\n\d\. (Instruction)", r"\n\1").replace("5. ", "").replace("6. ", "")
            .replace("4. ", ""),
            restyled(r"###\n(\d)\. Instruction:", r"### \1\nInstruction:"),
            restyled(r"###\n(\d)\. Instruction:", r"## Task \1:\n**Instruction:**"),
            restyled("###", "  ####  "),
            restyled("\n", "\r\n"),
            # The number once more, from the start, or wrong.
            "4. Instruction:" + GOOD,
            " 4. Instruction:" + GOOD,
            "Instruction:" + GOOD,
            "\n###\n4. Instruction:" + GOOD,
            "1. Instruction:" + numbered(POEM, RIVERS, TIDES, first=1),
            restyled(r"[56]\. ", "9. "),
            restyled(r"6\. ", "8. "),
            "<think>So many tasks?\n###</think>" + GOOD,
            # All in one code block.
            "```\n4. Instruction:" + GOOD + "\n```",
            "```markdown\n4. Instruction:" + GOOD,
            # Labels left out or with nothing to say.
            restyled(r"(\d)\. Input:\n<\w+>\n", ""),
            restyled(r"###\n(\d)\. Instruction:", r"###\n\1."),
            restyled(r"Write a poem about rain\.", "**Write a poem about rain.**"),
            restyled(r"Write a poem about rain\.", '"Write a poem about rain."'),
            # What follows.
            GOOD + "\n###\n",
            GOOD + "\n###\n\nLet me know if you need more tasks!",
            GOOD + "\n---\n",
        ],
    )  # fmt: skip
    def test_other_dress(self, text: str) -> None:
        assert read(text) == [POEM, RIVERS, TIDES]
        assert set_aside(text) == []

    @pytest.mark.parametrize(
        "text",
        [
            "Sure, here are the tasks:\n\n4. Instruction:" + GOOD,
            "Sure, here are the tasks:\n\n###\n4. Instruction:" + GOOD,
            "Sure, here are the tasks:\n\n**4. Instruction:**" + GOOD,
            "Sure, here are the tasks:\n" + GOOD.strip(),
            "Sure, here are the tasks:\n\n```\n4. Instruction:" + GOOD + "\n```",
        ],
    )
    def test_talk_before_the_tasks(self, text: str) -> None:
        assert read(text) == [POEM, RIVERS, TIDES]
        assert set_aside(text) == [("preamble", "", "Sure, here are the tasks:")]

    @pytest.mark.parametrize(
        "given",
        [
            "<noinput>", "<NoInput>", "<no input>", "<No_Input>", "(no input)", "[No input]",
            "No input", "no input.", "No input required.", "No input is needed", "noinput",
            "*no input*", "N/A", "n/a.", "(N/A)", "<none>", "[None]", "(none)", "(empty)",
            "Not applicable", "-", "—", "",
        ],
    )  # fmt: skip
    def test_ways_to_say_that_there_is_no_input(self, given: str) -> None:
        assert read(numbered(("Write a long poem.", given or " ", "x"))) == [
            ("Write a long poem.", "", "x")
        ]

    @pytest.mark.parametrize(
        "given", ["None", "No input was lost.", "N/A means what?", "-5", "empty", "no", "<none> x"]
    )
    def test_inputs_that_are_some(self, given: str) -> None:
        assert read(numbered(("Write a long poem.", given, "x"))) == [
            ("Write a long poem.", given, "x")
        ]

    def test_an_output_that_says_there_is_none(self) -> None:
        assert read(numbered(("Write a long poem.", "", "<nooutput>"))) == [
            ("Write a long poem.", "", "")
        ]

    @pytest.mark.parametrize(
        "output",
        [
            "1. Input: milk\n2. Output: cheese",
            "Input: 3\nOutput: 4",
            "Instruction: stir it.\nInput: x",
            "1. Instruction: stir.\n2. Instruction: pour.",
            "### Step 1\nStir.\n### Step 2\nPour.",
            "# 5\nprint(5)",
            "```sh\n###\necho 1\n###\n```",
            "```\n5. Output:\n```\nand so on",
            "In 2020. Then 20.5.\n20. Twenty",
            "Hello,\n\nlet me know if you need anything.",
            "a\n---\nb",
        ],
    )
    def test_texts_that_look_like_the_form(self, output: str) -> None:
        tasks = [("Do what is right here.", "Now", output), RIVERS]
        assert read(numbered(*tasks)) == tasks

    @pytest.mark.parametrize("given", ["Input: 3\nOutput: 4", "```\nOutput: 3\n```", "a\n### b\nc"])
    def test_inputs_that_look_like_the_form(self, given: str) -> None:
        tasks = [("Do what is right here.", given, "x"), RIVERS]
        assert read(numbered(*tasks)) == tasks

    def test_a_code_block_that_never_closes_keeps_no_task_from_being_found(self) -> None:
        tasks = [("Do what is right here.", "", "```py\nprint(1)"), RIVERS]
        assert read(numbered(*tasks)) == [("Do what is right here.", "", "print(1)"), RIVERS]

    def test_an_input_after_the_output(self) -> None:
        text = " List the rivers of a country.\n4. Output:\nNile\n4. Input:\nEgypt"
        assert read(text) == [RIVERS]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (" Sing a song to me.", [("malformed", "no output", "Sing a song to me.")]),
            (" Sing.\n4. Input:\nx", [("malformed", "no output", "Sing.\n4. Input:\nx")]),
            ("", [("empty", "", "")]),
            ("###\n\n###", [("empty", "", "")]),
            ("\n4. Input:\nx\n4. Output:\ny", [("empty", "", "")]),
            ("I'm sorry, I cannot do that.", [("preamble", "", "I'm sorry, I cannot do that.")]),
            (" Sing.\n4. Output:\ny", [("too_short", "1 words", "Sing.")]),
        ],
    )
    def test_what_is_rejected(self, text: str, expected: list[tuple[str, str, str]]) -> None:
        assert set_aside(text) == expected
        assert read(text) == []

    def test_one_bad_task_costs_no_other(self) -> None:
        text = GOOD.replace("5. Output:\n", "")
        assert read(text) == [POEM, TIDES]
        assert set_aside(text) == [
            (
                "malformed",
                "no output",
                "5. Instruction: List the rivers of a country.\n5. Input:\nEgypt\nNile",
            )
        ]

    def test_a_reply_that_broke_off_loses_its_last_task_only(self) -> None:
        assert read(GOOD, end="length") == [POEM, RIVERS]
        assert set_aside(GOOD, end="length") == [("truncated", "the last task", TIDES[0])]
        assert read(GOOD + "\n###\n", end="length") == [POEM, RIVERS, TIDES]
        talk = GOOD + "\n###\nLet me know if you want"
        assert read(talk, end="length") == [POEM, RIVERS, TIDES]
        assert set_aside(GOOD[: GOOD.index("tides")], end="length") == [
            ("truncated", "the last task", "6. Instruction: Explain how")
        ]

    def test_what_the_reference_reads_is_read_the_same(self) -> None:
        # The form with texts that need no tolerance.
        rng = random.Random(7)
        words = ("Name", "three", "rivers", "of", "Asia", "and", "their", "length:", "4.", "(now)")
        for _ in range(300):
            tasks = [
                tuple(f"Do {' '.join(rng.choices(words, k=6))}".rstrip(":") for _ in range(3))
                for _ in range(rng.randint(1, 17))
            ]
            text = numbered(*tasks)  # type: ignore[arg-type]
            assert read(text) == read(text, Mode.PAPER) == tasks

    def test_long_replies_are_read_in_time(self) -> None:
        for piece in (
            "###\n",
            "4. Instruction:",
            "**" * 50,
            "```\n",
            " \t",
            "5. Output:\n",
            "(none",
        ):
            alpaca.parse(Reply(piece * 20_000), Mode.IMPROVED)
