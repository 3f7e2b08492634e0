"""What the tasks that ship promise: counts, bounds, and answers that code works out again."""

import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from selfinstruct_core.analysis.parsers import load_parser
from selfinstruct_core.analysis.verb_nouns import verb_nouns
from selfinstruct_core.exchange.seed_file import load_seed_file
from selfinstruct_core.generation.heuristics import ALPACA_KEYWORDS, judge_text
from selfinstruct_core.generation.instance_filters import filter_instances
from selfinstruct_core.generation.instances import parse as parse_instances
from selfinstruct_core.generation.instances import render as render_instances
from selfinstruct_core.generation.novelty import nearest_texts
from selfinstruct_core.generation.pool import text_rules
from selfinstruct_core.generation.prompt_set import load_prompt_set
from selfinstruct_core.generation.recipe import Filters
from selfinstruct_core.generation.tokenizers import Tokenizer
from selfinstruct_core.lm.demo.examples import InstructionDefect, load_examples
from selfinstruct_core.lm.demo.systems import NO_RESPONSE, SYSTEMS, load_responses, respond
from selfinstruct_core.models import KEPT, Instance, InstanceReading, Mode, Reply, Stage
from tests.seeds import (
    check_demo_tasks,
    check_seed_tasks,
    check_user_oriented_1,
    check_user_oriented_2,
    report,
)
from tests.seeds.checked import CHECKS
from tests.seeds.shipped import FILES, SEEDS, Row, rows, tasks, texts

DATA = Path(
    os.environ.get("STUDIO_TEST_DATA") or Path(__file__).parents[2].parent / "shared" / "data"
)
CHECK_MODULES = (check_demo_tasks, check_seed_tasks, check_user_oriented_1, check_user_oriented_2)
ALL = [row for name in FILES for row in tasks(name)]
BY_CODE = [row for row in ALL if row["checked_by"] == "code"]
MODES = (Mode.IMPROVED, Mode.PAPER)
# What would be read as the beginning of another field or instance.
FIELD = re.compile(
    r"^\s*(?:example\s*\d|(?:input|output)\s*\d*\s*:|class label\s*:|(?:task|instruction)\s*:)",
    re.IGNORECASE | re.MULTILINE,
)


class TestSeedTasks:
    def test_counts(self) -> None:
        seeds = load_seed_file()
        assert [seed.id for seed in seeds] == [f"seed_task_{n}" for n in range(175)]
        assert sum(seed.is_classification for seed in seeds) == 25
        assert all(len(seed.instances) == 1 for seed in seeds)
        assert 48 <= sum(not seed.instances[0].input for seed in seeds) <= 52
        assert len({seed.name for seed in seeds}) == 175
        assert all(re.fullmatch(r"[a-z0-9_]+", seed.name) for seed in seeds)

    def test_root_verbs(self) -> None:
        found = verb_nouns((seed.instruction for seed in load_seed_file()), load_parser())
        verbs = Counter(one.verb for one in found if one.verb is not None)
        assert len(verbs) >= 60
        assert max(verbs.values()) <= 10

    def test_lengths_and_kinds_vary(self) -> None:
        seeds = load_seed_file()
        words = [len(seed.instruction.split()) for seed in seeds]
        assert min(words) <= 5
        assert max(words) >= 60
        outputs = [len(seed.instances[0].output.split()) for seed in seeds]
        assert min(outputs) == 1
        assert max(outputs) >= 150
        assert sum("?" in seed.instruction for seed in seeds) >= 15


class TestDemonstrations:
    def test_classification(self) -> None:
        shown = load_prompt_set().classification.demonstrations
        assert Counter(one.is_classification for one in shown) == {True: 12, False: 19}

    def test_input_first(self) -> None:
        shown = load_prompt_set().input_first.demonstrations
        assert len(shown) == 11
        assert sum(not one.instances[0].input for one in shown) >= 3
        assert sum(len(one.instances) == 2 for one in shown) >= 2

    def test_output_first(self) -> None:
        shown = load_prompt_set().output_first.demonstrations
        assert len(shown) == 16
        assert sum(not any(two.input for two in one.instances) for one in shown) == 2
        # Each label once, so that none is more likely than another.
        for one in shown:
            labels = Counter(two.output for two in one.instances)
            assert set(labels.values()) == {1}, one.instruction

    @pytest.mark.parametrize("stage", [Stage.INPUT_FIRST, Stage.OUTPUT_FIRST])
    def test_the_parser_reads_what_they_show(self, stage: Stage) -> None:
        prompts = load_prompt_set()
        stage_texts = prompts.input_first if stage is Stage.INPUT_FIRST else prompts.output_first
        shown = render_instances("Name a river.", stage_texts, stage).text
        for one in stage_texts.demonstrations:
            start = shown.index(one.instruction) + len(one.instruction)
            end = shown.index("\nTask:", start)
            for mode in MODES:
                assert read(shown[start:end], stage, mode) == sorted(one.instances, key=str)

    def test_none_is_near_a_seed(self) -> None:
        prompts = load_prompt_set()
        seeds = [seed.instruction for seed in load_seed_file()]
        groups = (prompts.classification, prompts.input_first, prompts.output_first)
        for group in groups:
            for one in group.demonstrations:
                assert nearest(one.instruction, seeds) < 0.6, one.instruction


def read(text: str, stage: Stage, mode: Mode) -> list[Instance]:
    """The instances that the parser finds in a reply."""
    found = parse_instances(Reply(text), stage, mode, max_instances=9, sample_key="")
    return sorted(found.instances, key=str)


class TestDemoTasks:
    def test_counts(self) -> None:
        examples = load_examples()
        assert len(examples.tasks) >= 500
        assert all(1 <= len(task.instances) <= 5 for task in examples.tasks)
        labelled = [task for task in examples.tasks if task.is_classification]
        assert sum(len({one.output for one in task.instances}) >= 2 for task in labelled) >= 150

    def test_defects_are_of_every_kind_and_do_what_they_say(self) -> None:
        examples = load_examples()
        assert {one.defect for one in examples.defects} == set(InstructionDefect)
        rules = text_rules(Filters(), Mode.IMPROVED)
        instructions = {task.id: task.instruction for task in examples.tasks}
        for one in examples.defects:
            if one.defect is InstructionDefect.TOO_SIMILAR:
                assert nearest(one.instruction, [instructions[str(one.of)]]) > 0.7, one.id
            else:
                reason = judge_text(one.instruction, rules).reason
                assert reason is not None, one.id
                assert reason.value == one.defect.value, one.id


class TestUserOrientedTasks:
    def test_counts(self) -> None:
        found = tasks("user_oriented_tasks")
        assert [row["id"] for row in found] == [f"user_oriented_task_{n}" for n in range(120)]
        assert len({row["motivation_app"].casefold() for row in found}) >= 50
        assert all(len(row["instances"]) == 1 for row in found)

    def test_every_system_answers_each_in_its_own_words(self) -> None:
        for row in tasks("user_oriented_tasks"):
            assert set(row["responses"]) == set(SYSTEMS)
            assert len(set(row["responses"].values())) == len(SYSTEMS), row["id"]
            for text in row["responses"].values():
                assert not re.search(r"demo-|as an ai|language model", text, re.IGNORECASE)

    def test_lengths_do_not_tell_the_systems_apart(self) -> None:
        found = tasks("user_oriented_tasks")
        longest = Counter(
            max(SYSTEMS, key=lambda name: len(row["responses"][name].split())) for row in found
        )
        assert max(longest.values()) < 0.6 * len(found)

    def test_the_demo_model_gives_them(self) -> None:
        written = load_responses()
        for row in tasks("user_oriented_tasks"):
            given = row["instances"][0]["input"]
            for form in ("{0}\n\nInput: {1}\nOutput:", "Task: {0}\n{1}\n", "{0}  \n {1}"):
                prompt = form.format(row["instruction"], given)
                for name in SYSTEMS:
                    assert respond(name, prompt, written) == row["responses"][name], row["id"]
        assert respond(SYSTEMS[0], "What is the time?", written) == NO_RESPONSE


@pytest.mark.parametrize("row", ALL, ids=[row["id"] for row in ALL])
def test_a_task_passes_what_tasks_are_judged_by(row: Row) -> None:
    for mode in MODES:
        rules = text_rules(Filters(keywords=ALPACA_KEYWORDS), mode)
        assert judge_text(row["instruction"], rules) == KEPT
    assert row["checked_by"] in ("code", "reader")
    instances = tuple(Instance(**one) for one in row["instances"])
    reading = filter_instances(InstanceReading(instances), 5, "any")
    assert set(reading.instances) == set(instances)
    for text in texts(row):
        assert text == text.strip()
        assert not FIELD.search(text)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u2028\u2029]|###", text)


def test_a_quarter_of_every_file_is_checked_by_code_and_nothing_else_is() -> None:
    assert len(CHECK_MODULES) == 4  # importing them registers the checks
    assert {row["id"] for row in BY_CODE} == set(CHECKS)
    for name in FILES:
        found = tasks(name)
        assert sum(row["checked_by"] == "code" for row in found) >= len(found) / 4


@pytest.mark.parametrize("row", BY_CODE, ids=[row["id"] for row in BY_CODE])
def test_code_works_out_the_answer_again(row: Row) -> None:
    for one in row["instances"]:
        CHECKS[row["id"]](one["input"], one["output"])


def test_no_two_instructions_are_alike() -> None:
    for score, one, other in report.nearest_pairs():
        assert score < 0.7, (one, other)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no real data at {DATA} (set STUDIO_TEST_DATA)")
def test_no_instruction_is_near_a_published_one() -> None:
    published = [
        json.loads(line)["instruction"]
        for name in ("seed_tasks", "user_oriented_instructions")
        for line in (DATA / "self_instruct" / f"{name}.jsonl").read_text("utf-8").splitlines()
    ]
    assert len(published) == 175 + 252
    prompts = load_prompt_set()
    groups = (prompts.classification, prompts.input_first, prompts.output_first)
    ours = [row["instruction"] for name in FILES for row in rows(name)]
    ours += [one.instruction for group in groups for one in group.demonstrations]
    for instruction in ours:
        assert nearest(instruction, published) < 0.5, instruction


def test_the_report_is_of_these_files() -> None:
    assert report.REPORT.read_text("utf-8") == report.report()


def nearest(instruction: str, others: list[str]) -> float:
    """The ROUGE-L F-measure to the most similar of the others."""
    found = nearest_texts(instruction, others, Tokenizer.ROUGE, 1)
    return found[0].score if found else 0.0


def test_the_readme_says_what_is_there() -> None:
    readme = " ".join((SEEDS / "README.md").read_text("utf-8").split())
    score = max(score for score, _, _ in report.nearest_pairs())
    labelled = sum(row["is_classification"] for row in tasks("demo_tasks"))
    found = verb_nouns((seed.instruction for seed in load_seed_file()), load_parser())
    verbs = {one.verb for one in found if one.verb is not None}
    for words in (
        f"{len(BY_CODE)} of {len(ALL)} tasks",
        f"the nearest pair is at {score:.3f}",
        f"{len(tasks('demo_tasks'))} written tasks, {labelled} of them classification",
        f"begin with {len(verbs)} different root verbs",
    ):
        assert words in readme
