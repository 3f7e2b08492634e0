"""What the demo model answers, without a server."""

import json
import re
from pathlib import Path

import pytest

from selfinstruct_core.lm.demo.examples import (
    DEFAULT_PATH,
    DefectiveInstruction,
    InstructionDefect,
    WrittenInstance,
    WrittenTask,
    load_examples,
)
from selfinstruct_core.lm.demo.replies import SELF_DESCRIPTION, Reply, reply

EXAMPLES_PATH = Path(__file__).with_name("demo_examples.jsonl")
EXAMPLES = load_examples(EXAMPLES_PATH)

SHOWN = ("Rank these cheeses by age.", "Say if the given number is even or odd.")
LIST_PROMPT = f"Come up with a series of tasks:\n1. {SHOWN[0]}\n2. {SHOWN[1]}\n9."
CLASSIFICATION_LIST_PROMPT = (
    "Come up with a series of classification tasks.\n"
    f"Task 1: {SHOWN[0]}\nTask 2: {SHOWN[1]}\nTask 9:"
)
TASKS_PROMPT = (
    f"Collect tasks, <noinput> where none is needed.\n###\n1. Instruction: {SHOWN[0]}\n1. Input:\n"
    f"Brie\n1. Output:\nBrie\n###\n2. Instruction: {SHOWN[1]}\n2. Input:\n4\n2. Output:\neven\n"
    "###\n3. Instruction:"
)
INPUT_FIRST = "Come up with examples.\n\nTask: Greet someone.\nOutput: Hello.\n\nTask: "
OUTPUT_FIRST = "Labels first.\n\nTask: Is it wet?\nClass label: yes\nrain\n\nTask: "


def ask(
    prompt: str, *, seed: int | None = 0, max_tokens: int | None = None, stop: tuple[str, ...] = ()
) -> Reply:
    return reply(prompt, seed, max_tokens, stop, EXAMPLES)


def items(text: str) -> list[str]:
    return re.split(r"\n\d+\. ", text.removeprefix(" "))


# --- instruction generation


def test_a_list_is_continued_right_after_its_open_number() -> None:
    assert ask(LIST_PROMPT, seed=1) == Reply(
        text=(
            " List the ingredients of a plain omelette.\n"
            "10. Summarise text\n"
            "11. Decide whether this hotel review is Positive or Negative.\n"
            "12. Suggest a fair way for three flatmates to share the washing up.\n"
            "13. Compose a haiku about the first frost on a garden fence."
        ),
        finish_reason="stop",
        prompt_tokens=32,  # 24 words
        completion_tokens=60,  # 45 words
    )


def test_a_reply_may_break_off_in_its_last_item() -> None:
    given = ask(LIST_PROMPT, seed=6)
    assert given.finish_reason == "length"
    assert items(given.text)[-1] == "Is a tomato botanically a"  # 5 of 9 words


def test_a_stop_before_the_break_ends_the_reply_properly() -> None:
    given = ask(LIST_PROMPT, seed=6, stop=("\n14",))
    assert given.finish_reason == "stop"
    assert items(given.text)[-1] == (
        "Suggest a fair way for three flatmates to share the washing up."
    )


def test_shares_over_many_seeds() -> None:
    replies = [ask(LIST_PROMPT, seed=seed) for seed in range(1200)]
    lists = [items(given.text) for given in replies]
    defective = {entry.instruction for entry in EXAMPLES.defects}
    count = sum(len(each) for each in lists)
    assert {len(each) for each in lists} == {5, 6, 7, 8}
    assert all(len(set(each)) == len(each) for each in lists)
    assert not {text for each in lists for text in each} & set(SHOWN)
    assert sum(text in defective for each in lists for text in each) / count == pytest.approx(
        1 / 6, abs=0.01
    )
    broken = sum(given.finish_reason == "length" for given in replies)
    assert broken / len(replies) == pytest.approx(1 / 12, abs=0.02)


def test_what_the_prompt_shows_is_recognised_in_any_spelling_and_not_repeated() -> None:
    shown = [task.instruction for task in EXAMPLES.tasks if task.id != "rota"]
    listed = "\n".join(f"{n}. {text.upper()}" for n, text in enumerate(shown, start=1))
    given = ask(f"Tasks:\n{listed}\n14.", seed=0)
    assert given.text == " Suggest a fair way for three flatmates to share the washing up."
    rest = f"{listed}\n14. suggest a  fair way for three flatmates to share the washing up.:"
    assert ask(f"Tasks:\n{rest}\n15.", seed=0).text == ""


def test_the_style_of_the_numbers_is_kept() -> None:
    prompt = f"Tasks:\nTask 1: {SHOWN[0]}\nTask 41:"
    text = ask(prompt, seed=0).text
    assert text.startswith(" ")
    numbers = re.findall(r"^Task (\d+): ", text, re.MULTILINE)
    assert [int(number) for number in numbers] == list(range(42, 42 + len(numbers)))
    assert re.findall(r"^\d+", text, re.MULTILINE) == []


def test_classification_tasks_only_where_the_header_asks_for_them() -> None:
    # The first is a near-duplicate, which has the class of the task it is made of.
    assert ask(CLASSIFICATION_LIST_PROMPT, seed=0).text == (
        " Decide whether this hotel review is Positive, Negative or Neutral.\n"
        "Task 10: Classify the email subject as Spam or Regular.\n"
        "Task 11: Is a tomato botanically a fruit? Answer yes or no.\n"
        "Task 12: Decide whether this hotel review is Positive or Negative."
    )
    listed_only = f"Tasks:\n1. Sort classification tasks by size.\n2. {SHOWN[1]}\n9."
    texts = " ".join(ask(listed_only, seed=seed).text for seed in range(20))
    assert "Compose a haiku" in texts


def test_no_space_leads_after_a_prompt_that_ends_with_one() -> None:
    assert ask(f"Tasks:\n1. {SHOWN[0]}\n9. ").text[0] not in " \n"


@pytest.mark.parametrize("end", ["9.", "Tasks:\n1. Rank these cheeses.\nTask 9:"])
def test_an_open_number_without_tasks_in_its_style_is_no_list(end: str) -> None:
    assert ask(end).text == SELF_DESCRIPTION


def test_prompt_and_seed_both_matter_and_nothing_else() -> None:
    assert ask(LIST_PROMPT, seed=3) == ask(LIST_PROMPT, seed=3)
    assert ask(LIST_PROMPT, seed=3).text != ask(LIST_PROMPT, seed=4).text
    assert ask(LIST_PROMPT, seed=None).text != ask(LIST_PROMPT, seed=0).text
    assert ask(f"\n{LIST_PROMPT}", seed=3).text != ask(LIST_PROMPT, seed=3).text


# --- classification


@pytest.mark.parametrize(
    ("instruction", "answer"),
    [
        ("Say if the given number is even or odd.", " Yes"),
        ("Convert the brewing temperature from Celsius to Fahrenheit.", " No"),
        ("  SAY IF the given\nnumber   is even or odd.", " Yes"),
        # Made of a classification task.
        ("Decide whether this hotel review is positive, negative or neutral.", " Yes"),
        # Unknown: 6 of 9 words are in "Say if the given number is even or odd."
        ("Check: is 7 a given number even or odd?", " Yes"),
        # Unknown: no task has half of the words.
        ("Sketch the plot of an opera about beekeeping.", " No"),
        # Another defect: 2 of 8 words at most are in a task.
        ("Draw a picture of a lighthouse at dusk.", " No"),
    ],
)
def test_classification(instruction: str, answer: str) -> None:
    prompt = (
        f"Task: Hum a tune.\nIs it classification? No\n\nTask: {instruction}\nIs it classification?"
    )
    assert ask(prompt, max_tokens=3) == Reply(answer, "stop", ask(prompt).prompt_tokens, 2)


def test_classification_question_without_a_task() -> None:
    assert ask("Is it classification?").text == SELF_DESCRIPTION


# --- instances


@pytest.mark.parametrize(
    ("instruction", "text"),
    [
        (
            "Suggest a fair way for three flatmates to share the washing up.",
            "Output: Each washes up for one week in turn.",
        ),
        (
            "Convert the brewing temperature from celsius to fahrenheit.",
            "Example 1\n80 °C\nOutput: 176 °F\n\nExample 2\n95 °C\nOutput: 203 °F",
        ),
        (
            "Offer opening lines for a retirement toast.",
            "Example 1\nOutput: Raise your glasses, and then your standards.\n\n"
            "Example 2\nOutput: Forty years, and never once on time.",
        ),
        (
            "Compose a haiku about the first frost on a garden fence.",
            "Output: Silver on the slats\nthe spider's abandoned thread\nlonger than the night",
        ),
        (
            "Decide whether this hotel review is Positive or Negative.",
            "Example 1\nThe room smelt of smoke.\nOutput: Negative\n\n"
            "Example 2\nBreakfast was superb.\nWe will return.\nOutput: Positive",
        ),
        ("Sketch the plot of an opera about beekeeping.", ""),
    ],
)
def test_inputs_first(instruction: str, text: str) -> None:
    assert ask(f"{INPUT_FIRST}{instruction}\n").text == text
    after_open_line = f"\n{text}" if text else ""
    assert ask(f"{INPUT_FIRST}{instruction}").text == after_open_line


@pytest.mark.parametrize(
    ("instruction", "text"),
    [
        (
            "Decide whether this hotel review is Positive or Negative.",
            "Class label: Negative\nThe room smelt of smoke.\n\n"
            "Class label: Positive\nBreakfast was superb.\nWe will return.",
        ),
        (
            "Decide whether this hotel review is Positive, Negative or Neutral.",
            "Class label: Negative\nThe room smelt of smoke.\n\n"
            "Class label: Positive\nBreakfast was superb.\nWe will return.",
        ),
        ("Is a tomato botanically a fruit? Answer yes or no.", "Class label: yes"),
    ],
)
def test_labels_first(instruction: str, text: str) -> None:
    assert ask(f"{OUTPUT_FIRST}{instruction}\n").text == text
    assert ask(f"{OUTPUT_FIRST}{instruction}").text == f"\n{text}"


SPOILT = {
    "no_marker": (
        "Explain to a new colleague why code review helps both sides.",
        "One way to answer this would be as follows.\nThe author learns, and so does the reader.",
        "One way to answer this would be as follows.\nThe author learns, and so does the reader.",
    ),
    "empty_output": (
        "Shorten the sentence without losing its meaning.",
        "Example 1\nIt is raining at this moment in time.\nOutput:\n\n"
        "Example 2\nHe is a man who sings.\nOutput: He sings.",
        "Class label:\nIt is raining at this moment in time.\n\n"
        "Class label: He sings.\nHe is a man who sings.",
    ),
    "same_as_input": (
        "Correct the spelling of the following words.",
        "Example 1\nrecieve adress\nOutput: recieve adress",
        "Class label: recieve adress\nrecieve adress",
    ),
    "conflicting": (
        "Name the capital of the country.",
        "Example 1\nPeru\nOutput: Lima\n\nExample 2\nKenya\nOutput: Nairobi\n\n"
        "Example 3\nPeru\nOutput: Nairobi",
        "Class label: Lima\nPeru\n\nClass label: Nairobi\nKenya\n\nClass label: Nairobi\nPeru",
    ),
    "conflicting, only one output written": (
        "Classify the email subject as Spam or Regular.",
        "Example 1\nWin a cruise today\nOutput: Spam\n\n"
        "Example 2\nWin a cruise today\nOutput: Unclear",
        "Class label: Spam\nWin a cruise today\n\nClass label: Unclear\nWin a cruise today",
    ),
    "duplicate": (
        "Translate the French noun into English.",
        "Example 1\npomme\nOutput: apple\n\nExample 2\nchien\nOutput: dog\n\n"
        "Example 3\npomme\nOutput: apple",
        "Class label: apple\npomme\n\nClass label: dog\nchien\n\nClass label: apple\npomme",
    ),
    "ends_with_colon": (
        "List the ingredients of a plain omelette.",
        "Output: Eggs, butter and salt:",
        "Class label: Eggs, butter and salt:",
    ),
}


@pytest.mark.parametrize("case", SPOILT.values(), ids=SPOILT.keys())
def test_reply_defects(case: tuple[str, str, str]) -> None:
    instruction, inputs_first, labels_first = case
    assert ask(f"{INPUT_FIRST}{instruction}\n").text == inputs_first
    assert ask(f"{OUTPUT_FIRST}{instruction}\n").text == labels_first


def test_an_instruction_may_begin_with_the_name_of_a_field() -> None:
    assert ask("Task: Input the capital of the country.").text.startswith("\nExample 1\nPeru\n")


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "What is your name?",
        "Task: Hum a tune.\nOutput: La la.",
        "Task: Hum a tune.\nClass label: loud\n",
        "Task: Hum a tune.\nExample 1\n",
        "Task: Hum a tune.\nIs it classification? No\n",
        "Task:\n",
    ],
)
def test_any_other_prompt_is_told_what_this_is(prompt: str) -> None:
    given = ask(prompt)
    assert given.text == (
        "This is the demo model, which replays written examples and is no language model."
    )
    assert (given.finish_reason, given.completion_tokens) == ("stop", 19)  # 14 words


# --- whole tasks


def test_whole_tasks_are_written_right_after_the_open_number() -> None:
    assert ask(TASKS_PROMPT, seed=0) == Reply(
        text=(
            " Name the capital of the country.\n3. Input:\nPeru\n3. Output:\nLima\n###\n"
            "4. Instruction: Classify the email subject as Spam or Regular.\n4. Input:\n"
            "Win a cruise today\n4. Output:\nSpam\n###\n"
            "5. Instruction: Offer opening lines for a retirement toast.\n5. Input:\n<noinput>\n"
            "5. Output:\nRaise your glasses, and then your standards.\n###\n"
            # The output of this one has no name.
            "6. Instruction: Explain to a new colleague why code review helps both sides.\n"
            "6. Input:\nNo input\nThe author learns, and so does the reader.\n###\n"
            "7. Instruction: Suggest a fair way for three flatmates to share the washing up.\n"
            "7. Input:\nNo input\n7. Output:\nEach washes up for one week in turn."
        ),
        finish_reason="stop",
        prompt_tokens=56,  # 42 words
        completion_tokens=146,  # 109 words
    )


def test_whole_tasks_have_the_faults_that_models_make() -> None:
    text = "\n".join(ask(TASKS_PROMPT, seed=seed).text for seed in range(20))
    for part in (
        "Shorten the sentence without losing its meaning.\n7. Input:\n"
        "It is raining at this moment in time.\n7. Output:\n\n",
        "Input:\nrecieve adress\n3. Output:\nrecieve adress\n",
        "Output:\nEggs, butter and salt:\n",
        "Output:\nNo answer was written for this task.\n",
        "Input:\nN/A\n",
    ):
        assert part in text
    assert re.search(r"^\d\) Instruction: .+\n\d\) Input:$", text, re.MULTILINE)


def test_a_reply_may_break_off_in_its_last_task() -> None:
    given = ask(TASKS_PROMPT, seed=8)
    assert given.finish_reason == "length"
    assert given.text.endswith("\n8. Instruction: Decide whether this hotel review is Positive or ")


def test_whole_tasks_that_the_prompt_shows_are_not_repeated() -> None:
    texts = " ".join(ask(TASKS_PROMPT, seed=seed).text for seed in range(30))
    assert SHOWN[1] not in texts
    assert "Compose a haiku" in texts


# --- limits

TEMPERATURES = f"{INPUT_FIRST}Convert the brewing temperature from Celsius to Fahrenheit.\n"


@pytest.mark.parametrize(
    ("stop", "text"),
    [
        (("Example 2",), "Example 1\n80 °C\nOutput: 176 °F\n\n"),
        (("Example 2", "°C"), "Example 1\n80 "),
        (("°C", "Example 2"), "Example 1\n80 "),
        (("Example",), ""),
    ],
)
def test_a_stop_cuts_before_its_first_occurrence(stop: tuple[str, ...], text: str) -> None:
    given = ask(TEMPERATURES, stop=stop)
    assert (given.text, given.finish_reason) == (text, "stop")


@pytest.mark.parametrize(
    ("max_tokens", "text", "completion_tokens"),
    [
        (1, "", 0),  # a word takes 4/3 tokens
        (2, "Example", 2),
        (3, "Example 1", 3),
        (8, "Example 1\n80 °C\nOutput: 176", 8),
        (18, "Example 1\n80 °C\nOutput: 176 °F\n\nExample 2\n95 °C\nOutput: 203", 18),
    ],
)
def test_max_tokens_cuts_at_a_word(max_tokens: int, text: str, completion_tokens: int) -> None:
    given = ask(TEMPERATURES, max_tokens=max_tokens)
    assert given.text == text
    assert given.finish_reason == "length"
    assert given.completion_tokens == completion_tokens


def test_max_tokens_that_suffice_change_nothing() -> None:
    given = ask(TEMPERATURES, max_tokens=19)  # 14 words
    assert given == ask(TEMPERATURES)
    assert (given.finish_reason, given.completion_tokens) == ("stop", 19)


def test_the_stop_comes_before_the_token_limit() -> None:
    # 7 words before the stop
    assert ask(TEMPERATURES, stop=("\n\n",), max_tokens=10).finish_reason == "stop"
    assert ask(TEMPERATURES, stop=("\n\n",), max_tokens=9).finish_reason == "length"


# --- the file


def test_entries_are_read_as_written() -> None:
    assert (len(EXAMPLES.tasks), len(EXAMPLES.defects)) == (14, 6)
    assert EXAMPLES.tasks[1] == WrittenTask(
        id="tea",
        instruction="Convert the brewing temperature from Celsius to Fahrenheit.",
        is_classification=False,
        instances=(WrittenInstance("80 °C", "176 °F"), WrittenInstance("95 °C", "203 °F")),
        reply_defect=None,
    )
    assert EXAMPLES.defects[0] == DefectiveInstruction(
        id="tone-2",
        instruction="Decide whether this hotel review is Positive, Negative or Neutral.",
        defect=InstructionDefect.TOO_SIMILAR,
        of="tone",
    )


def test_the_default_file_is_the_one_in_the_repository() -> None:
    assert Path(__file__).parents[2] / "seeds" / "demo_tasks.jsonl" == DEFAULT_PATH


def test_every_shipped_task_can_be_found_and_answered() -> None:
    examples = load_examples()
    for task in examples.tasks:
        given = reply(f"Task: {task.instruction.capitalize()}\n", 0, None, (), examples)
        assert given.text


GOOD = {
    "id": "a",
    "instruction": "Hum a tune.",
    "is_classification": False,
    "instances": [{"input": "", "output": "La."}],
}
DEFECTIVE = {"id": "d", "instruction": "Hum it.", "defect": "too_short"}


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("{", "Expecting property name enclosed in double quotes"),
        ([], "the line must be a JSON object"),
        ({**GOOD, "id": "b", "instruction": "HUM  a tune."}, "was used before"),
        ({**GOOD, "instruction": "Whistle a tune."}, "the id 'a' was used before"),
        ({**GOOD, "id": 7}, "'id' must be a text"),
        ({**GOOD, "instruction": " "}, "'instruction' must not be empty"),
        ({**GOOD, "is_classification": "no"}, "'is_classification' must be true or false"),
        ({**GOOD, "instances": []}, "'instances' must be a list with at least one instance"),
        ({**GOOD, "instances": ["La."]}, "an instance must be a JSON object"),
        ({**GOOD, "instances": [{"output": "La."}]}, "'input' must be a text"),
        ({**GOOD, "instances": [{"input": "", "output": ""}]}, "'output' must not be empty"),
        ({**GOOD, "instances": [{"input": "", "output": "La.", "x": 1}]}, "unknown field 'x'"),
        ({**GOOD, "reply_defct": "duplicate"}, "unknown field 'reply_defct'"),
        ({**GOOD, "reply_defect": "funny"}, "'funny' is not a valid ReplyDefect"),
        (
            {**GOOD, "reply_defect": "conflicting"},
            "'reply_defect' conflicting needs an instance with an input",
        ),
        ({**DEFECTIVE, "defect": "funny"}, "'funny' is not a valid InstructionDefect"),
        ({**DEFECTIVE, "of": "nobody"}, "'of' names no task: 'nobody'"),
        ({**DEFECTIVE, "instances": []}, "unknown field 'instances'"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, bad: object, message: str) -> None:
    path = tmp_path / "tasks.jsonl"
    line = bad if isinstance(bad, str) else json.dumps(bad)
    path.write_text(f"{json.dumps(GOOD)}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        load_examples(path)
    assert str(caught.value).startswith(f"{path}, line 3: ")


def test_a_line_that_is_no_utf_8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(b'{"id": "\xff"}\n')
    with pytest.raises(ValueError, match="line 1: 'utf-8' codec can't decode"):
        load_examples(path)


def test_a_file_without_tasks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(ValueError, match="holds no task"):
        load_examples(path)
