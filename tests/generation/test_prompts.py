"""The rendered text of every stage, the prompt files, and reading demonstrations back."""

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import pytest

from selfinstruct_core.errors import BadInput
from selfinstruct_core.generation import classification, instances, instructions
from selfinstruct_core.generation.context import request_seed
from selfinstruct_core.generation.prompt_set import (
    SHIPPED,
    ClassificationDemonstration,
    ClassificationPrompts,
    InstanceDemonstration,
    InstancePrompts,
    InstructionPrompts,
    PromptSet,
    load_prompt_set,
    read_prompt_set,
)
from selfinstruct_core.generation.recipe import default_settings, with_changes
from selfinstruct_core.generation.requests import RequestWriter
from selfinstruct_core.models import (
    Api,
    Endpoint,
    Instance,
    MachineTask,
    Mode,
    PoolTask,
    Prompt,
    Reply,
    Stage,
    TaskState,
)

SMALL = '''
name = "small"
[instructions]
header = "Tasks:"
classification_header = "Tasks with labels:"
chat_request = "From {next} to {last}."
[classification]
header = "Decide."
chat_request = "Yes or No."
[[classification.demonstrations]]
instruction = "Odd or even?"
is_classification = true
[[classification.demonstrations]]
instruction = "Sing."
is_classification = false
[input_first]
header = "Examples."
chat_request = "Continue."
[[input_first.demonstrations]]
instruction = "Greet me."
[[input_first.demonstrations.instances]]
input = ""
output = "Hello."
[[input_first.demonstrations]]
instruction = "Add."
[[input_first.demonstrations.instances]]
input = """
A: 1
B: 2
"""
output = "3"
[[input_first.demonstrations.instances]]
input = "A: 2"
output = """
2

done"""
[output_first]
header = "Labels."
chat_request = "Continue with labels."
[[output_first.demonstrations]]
instruction = "Wet?"
[[output_first.demonstrations.instances]]
input = "rain"
output = "yes"
[[output_first.demonstrations.instances]]
input = "sand\\ndust"
output = "no"
[[output_first.demonstrations]]
instruction = "Is ice cold?"
[[output_first.demonstrations.instances]]
input = ""
output = "yes"
'''
PROMPTS = read_prompt_set(SMALL, "small.toml")
TASK = MachineTask(9, 3, 1, " Count the words. ", None, TaskState.PENDING)

DECIDE = """Decide.

Task: Odd or even?
Is it classification? Yes

Task: Sing.
Is it classification? No

Task: Count the words.
Is it classification?"""

EXAMPLES = """Examples.

Task: Greet me.
Output: Hello.

Task: Add.
Example 1
A: 1
B: 2
Output: 3
Example 2
A: 2
Output: 2

done

Task: Count the words.
"""

LABELS = """Labels.

Task: Wet?
Class label: yes
rain
Class label: no
sand
dust

Task: Is ice cold?
Class label: yes

Task: Count the words.
"""


def render(tasks: list[str], *, numbering: str = "code", only: bool = False) -> str:
    texts = PROMPTS.instructions
    return instructions.render(tasks, texts, numbering=numbering, classification_only=only).text


class TestInstructions:
    def test_numbering_of_the_code(self) -> None:
        tasks = [f"Do {n}." for n in range(1, 9)]
        assert render(tasks) == (
            "Tasks:\n1. Do 1.\n2. Do 2.\n3. Do 3.\n4. Do 4.\n5. Do 5.\n6. Do 6.\n7. Do 7.\n"
            "8. Do 8.\n9."
        )

    def test_numbering_of_the_paper(self) -> None:
        assert render(["Do it.", "Go on."], numbering="paper") == (
            "Tasks:\nTask 1: Do it.\nTask 2: Go on.\nTask 3:"
        )

    def test_header_for_classification_tasks(self) -> None:
        assert render(["Do it."], only=True) == "Tasks with labels:\n1. Do it.\n2."

    @pytest.mark.parametrize(
        ("instruction", "line"),
        [
            ("  Do\n\n this\tnow.\u00a0", "Do this now."),
            ("Do this:", "Do this"),
            ("Do this::\n", "Do this"),
            ("Do this :", "Do this "),  # as in the reference code: stripped before the colon goes
            ("Do this: that", "Do this: that"),
            ("a\r\nb\u2028c\u3000d", "a b c d"),
        ],
    )
    def test_every_task_on_one_line(self, instruction: str, line: str) -> None:
        assert render([instruction]) == f"Tasks:\n1. {line}\n2."

    def test_what_chat_models_are_asked(self) -> None:
        assert instructions.chat_request(PROMPTS.instructions, 8) == "From 9 to 15."
        assert instructions.chat_request(PROMPTS.instructions, 3) == "From 4 to 10."
        plain = InstructionPrompts("h", "c", "Go {on}.")
        assert instructions.chat_request(plain, 8) == "Go {on}."

    @pytest.mark.parametrize("numbering", ["code", "paper"])
    def test_the_parser_reads_the_prompt_s_own_list(self, numbering: str) -> None:
        tasks = [f"Do the thing number {n}" for n in range(1, 9)]
        listed = render(tasks, numbering=numbering).partition("\n")[2].rpartition("\n")[0]
        found = instructions.parse(Reply(listed), Mode.IMPROVED)
        assert [one.instruction for one in found if one.verdict.kept] == tasks


class TestLaterStages:
    def test_classification(self) -> None:
        assert classification.render(TASK.instruction, PROMPTS.classification).text == DECIDE

    def test_input_first(self) -> None:
        prompt = instances.render(TASK.instruction, PROMPTS.input_first, Stage.INPUT_FIRST)
        assert prompt.text == EXAMPLES

    def test_output_first(self) -> None:
        prompt = instances.render(TASK.instruction, PROMPTS.output_first, Stage.OUTPUT_FIRST)
        assert prompt.text == LABELS

    def test_a_single_instance_with_input_is_numbered(self) -> None:
        shown = InstanceDemonstration("Add.", (Instance("1 + 1", "2"),))
        prompt = instances.render("T", InstancePrompts("H", "c", (shown,)), Stage.INPUT_FIRST)
        assert prompt.text == "H\n\nTask: Add.\nExample 1\n1 + 1\nOutput: 2\n\nTask: T\n"

    def test_several_instances_are_numbered_also_without_input(self) -> None:
        shown = InstanceDemonstration("Sing.", (Instance("", "La"), Instance("softly", "la")))
        prompt = instances.render("T", InstancePrompts("H", "c", (shown,)), Stage.INPUT_FIRST)
        assert prompt.prefix == (
            "H\n\nTask: Sing.\nExample 1\n\nOutput: La\nExample 2\nsoftly\nOutput: la\n\nTask:"
        )

    def test_the_shared_part_is_the_same_for_every_task(self) -> None:
        for stage, texts in (
            (Stage.INPUT_FIRST, PROMPTS.input_first),
            (Stage.OUTPUT_FIRST, PROMPTS.output_first),
        ):
            first, second = (instances.render(text, texts, stage) for text in ("One", "Two"))
            assert first.prefix == second.prefix
            assert (first.tail, second.tail) == (" One\n", " Two\n")

    def test_templates_replace_header_and_demonstrations_word_for_word(self) -> None:
        template = "  My {own} text.\nTask:"
        decide = ClassificationPrompts("", "c", (), template)
        assert classification.render("T", decide) == Prompt(template, " T\nIs it classification?")
        texts = InstancePrompts("", "c", (), template)
        for stage in (Stage.INPUT_FIRST, Stage.OUTPUT_FIRST):
            assert instances.render("T", texts, stage) == Prompt(template, " T\n")


class TestRequests:
    SEEDS = (PoolTask(1, "Do it:", True), PoolTask(2, "Go on.", True))

    @staticmethod
    def writer(api: Api, **changes: Any) -> RequestWriter:
        settings = with_changes(default_settings(api=api), {"seed": 5, **changes})
        return RequestWriter(settings, PROMPTS, Endpoint("m", api))

    @pytest.mark.parametrize("api", list(Api))
    def test_the_text_is_the_same_for_both_interfaces(self, api: Api) -> None:
        writer = self.writer(api)
        request = writer.for_classification(4, TASK)
        assert request.prompt.text == DECIDE
        assert request.source == (3, 1)
        assert request.instruction == TASK.instruction
        assert writer.for_instances(4, TASK).prompt.text == EXAMPLES
        labelled = MachineTask(9, 3, 1, "Count the words.", True, TaskState.PENDING)
        assert writer.for_instances(4, labelled).prompt.text == LABELS
        assert writer.for_instances(4, labelled).stage is Stage.OUTPUT_FIRST

    @pytest.mark.parametrize("api", list(Api))
    def test_the_list(self, api: Api) -> None:
        request = self.writer(api).for_instructions(0, self.SEEDS, ())
        lines = {1: "Do it", 2: "Go on."}
        first, second = (lines[id_] for id_ in request.context)
        assert request.prompt.text == f"Tasks:\n1. {first}\n2. {second}\n3."
        paper = self.writer(api, numbering="paper", classification_only=True)
        assert paper.for_instructions(0, self.SEEDS, ()).prompt.text == (
            f"Tasks with labels:\nTask 1: {first}\nTask 2: {second}\nTask 3:"
        )

    def test_chat_models_get_a_request_of_their_own(self) -> None:
        requests = {}
        for api in Api:
            writer = self.writer(api)
            sent = [writer.for_instructions(0, self.SEEDS, ()), writer.for_classification(0, TASK)]
            for clf in (False, True):
                task = MachineTask(9, 3, 1, "Count.", clf, TaskState.PENDING)
                sent.append(writer.for_instances(0, task))
            requests[api] = [request.parameters.get("chat_request") for request in sent]
        assert requests == {
            Api.COMPLETIONS: [None] * 4,
            Api.CHAT: ["From 3 to 9.", "Yes or No.", "Continue.", "Continue with labels."],
        }

    def test_parameters(self) -> None:
        settings = default_settings(Mode.PAPER)
        writer = RequestWriter(settings, PROMPTS, Endpoint("davinci"))
        request = writer.for_classification(6, TASK)
        assert request.parameters == {
            "model": "davinci",
            "max_tokens": 3,
            "temperature": 0.0,
            "top_p": 0.0,
            "presence_penalty": 0.0,
            "frequency_penalty": 0.0,
            "stop": ["\n", "Task"],
            "seed": request_seed(42, Stage.CLASSIFICATION, 6),
        }
        # Q15: the limit is that of the task's own stage.
        limits = [
            writer.for_instances(
                0, MachineTask(9, 3, 1, "Count.", clf, TaskState.PENDING)
            ).parameters["max_tokens"]
            for clf in (False, True)
        ]
        assert limits == [350, 300]


class TestShipped:
    PROMPTS = load_prompt_set()

    def test_as_many_demonstrations_as_the_papers(self) -> None:
        shown = self.PROMPTS.classification.demonstrations
        assert sum(one.is_classification for one in shown) == 12
        assert sum(not one.is_classification for one in shown) == 19
        assert len(self.PROMPTS.input_first.demonstrations) == 11
        assert len(self.PROMPTS.output_first.demonstrations) == 16

    def test_some_need_no_input(self) -> None:
        direct = [
            one.instruction
            for one in self.PROMPTS.input_first.demonstrations
            if not one.instances[0].input
        ]
        assert len(direct) == 4
        label_only = [
            one for one in self.PROMPTS.output_first.demonstrations if not one.instances[0].input
        ]
        assert len(label_only) == 2

    def test_no_instruction_twice(self) -> None:
        texts = [
            one.instruction
            for stage in (
                self.PROMPTS.classification,
                self.PROMPTS.input_first,
                self.PROMPTS.output_first,
            )
            for one in stage.demonstrations
        ]
        assert len(texts) == len(set(texts)) == 31 + 11 + 16

    @pytest.mark.parametrize("mode", list(Mode))
    @pytest.mark.parametrize("stage", [Stage.INPUT_FIRST, Stage.OUTPUT_FIRST])
    @pytest.mark.parametrize("prompts", [PROMPTS, read_prompt_set(SMALL, "small")])
    def test_the_parsers_read_the_demonstrations_back(
        self, mode: Mode, stage: Stage, prompts: PromptSet
    ) -> None:
        texts = prompts.input_first if stage is Stage.INPUT_FIRST else prompts.output_first
        for shown in texts.demonstrations:
            one = InstancePrompts("H", "c", (shown,))
            text = instances.render("T", one, stage).text
            reply = text.removeprefix(f"H\n\nTask: {shown.instruction}\n").removesuffix("Task: T\n")
            reading = instances.parse(Reply(reply), stage, mode)
            assert (reading.instances, reading.dropped) == (shown.instances, ())

    @pytest.mark.parametrize("mode", list(Mode))
    def test_the_answers_of_the_demonstrations(self, mode: Mode) -> None:
        for shown in self.PROMPTS.classification.demonstrations:
            one = ClassificationPrompts("H", "c", (shown,))
            lines = classification.render("T", one).text.split("\n")
            answer = lines[3].removeprefix("Is it classification?")
            assert classification.parse(Reply(answer), mode) is shown.is_classification

    def test_the_requests_to_chat_models(self) -> None:
        request = instructions.chat_request(self.PROMPTS.instructions, 8)
        assert "starting at number 9 and ending at number 15" in request
        assert "{" not in request


class TestFile:
    def test_what_is_read(self) -> None:
        assert PROMPTS.name == "small"
        assert PROMPTS.source == SMALL
        assert PROMPTS.instructions == InstructionPrompts(
            "Tasks:", "Tasks with labels:", "From {next} to {last}."
        )
        assert PROMPTS.classification == ClassificationPrompts(
            "Decide.",
            "Yes or No.",
            (
                ClassificationDemonstration("Odd or even?", True),
                ClassificationDemonstration("Sing.", False),
            ),
        )
        # What surrounds an instance's texts is not part of them.
        assert PROMPTS.input_first.demonstrations[1].instances == (
            Instance("A: 1\nB: 2", "3"),
            Instance("A: 2", "2\n\ndone"),
        )

    def test_hash(self) -> None:
        assert PROMPTS.hash == hashlib.sha256(SMALL.encode()).hexdigest()
        other = read_prompt_set(SMALL.replace("Decide.", "Entscheide, ß."), "small.toml")
        assert other.hash != PROMPTS.hash
        assert len(other.hash) == 64
        shipped = SHIPPED.read_text("utf-8").encode()
        assert load_prompt_set().hash == hashlib.sha256(shipped).hexdigest()

    @pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
    @pytest.mark.parametrize("end", [b"\n", b"\r\n"])
    def test_files_of_other_editors(self, tmp_path: Path, start: bytes, end: bytes) -> None:
        path = tmp_path / "p.toml"
        path.write_bytes(start + SMALL.encode().replace(b"\n", end))
        assert load_prompt_set(path) == PROMPTS

    def test_a_template_needs_no_demonstrations(self) -> None:
        for field in ("classification", "input_first", "output_first"):
            content = tomllib.loads(SMALL)[field]
            start = SMALL.index(f"[{field}]")
            table = f'[{field}]\ntemplate = "T\\nTask:"\nchat_request = "C"\n'
            following = {"classification": "[input_first]", "input_first": "[output_first]"}
            end = SMALL.index(following[field]) if field in following else len(SMALL)
            prompts = read_prompt_set(SMALL[:start] + table + SMALL[end:], "p")
            texts = getattr(prompts, field)
            assert (texts.template, texts.chat_request) == ("T\nTask:", "C")
            assert texts.demonstrations == ()
            assert len(content["demonstrations"]) == 2

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ('name = "small"', "", "p.toml: field name is missing; write a text."),
            ('"small"', "7", "p.toml: field name is of type int; write a text."),
            ('"small"', '" "', "p.toml: field name is empty; write a text."),
            ("[instructions]", "[instruction]", "p.toml: field instructions is missing; add a"),
            ("[instructions]", "instructions = 3\n[x]", "field instructions is of type int; add"),
            (
                'header = "Tasks:"\n',
                "",
                "p.toml: [instructions]: field header is missing; write a text.",
            ),
            (
                'classification_header = "Tasks with labels:"',
                "classification_header = []",
                "p.toml: [instructions]: field classification_header is of type list; write a",
            ),
            (
                '"From {next} to {last}."',
                '""',
                "p.toml: [instructions]: field chat_request is empty; write a text.",
            ),
            ('"Decide."', "1.5", "p.toml: [classification]: field header is of type float; write"),
            (
                '"Yes or No."',
                "true",
                "p.toml: [classification]: field chat_request is of type bool; write a text.",
            ),
            (
                "is_classification = true",
                'is_classification = "yes"',
                "p.toml: [classification]: demonstrations 1: field is_classification is of type "
                "str; write true or false.",
            ),
            (
                "is_classification = false",
                "",
                "p.toml: [classification]: demonstrations 2: field is_classification is missing; "
                "write true or false.",
            ),
            (
                '"Sing."',
                '"\\n"',
                "p.toml: [classification]: demonstrations 2: field instruction is empty; write a",
            ),
            (
                'header = "Examples."',
                'header = "E"\ntemplate = 3',
                "p.toml: [input_first]: field template is of type int; write a text.",
            ),
            (
                'header = "Examples."',
                'header = "E"\ntemplate = ""',
                "p.toml: [input_first]: field template is empty; write a text.",
            ),
            (
                'input = "A: 2"\n',
                "",
                "p.toml: [input_first]: demonstrations 2: instances 2: field input is missing; "
                'write a text; "" is allowed.',
            ),
            (
                'output = "Hello."',
                'output = " "',
                "p.toml: [input_first]: demonstrations 1: instances 1: field output is empty; "
                "write a text.",
            ),
            (
                'output = "Hello."',
                "output = 2024-01-01",
                "p.toml: [input_first]: demonstrations 1: instances 1: field output is of type "
                "date; write a text.",
            ),
            (
                '[[output_first.demonstrations.instances]]\ninput = ""\noutput = "yes"\n',
                "",
                "p.toml: [output_first]: demonstrations 2: field instances is missing; add tables "
                "[[instances]].",
            ),
            (
                '[[output_first.demonstrations.instances]]\ninput = ""\noutput = "yes"\n',
                "instances = []",
                "p.toml: [output_first]: demonstrations 2: instances holds no tables; add at least",
            ),
            (
                '[[output_first.demonstrations.instances]]\ninput = ""\noutput = "yes"\n',
                'instances = ["yes"]',
                "p.toml: [output_first]: demonstrations 2: instances holds no tables; add at least",
            ),
        ],
    )
    def test_each_mistake_names_file_and_field(self, old: str, new: str, words: str) -> None:
        assert SMALL.count(old) == 1
        with pytest.raises(BadInput) as caught:
            read_prompt_set(SMALL.replace(old, new), "p.toml")
        assert words in str(caught.value)

    @pytest.mark.parametrize("field", ["classification", "input_first", "output_first"])
    def test_a_stage_without_demonstrations(self, field: str) -> None:
        start = SMALL.index(f"[[{field}.demonstrations]]")
        later = SMALL.find("\n[", SMALL.rindex(f"[[{field}.demonstrations"))
        rest = SMALL[later:] if later >= 0 else ""
        with pytest.raises(BadInput) as caught:
            read_prompt_set(SMALL[:start] + rest, "p.toml")
        assert str(caught.value) == (
            f"p.toml: [{field}]: field demonstrations is missing; add tables [[demonstrations]]."
        )

    def test_not_toml(self) -> None:
        with pytest.raises(BadInput, match=r"p\.toml: not valid TOML: .*line 2"):
            read_prompt_set("name = 'x'\nname\nb = 2", "p.toml")

    def test_files_that_cannot_be_read(self, tmp_path: Path) -> None:
        latin = tmp_path / "latin.toml"
        latin.write_bytes("name = 'ä'".encode("latin-1"))
        for path in (latin, tmp_path, tmp_path / "none.toml"):
            with pytest.raises(BadInput) as caught:
                load_prompt_set(path)
            assert str(caught.value).startswith(f"{path}: cannot be read as UTF-8 text (")
