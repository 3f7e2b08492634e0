"""Reading the replies of stage 3 and filtering the instances in them, in both modes."""

import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from selfinstruct_core.generation import instances
from selfinstruct_core.models import Drop, Instance, Mode, Reply, Stage
from tests.generation import reference_behaviour as reference

ROOT = Path(__file__).resolve().parents[2]
Pair = tuple[str, str]

FRAGMENTS = (
    "Example", "Example 1", "\nExample 2.", "Example3", "\nExample\t4\n", "example", "Examples",
    "Output:", "\nOutput: ", "Output 2:", "Output\n3 :", "Output :", "Outputs:", "output:",
    "Input:", "\nInput 1: ", "\nInput\t2 :", "Inputs:", "Output٣:", "Output²:",
    "Class label:", "\nClass label: ", "Class label :", "class label:", "Class label:\n",
    "a", "b", "a", "b\n", "c ", "two words", "a:", ":", "\n", "\n\n", "\r\n", "\t", " ",
    "\u00a0", "\u2003", "\u2028", "\x1f", "1", ".", "ß", "한국어", "```", "**", "- ",
)  # fmt: skip
STAGES = (Stage.INPUT_FIRST, Stage.OUTPUT_FIRST)


USUAL = {
    Stage.INPUT_FIRST: ("\nExample 1\na\nOutput: ", "\nOutput: ", "\nExample 2\nb\nOutput: ") * 4,
    Stage.OUTPUT_FIRST: ("\nClass label: a\n", "\nClass label: b\n", "a\n") * 6,
}


def random_reply(rng: random.Random, fragments: tuple[str, ...]) -> Reply:
    text = "".join(rng.choice(fragments) for _ in range(rng.randrange(18)))
    return Reply(text, rng.choice(["stop", "stop", "stop", None, "length"]))


def expected_of(reply: Reply, stage: Stage) -> list[Pair]:
    read = reference.input_first if stage is Stage.INPUT_FIRST else reference.output_first
    return read(str(reply.text), reply.finish_reason or "")


def pairs_of(reply: Reply, stage: Stage, mode: Mode, limit: int = 5) -> list[Pair]:
    reading = instances.parse(reply, stage, mode, max_instances=limit, sample_key="k")
    return [(one.input, one.output) for one in reading.instances]


def read(text: str, finish_reason: str = "stop") -> list[Pair]:
    """What `improved` takes over of an input-first reply."""
    return pairs_of(Reply(text, finish_reason), Stage.INPUT_FIRST, Mode.IMPROVED)


def labelled(text: str, finish_reason: str = "stop") -> list[Pair]:
    """What `improved` takes over of an output-first reply."""
    return pairs_of(Reply(text, finish_reason), Stage.OUTPUT_FIRST, Mode.IMPROVED)


def dropped(
    text: str, stage: Stage = Stage.INPUT_FIRST, mode: Mode = Mode.IMPROVED, end: str = "stop"
) -> list[tuple[Drop, str, str]]:
    reading = instances.parse(Reply(text, end), stage, mode)
    return [(one.reason, one.input, one.output) for one in reading.dropped]


class TestPaper:
    @pytest.mark.parametrize("stage", STAGES)
    def test_equals_the_reference_on_thousands_of_responses(self, stage: Stage) -> None:
        rng = random.Random(2022)
        sizes: Counter[int] = Counter()
        reasons: Counter[Drop] = Counter()
        for _ in range(12_000):
            reply = random_reply(rng, FRAGMENTS + USUAL[stage])
            expected = expected_of(reply, stage)
            assert pairs_of(reply, stage, Mode.PAPER, 100) == expected, reply
            sizes[len(expected)] += 1
            reading = instances.parse(reply, stage, Mode.PAPER)
            reasons.update(one.reason for one in reading.dropped)
        assert min(sizes[size] for size in range(4)) >= 50
        missing = Drop.NO_CLASS_LABEL if stage is Stage.OUTPUT_FIRST else Drop.NO_OUTPUT_FIELD
        assert set(reasons) >= {
            missing, Drop.TRUNCATED, Drop.EMPTY_OUTPUT, Drop.SAME_AS_INPUT, Drop.ENDS_WITH_COLON,
            Drop.CONFLICTING, Drop.DUPLICATE,
        }  # fmt: skip

    @pytest.mark.parametrize("stage", STAGES)
    def test_of_more_than_five_a_sample_in_the_reply_s_order(self, stage: Stage) -> None:
        rng = random.Random(123)
        more = 0
        for _ in range(400):
            texts = [f"t{rng.randrange(40)}" for _ in range(rng.randint(6, 10))]
            if stage is Stage.INPUT_FIRST:
                text = "".join(f"Example {n}\n{t}\nOutput: of {t}\n" for n, t in enumerate(texts))
            else:
                text = "".join(f"Class label: of {t}\n{t}\n" for t in texts)
            expected = expected_of(Reply(text), stage)
            found = pairs_of(Reply(text), stage, Mode.PAPER)
            assert found == [pair for pair in expected if pair in found]
            assert len(found) == min(5, len(expected))
            more += len(expected) > 5
        assert more > 300

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Example 1\nx\nOutput: y\nExample 2\nz\nOutput: w", [("x", "y"), ("z", "w")]),
            # Q16: "Example" cuts in prose, too, and a chunk without "Output:" is an output.
            ("Here they are:\nExample 1\nx\nOutput: y", [("x", "y")]),
            ("Here they are.\nExample 1\nx\nOutput: y", [("", "Here they are."), ("x", "y")]),
            ("Output: For Example, a cat.", [("", "For"), ("", ", a cat.")]),
            ("Output: Examples help.", [("", "s help.")]),
            ("Output: An example helps.", [("", "An example helps.")]),
            ("x\nExample", [("", "x")]),
            ("Example", []),
            # Q19: nothing of both: no instance.
            ("Just an answer.", []),
            ("output: in small letters", []),
            ("**Output**: bold", []),
            ("Input: x\nOutput: y", [("x", "y")]),
            ("Output: y", [("", "y")]),
            ("Output 2: y", [("", "y")]),
            ("Output\n \t2 : y", [("", "y")]),
            # The second of two outputs is left out, the first is cut at an "Input:".
            ("x\nOutput: y\nOutput: z", [("x", "y")]),
            ("x\nOutput: y\nInput: z\nOutput: w", [("x", "y")]),
            ("Output: y Input 7: z", [("", "y")]),
            # "Input:" goes only from the start of the input.
            ("Input 1: x\nInput 2: w\nOutput: y", [("x\nInput 2: w", "y")]),
            ("Text x\nInput: w\nOutput: y", [("Text x\nInput: w", "y")]),
            ("Example\t12.x\r\nOutput:\r\ny\r\n", [("x", "y")]),
            ("", []),
        ],
    )
    def test_quirks_input_first(self, text: str, expected: list[Pair]) -> None:
        assert pairs_of(Reply(text), Stage.INPUT_FIRST, Mode.PAPER) == expected
        assert reference.input_first(text, "stop") == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Class label: a\nx\nClass label: b\ny", [("x", "a"), ("y", "b")]),
            ("Sure!\nClass label: a\nx", [("x", "a")]),  # the preamble is skipped
            ("Class label: a", [("", "a")]),
            ("Class label:\na\nx\nx2", [("x\nx2", "a")]),
            ("I see Class label: a\nx", [("x", "a")]),
            ("class label: a\nx", []),
            ("**Class label**: a\nx", []),
            ("Class label: a\r\nx", [("x", "a")]),
            ("Class label: a\nInput: x", [("Input: x", "a")]),
            ("just a", []),
        ],
    )
    def test_quirks_output_first(self, text: str, expected: list[Pair]) -> None:
        assert pairs_of(Reply(text), Stage.OUTPUT_FIRST, Mode.PAPER) == expected
        assert reference.output_first(text, "stop") == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Example 1\nx\nOutput: y\nExample 2\nz\nOutput: w", [("x", "y")]),
            ("Example 1\nx\nOutput: y\nExample 2\nz", [("x", "y")]),
            ("Example 1\nx\nOutput: y\nExample 2", []),  # an empty chunk is none
            ("Output: y", []),
        ],
    )
    def test_a_reply_that_reached_its_limit(self, text: str, expected: list[Pair]) -> None:
        assert pairs_of(Reply(text, "length"), Stage.INPUT_FIRST, Mode.PAPER) == expected
        assert reference.input_first(text, "length") == expected


class TestInputFirst:
    BOTH = (("x", "y"), ("z", "w"))

    @pytest.mark.parametrize(
        "text",
        [
            "Example 1\nx\nOutput: y\nExample 2\nz\nOutput: w",
            "Example 1\nx\nOutput: y\n\nExample 2\nz\nOutput: w\n",
            "Example 1\r\nx\r\nOutput: y\r\n\r\nExample 2\r\nz\r\nOutput: w",
            "Example 1:\nInput: x\nOutput: y\nExample 2:\nInput: z\nOutput: w",
            "Example 1: x\nOutput: y\nExample 2: z\nOutput: w",
            "Example 1. x\nOutput: y\nExample 2) z\nOutput: w",
            "Example 1 - x\nOutput: y\nExample 2 – z\nOutput: w",
            "Example 1: Input: x\nOutput: y\nExample 2: Input: z\nOutput: w",
            "Example 1 (easy)\nx\nOutput: y\nExample 2 (hard):\nz\nOutput: w",
            "Example 1: A short one\nInput: x\nOutput: y\nExample 2: Next\nInput: z\nOutput: w",
            "Example #1\nx\nOutput: y\nEXAMPLE #2\nz\nOUTPUT: w",
            "Example\nx\nOutput: y\nExample\nz\nOutput: w",
            "Input: x\nOutput: y\nInput: z\nOutput: w",
            "Input: x\nOutput: y\n\nInput: z\n\nOutput: w",
            "Input 1: x\nOutput 1: y\nInput 2: z\nOutput 2: w",
            "Input (1): x\nOutput (1): y\nInput (2): z\nOutput (2): w",
            "1. Input: x\n   Output: y\n2. Input: z\n   Output: w",
            "1) **Input:** x\n   **Output:** y\n\n2) **Input:** z\n   **Output:** w",
            "- Input: x\n- Output: y\n- Input: z\n- Output: w",
            "**Example 1**\n\n**Input:** x\n\n**Output:** y\n\n**Example 2**\n\n**Input:** z\n\n"
            "**Output:** w",
            "**Example 1:**\n**Input**: x\n**Output**: y\n__Example 2__\n__Input:__ z\n*Output:* w",
            "### Example 1\n**Input:**\nx\n**Output:**\ny\n\n---\n\n### Example 2\n**Input:**\nz\n"
            "**Output:**\nw",
            "## Example 1\n### Input\nx\n### Output\ny\n## Example 2\n### Input\nz\n### Output\nw",
            "# Example 1\n## Input:\nx\n## Output:\ny\n# Example 2\n## Input:\nz\n## Output:\nw",
            "**Example 1**\n**Input**\nx\n**Output**\ny\n***\n**Example 2**\n**Input**\nz\n"
            "**Output**\nw",
            "Example Input: x\nExample Output: y\nSample input: z\nExpected output: w",
            "Example 1 Input: x\nExample 1 Output: y\nExample 2 Input: z\nExample 2 Output: w",
            "Input：x\nOutput：y\nInput：z\nOutput：w",
            "Sure! Here are two examples:\n\nExample 1\nx\nOutput: y\nExample 2\nz\nOutput: w",
            "Sure! Here are two examples:\n\nInput: x\nOutput: y\nInput: z\nOutput: w",
            "Two pairs:\nInput: x\nOutput: y\nInput: z\nOutput: w",
            "Task: Do it.\nExample 1\nx\nOutput: y\nExample 2\nz\nOutput: w",
            "**Task:** Do it.\n\nInput: x\nOutput: y\nInput: z\nOutput: w",
            "<think>\nInput: q\nOutput: r</think>\nExample 1\nx\nOutput: y\nInput: z\nOutput: w",
            "```\nExample 1\nx\nOutput: y\nExample 2\nz\nOutput: w\n```",
            "Example 1\n```\nInput: x\nOutput: y\n```\nExample 2\n```\nInput: z\nOutput: w\n```",
            "Example 1\nx\nOutput: y\nExample 2\nz\nOutput: w\n\nLet me know if you want more "
            "examples!",
            "> Example 1\n> Input: x\n> Output: y\n> Example 2\n> Input: z\n> Output: w",
            "Example 1: x Output: y\nExample 2: z -> Output: w",
            "Input: x, Output: y\n**Input:** z **Output:** w",
            "Example 1\nx\nOutput: y\nExample 2\nz\nOutput: w\n\n**Task:** Next.\nOutput: v",
            "Example 1\nx\nOutput: y\nExample 2\nz\nOutput: w\nTask: Next.\nOutput: v",
        ],
    )
    def test_two_instances_in_every_dress(self, text: str) -> None:
        assert read(text) == list(self.BOTH)
        assert [reason for reason, *_ in dropped(text) if reason is not Drop.PREAMBLE] == []

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Output: y", [("", "y")]),
            ("Output:\ny\nmore y", [("", "y\nmore y")]),
            ("**Output:** y", [("", "y")]),
            ("**Output: y**", [("", "y")]),
            ("Sure! Here's the output:\n\nOutput: y", [("", "y")]),
            ("Task: Do it.\nOutput: y", [("", "y")]),
            # Emphasis that belongs to the text stays.
            ("Output: **bold** text", [("", "**bold** text")]),
            ("Output: **kwargs", [("", "**kwargs")]),
            ("**Output:** **bold** text", [("", "**bold** text")]),
            # Fields of an input keep their names, as in the demonstrations.
            ("Example 1\nLanguage: C\nCode: x;\nOutput: y", [("Language: C\nCode: x;", "y")]),
            ("Context: c\nInput: x\nOutput: y", [("Context: c\nInput: x", "y")]),
            ("Input 1: 5\nInput 2: 7\nOutput: 12", [("Input 1: 5\nInput 2: 7", "12")]),
            ("**Input 1:** 5\n**Input 2:** 7\nOutput: 12", [("Input 1: 5\nInput 2: 7", "12")]),
            ("Sure, I will come.\nOutput: positive", [("Sure, I will come.", "positive")]),
            ("Task 3 is late.\nOutput: negative", [("Task 3 is late.", "negative")]),
            ("Input: https://a.example/b\nOutput: 15:37", [("https://a.example/b", "15:37")]),
            # As in the reference code, the second output of an instance is left out.
            ("x\nOutput: y\nOutput: z", [("x", "y")]),
        ],
    )
    def test_single_instances(self, text: str, expected: list[Pair]) -> None:
        assert read(text) == expected

    @pytest.mark.parametrize(
        "output",
        [
            "For Example, a cat is one.",
            "An animal, Example 2 of it being a cat.",
            "A noun names a thing.\nExample: a cat\nIt is one.",
            "A noun names a thing.\nExample:\na cat",
            "The Output: prints 3. The Input: was 2.",
            "A function:\n- Input: a list\n- Output: its sum",
            "1. Input: what goes in\n2. Output: what comes out",
            "Output format follows.\nInputs are many.",
            "def f(x):\n    # Input: any\n    # Output: five\n    # Example: 4\n    return 5",
            "```python\nprint(3)\n# Output: 3\nOutput: 3\nInput: 4\n```",
            "```\nExample 2\nInput: 4\n```\nand so on",
            "| Input | Output |\n| --- | --- |\n| 1 | 2 |",
            "Dear Ann,\n\nlet me know if you need anything.",
        ],
    )
    def test_words_and_code_inside_an_output(self, output: str) -> None:
        assert read(f"Output: {output}") == [("", output)]
        text = f"Example 1\nx\nOutput: {output}\nExample 2\nz\nOutput: w"
        assert read(text) == [("x", output), ("z", "w")]

    def test_code_inside_an_input(self) -> None:
        code = "```python\n# Input: 3\nInput: 3\nprint(4)  # Output: 4\n```"
        assert read(f"Input:\n{code}\nOutput: 4") == [(code, "4")]
        assert read(f"Example 1\n{code.replace('Input: 3', 'n')}\nOutput: 4")[0][1] == "4"

    @pytest.mark.parametrize(
        ("text", "preamble"),
        [
            ("These show it.\n\nExample 1\nx\nOutput: y", "These show it."),
            ("Sure! Here is one example:\n\nInput: x\nOutput: y", "Sure! Here is one example:"),
            ("One pair:\nInput: x\nOutput: y", "One pair:"),
            ("Task: Do it.\nInput: x\nOutput: y", "Task: Do it."),
        ],
    )
    def test_preambles(self, text: str, preamble: str) -> None:
        assert read(text) == [("x", "y")]
        assert dropped(text) == [(Drop.PREAMBLE, "", preamble)]

    @pytest.mark.parametrize(
        ("text", "kept", "without"),
        [
            ("Just an answer.", [], "Just an answer."),
            ("Input: x", [], "x"),
            ("Look at the Output: it is 5.", [], "Look at the Output: it is 5."),
            ("Example 1\nx\nExample 2\nz\nOutput: w", [("z", "w")], "x"),
            ("Example 1\nx\nOutput: y\nExample 2\nz", [("x", "y")], "z"),
            ("x\nOutput: y\nInput: z", [("x", "y")], "z"),
        ],
    )
    def test_missing_outputs(self, text: str, kept: list[Pair], without: str) -> None:
        assert read(text) == kept
        assert dropped(text) == [(Drop.NO_OUTPUT_FIELD, "", without)]

    @pytest.mark.parametrize(
        ("text", "kept", "lost"),
        [
            # The last instance is not complete; those before it are.
            ("Example 1\nx\nOutput: y\nExample 2\nz\nOutput: w", [("x", "y")], [("z", "w")]),
            ("Example 1\nx\nOutput: y\nExample 2\nz", [("x", "y")], [("", "z")]),
            ("Example 1\nx\nOutput: y\nExample 2\n", [("x", "y")], []),
            ("Example 1\nx\nOutput: y\nExam", [], [("x", "y\nExam")]),
            ("Output: y", [], [("", "y")]),
        ],
    )
    def test_cut_off(self, text: str, kept: list[Pair], lost: list[Pair]) -> None:
        assert read(text, "length") == kept
        assert dropped(text, end="length") == [(Drop.TRUNCATED, *pair) for pair in lost]


class TestOutputFirst:
    @pytest.mark.parametrize(
        "text",
        [
            "Class label: a\nx\nClass label: b\ny",
            "Class label: a\n\nx\n\nClass label: b\n\ny\n",
            "Class label: a\r\nx\r\nClass label: b\r\ny",
            "Class label:\na\nx\nClass label:\nb\ny",
            "class label: a\nx\nCLASS LABEL: b\ny",
            "Class label 1: a\nx\nClass Label 2: b\ny",
            "**Class label:** a\nx\n**Class label:** b\ny",
            "**Class label: a**\nx\n**Class label: b**\ny",
            "Class label: **a**\nx\nClass label: `b`\ny",
            "### Class label: a\nx\n\n---\n\n### Class label: b\ny",
            "1. Class label: a\n   x\n2. Class label: b\n   y",
            "- Class label: a\n  x\n- Class label: b\n  y",
            "Class label: a\nInput: x\nClass label: b\nInput: y",
            "**Class label:** a\n**Input:** x\n\n**Class label:** b\n**Input:** y",
            "- Class label: a\n- Input: x\n- Class label: b\n- Input: y",
            "Example 1\nClass label: a\nx\nExample 2\nClass label: b\ny",
            "**Example 1:**\nClass label: a\nInput: x\n\n**Example 2:**\nClass label: b\nInput: y",
            # The other way round: a label belongs to the input before it.
            "Input: x\nClass label: a\nInput: y\nClass label: b",
            "Example 1\nInput: x\nClass label: a\n\nExample 2\nInput: y\nClass label: b",
            "Here is an input for each label:\n\nClass label: a\nx\nClass label: b\ny",
            "<think>Class label: q\nr</think>Class label: a\nx\nClass label: b\ny",
            "Class label：a\nx\nClass label：b\ny",
            "```\nClass label: a\nx\nClass label: b\ny\n```",
            "Class label: a\nx\nClass label: b\ny\n\nThese examples cover both labels.",
            "Class label: a\nx\nClass label: b\ny\n\n## Task: Next\nClass label: c\nz",
        ],
    )
    def test_two_labels_in_every_dress(self, text: str) -> None:
        assert labelled(text) == [("x", "a"), ("y", "b")]
        reasons = [reason for reason, *_ in dropped(text, Stage.OUTPUT_FIRST)]
        assert [reason for reason in reasons if reason is not Drop.PREAMBLE] == []

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Class label: fruit", [("", "fruit")]),
            ("Class label: not covered\nRule: r\nCase: c", [("Rule: r\nCase: c", "not covered")]),
            ("Class label: __init__\nx", [("x", "__init__")]),
            ("Class label: C*\nx", [("x", "C*")]),
            ("Class label: a\nWhich Class label: is it?", [("Which Class label: is it?", "a")]),
            ("Class label: a\nExample 1: x\nExample 2: y", [("Example 1: x\nExample 2: y", "a")]),
            ("Class label: a\nText: x\nInput: y", [("Text: x\nInput: y", "a")]),
            (
                "Class label: a\n```\nClass label: q\n```\nClass label: b\ny",
                [("```\nClass label: q\n```", "a"), ("y", "b")],
            ),
        ],
    )
    def test_particular_texts(self, text: str, expected: list[Pair]) -> None:
        assert labelled(text) == expected

    def test_preamble(self) -> None:
        text = "One input for each:\nClass label: a\nx"
        assert labelled(text) == [("x", "a")]
        assert dropped(text, Stage.OUTPUT_FIRST) == [(Drop.PREAMBLE, "", "One input for each:")]

    @pytest.mark.parametrize("text", ["a", "Label: a\nx", "The class label is a.", "Input: x"])
    def test_no_class_label(self, text: str) -> None:
        assert labelled(text) == []
        assert dropped(text, Stage.OUTPUT_FIRST) == [(Drop.NO_CLASS_LABEL, "", text)]

    def test_an_input_whose_label_is_missing(self) -> None:
        text = "Input: x\nClass label: a\nInput: y"
        assert labelled(text) == [("x", "a")]
        assert dropped(text, Stage.OUTPUT_FIRST) == [(Drop.NO_CLASS_LABEL, "y", "")]
        # Cut off there, the instance before is complete.
        assert labelled(text, "length") == [("x", "a")]
        assert dropped(text, Stage.OUTPUT_FIRST, end="length") == [(Drop.TRUNCATED, "y", "")]

    def test_cut_off(self) -> None:
        text = "Class label: a\nx\nClass label: b\ny and"
        assert labelled(text, "length") == [("x", "a")]
        assert dropped(text, Stage.OUTPUT_FIRST, end="length") == [(Drop.TRUNCATED, "y and", "b")]


def examples(*pairs: Pair) -> str:
    return "\n".join(f"Example {n}\n{i}\nOutput: {o}" for n, (i, o) in enumerate(pairs, 1))


@pytest.mark.parametrize("mode", list(Mode))
class TestFilters:
    @pytest.mark.parametrize(
        ("pair", "reason"),
        [
            (("x", ""), Drop.EMPTY_OUTPUT),
            (("same", "same"), Drop.SAME_AS_INPUT),
            (("x", "y:"), Drop.ENDS_WITH_COLON),
            (("x:", "y"), Drop.ENDS_WITH_COLON),
            (("x: ", "y"), Drop.ENDS_WITH_COLON),
        ],
    )
    def test_an_invalid_instance_is_dropped_alone(
        self, mode: Mode, pair: Pair, reason: Drop
    ) -> None:
        text = examples(("u", "v"), pair, ("w", "z"))
        assert pairs_of(Reply(text), Stage.INPUT_FIRST, mode) == [("u", "v"), ("w", "z")]
        expected = (reason, pair[0].strip(), pair[1].strip())
        assert dropped(text, mode=mode) == [expected]
        assert reference.input_first(text, "stop") == [("u", "v"), ("w", "z")]

    def test_conflicting_outputs_drop_all(self, mode: Mode) -> None:
        text = examples(("u", "v"), ("x", "y"), ("x", "z"))
        assert pairs_of(Reply(text), Stage.INPUT_FIRST, mode) == []
        assert dropped(text, mode=mode) == [
            (Drop.CONFLICTING, "u", "v"),
            (Drop.CONFLICTING, "x", "y"),
            (Drop.CONFLICTING, "x", "z"),
        ]
        assert reference.input_first(text, "stop") == []

    def test_an_invalid_instance_conflicts_with_none(self, mode: Mode) -> None:
        text = examples(("x", "y"), ("x", "z:"))
        assert pairs_of(Reply(text), Stage.INPUT_FIRST, mode) == [("x", "y")]

    def test_without_input_outputs_may_differ(self, mode: Mode) -> None:
        text = "Example 1\nOutput: y\nExample 2\nOutput: z"
        assert pairs_of(Reply(text), Stage.INPUT_FIRST, mode) == [("", "y"), ("", "z")]

    def test_duplicates_are_taken_once(self, mode: Mode) -> None:
        text = examples(("x", "y"), ("u", "v"), ("x", "y"), ("x", "y"))
        assert pairs_of(Reply(text), Stage.INPUT_FIRST, mode) == [("x", "y"), ("u", "v")]
        assert dropped(text, mode=mode) == [(Drop.DUPLICATE, "x", "y")] * 2

    def test_over_the_limit(self, mode: Mode) -> None:
        everything = [(f"x{n}", f"y{n}") for n in range(9)]
        reading = instances.parse(
            Reply(examples(*everything)), Stage.INPUT_FIRST, mode, max_instances=3, sample_key="1"
        )
        taken = [(one.input, one.output) for one in reading.instances]
        left = [(one.input, one.output) for one in reading.dropped]
        assert taken == [("x2", "y2"), ("x4", "y4"), ("x7", "y7")]
        assert left == [pair for pair in everything if pair not in taken]
        assert {one.reason for one in reading.dropped} == {Drop.OVER_LIMIT}

    def test_a_failed_call(self, mode: Mode) -> None:
        for stage in STAGES:
            reading = instances.parse(Reply(None, "length"), stage, mode)
            assert (reading.instances, reading.dropped) == ((), ())


class TestSample:
    REPLY = Reply(examples(*((f"x{n}", f"y{n}") for n in range(12))))

    def test_the_key_decides(self) -> None:
        def sample(key: str) -> tuple[Instance, ...]:
            reading = instances.parse(self.REPLY, Stage.INPUT_FIRST, Mode.IMPROVED, sample_key=key)
            return reading.instances

        assert sample("42/instances/0/0") == sample("42/instances/0/0")
        samples = {sample(f"42/instances/{n}/0") for n in range(300)}
        assert len(samples) > 200  # of 792
        taken = Counter(one.input for chosen in samples for one in chosen)
        assert len(taken) == 12
        assert max(taken.values()) < 2 * min(taken.values())

    def test_the_same_in_every_process(self) -> None:
        script = (
            "import sys\n"
            "from selfinstruct_core.generation.instances import parse\n"
            "from selfinstruct_core.models import Mode, Reply, Stage\n"
            "for mode in Mode:\n"
            "    found = parse(Reply(sys.argv[1]), Stage.INPUT_FIRST, mode, sample_key='k')\n"
            "    print([one.input for one in found.instances], len(found.dropped))\n"
        )
        said = {
            subprocess.run(
                [sys.executable, "-c", script, str(self.REPLY.text)],
                cwd=ROOT,
                env=os.environ | {"PYTHONHASHSEED": seed},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for seed in ("0", "1", "4242")
        }
        assert said == {"['x0', 'x2', 'x3', 'x5', 'x11'] 7\n" * 2}


class TestReasons:
    """Every stable name of a drop."""

    CASES = (
        (Drop.PREAMBLE, Stage.INPUT_FIRST, Reply("So:\nExample 1\nx\nOutput: y")),
        (Drop.TRUNCATED, Stage.INPUT_FIRST, Reply("Output: y", "length")),
        (Drop.NO_OUTPUT_FIELD, Stage.INPUT_FIRST, Reply("y")),
        (Drop.NO_CLASS_LABEL, Stage.OUTPUT_FIRST, Reply("y")),
        (Drop.EMPTY_OUTPUT, Stage.OUTPUT_FIRST, Reply("Class label:")),
        (Drop.SAME_AS_INPUT, Stage.OUTPUT_FIRST, Reply("Class label: y\ny")),
        (Drop.ENDS_WITH_COLON, Stage.INPUT_FIRST, Reply("Output: y:")),
        (Drop.CONFLICTING, Stage.OUTPUT_FIRST, Reply("Class label: a\nx\nClass label: b\nx")),
        (Drop.DUPLICATE, Stage.OUTPUT_FIRST, Reply("Class label: a\nx\nClass label: a\nx")),
        (Drop.OVER_LIMIT, Stage.INPUT_FIRST, TestSample.REPLY),
    )

    def test_none_is_missing(self) -> None:
        assert [reason for reason, *_ in self.CASES] == list(Drop)

    @pytest.mark.parametrize(("reason", "stage", "reply"), CASES)
    def test_reason(self, reason: Drop, stage: Stage, reply: Reply) -> None:
        reading = instances.parse(reply, stage, Mode.IMPROVED)
        assert {one.reason for one in reading.dropped} == {reason}

    def test_the_stored_names(self) -> None:
        assert [reason.value for reason in Drop] == [
            "preamble", "truncated", "no_output_field", "no_class_label", "empty_output",
            "same_as_input", "ends_with_colon", "conflicting", "duplicate", "over_limit",
        ]  # fmt: skip


@pytest.mark.parametrize("stage", STAGES)
def test_improved_reads_anything_without_losing_an_instance_twice(stage: Stage) -> None:
    rng = random.Random(8)
    dress = ("\n**Output:** ", "\n### Example 2\n", "\n- Input: ", "\n```\n", "\n---\n", "<think>")
    for _ in range(6000):
        reply = random_reply(rng, FRAGMENTS + dress)
        reading = instances.parse(reply, stage, Mode.IMPROVED)
        for one in reading.instances:
            assert one.output == one.output.strip() != ""
            assert one.input == one.input.strip() != one.output
        cut = [one for one in reading.dropped if one.reason is Drop.TRUNCATED]
        assert len(cut) <= (reply.finish_reason == "length")


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(
    "unit",
    ["Example: ", "Example:\n", "Input: x\n", "Output ", "Class label: ", "```\n", " ", "\n"],
)
def test_degenerate_replies_are_read_in_no_time(unit: str, mode: Mode) -> None:
    # A pattern that goes back and forth would take minutes here.
    for stage in STAGES:
        reply = Reply(unit * (40_000 // len(unit)))
        assert len(instances.parse(reply, stage, mode).instances) <= 1


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(
    ("stage", "text", "reason"),
    [
        (Stage.INPUT_FIRST, "Example 1\n", Drop.NO_OUTPUT_FIELD),
        (Stage.INPUT_FIRST, "", Drop.NO_OUTPUT_FIELD),
        (Stage.OUTPUT_FIRST, " \n", Drop.NO_CLASS_LABEL),
    ],
)
def test_no_reply_is_without_a_reason(mode: Mode, stage: Stage, text: str, reason: Drop) -> None:
    reading = instances.parse(Reply(text), stage, mode)
    assert reading.instances == ()
    assert [one.reason for one in reading.dropped] == [reason]
