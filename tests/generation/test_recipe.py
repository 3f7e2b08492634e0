"""The settings of a run: the paper's constants, their JSON form, and changes to them."""

import dataclasses
import json
from typing import Any

import pytest

from selfinstruct_core.errors import BadInput
from selfinstruct_core.generation.decoding import Decoding, improved_decoding, paper_decoding
from selfinstruct_core.generation.recipe import (
    Filters,
    RunSettings,
    default_settings,
    settings_from_json,
    settings_to_json,
    with_changes,
)
from selfinstruct_core.generation.tokenizers import Tokenizer
from selfinstruct_core.models import Api, Mode, Stage


class TestDefaults:
    def test_the_decoding_of_the_reference(self) -> None:
        stops = ("Example 6", "Task:")
        assert paper_decoding() == {
            Stage.INSTRUCTIONS: Decoding(
                1024, 0.7, 0.5, 2.0, 0.0, stop=("\n\n", "\n16", "16.", "16 .")
            ),
            Stage.CLASSIFICATION: Decoding(3, 0.0, 0.0, 0.0, 0.0, stop=("\n", "Task")),
            Stage.INPUT_FIRST: Decoding(350, 0.0, 0.0, 1.5, 0.0, stop=stops),
            Stage.OUTPUT_FIRST: Decoding(300, 0.0, 0.0, 1.5, 0.0, stop=stops),
        }

    @pytest.mark.parametrize("api", list(Api))
    def test_improved_stops_stand_at_the_start_of_a_line(self, api: Api) -> None:
        ends = {stage: decoding.stop for stage, decoding in improved_decoding(api).items()}
        list_ends = ("\n16.",) if api is Api.CHAT else ("\n\n", "\n16.")
        assert ends == {
            Stage.INSTRUCTIONS: list_ends,
            Stage.CLASSIFICATION: ("\nTask:",),
            Stage.INPUT_FIRST: ("\nExample 6", "\nTask:"),
            Stage.OUTPUT_FIRST: ("\nExample 6", "\nTask:"),
        }

    def test_improved_differs_in_stops_and_what_servers_refuse_only(self) -> None:
        for stage, decoding in improved_decoding(Api.COMPLETIONS).items():
            paper = dataclasses.replace(paper_decoding()[stage], stop=decoding.stop)
            if stage is not Stage.INSTRUCTIONS:
                paper = dataclasses.replace(paper, top_p=1.0)
            if stage is Stage.CLASSIFICATION:
                paper = dataclasses.replace(paper, max_tokens=8)
            assert decoding == paper

    @pytest.mark.parametrize("mode", list(Mode))
    def test_the_constants_of_the_paper(self, mode: Mode) -> None:
        settings = default_settings(mode)
        assert (settings.target, settings.seed, settings.mode) == (100, 42, mode)
        assert (settings.context_tasks, settings.machine_tasks_in_context) == (8, 2)
        assert (settings.window, settings.numbering, settings.max_fruitless) == (16, "code", 30)
        assert settings.filters == Filters(
            min_words=4,
            max_words=150,
            keywords=(
                "image", "images", "graph", "graphs", "picture", "pictures", "file", "files",
                "map", "maps", "draw", "plot", "go to",
            ),
            threshold=0.7,
            tokenizer=Tokenizer.ROUGE,
            max_instances=5,
        )  # fmt: skip

    def test_the_mode_chooses_the_decoding(self) -> None:
        assert default_settings(Mode.PAPER, Api.CHAT).decoding == paper_decoding()
        assert default_settings(Mode.PAPER, Api.CHAT).api is Api.CHAT
        for api in Api:
            assert default_settings(Mode.IMPROVED, api).decoding == improved_decoding(api)
        assert default_settings() == RunSettings()


class TestJson:
    @pytest.mark.parametrize("mode", list(Mode))
    @pytest.mark.parametrize("api", list(Api))
    def test_round_trip(self, mode: Mode, api: Api) -> None:
        changes = {
            "target": 7, "classification_only": True, "numbering": "paper",
            "filters": {"threshold": 0.55, "keywords": ["a", "b c"], "tokenizer": "scripts"},
            "decoding": {"classification": {"max_tokens": 5, "stop": ["ü", "\n"]}},
        }  # fmt: skip
        settings = with_changes(default_settings(mode, api), changes)
        stored = json.loads(json.dumps(settings_to_json(settings)))
        assert settings_from_json(stored) == settings
        assert json.loads(json.dumps(settings_to_json(settings_from_json(stored)))) == stored

    def test_the_stored_form(self) -> None:
        stored = json.loads(json.dumps(settings_to_json(default_settings(Mode.PAPER))))
        assert stored["mode"] == "paper"
        assert stored["api"] == "completions"
        assert stored["filters"]["tokenizer"] == "rouge"
        assert stored["filters"]["keywords"][-1] == "go to"
        assert list(stored["decoding"]) == [
            "instructions", "classification", "input-first", "output-first"
        ]  # fmt: skip
        assert stored["decoding"]["classification"] == {
            "max_tokens": 3, "temperature": 0.0, "top_p": 0.0, "presence_penalty": 0.0,
            "frequency_penalty": 0.0, "stop": ["\n", "Task"],
        }  # fmt: skip

    def test_the_given_form_is_not_changed(self) -> None:
        stored = settings_to_json(default_settings())
        before = json.dumps(stored)
        settings_from_json(stored)
        with_changes(default_settings(), {"filters": {"threshold": 0.1}})
        assert json.dumps(stored) == before


class TestChanges:
    def test_what_is_not_named_stays(self) -> None:
        changes = {"window": 4, "filters": {"min_words": 2}, "mode": "paper", "api": "chat"}
        assert with_changes(default_settings(), changes) == dataclasses.replace(
            default_settings(),
            window=4,
            mode=Mode.PAPER,
            api=Api.CHAT,
            filters=Filters(min_words=2),
        )
        assert with_changes(default_settings(), {}) == default_settings()
        assert with_changes(default_settings(), {"filters": {}}) == default_settings()

    def test_a_whole_number_may_stand_for_a_fraction(self) -> None:
        threshold = with_changes(
            default_settings(), {"filters": {"threshold": 1}}
        ).filters.threshold
        assert (threshold, type(threshold)) == (1.0, float)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"tokens": 3}, "There is no setting tokens; there are api, classification_only,"),
            ({"filters": {"treshold": 0.6}}, "no setting filters.treshold; there are keywords,"),
            ({"decoding": {"input_first": {}}}, "There is no setting decoding.input_first; there"),
            ({"decoding": {"input-first": {"n": 2}}}, "no setting decoding.input-first.n; there"),
            ({"target": "9"}, "Setting target is '9'; give it a value of the kind of 100."),
            ({"target": 9.0}, "Setting target is 9.0; give it a value of the kind of 100."),
            ({"target": True}, "Setting target is True; give it a value of the kind of 100."),
            ({"target": None}, "Setting target is None; give it a value of the kind of 100."),
            ({"classification_only": 1}, "classification_only is 1; give it a value of the kind"),
            ({"filters": {"threshold": "0.7"}}, "filters.threshold is '0.7'; give it a value"),
            ({"filters": {"threshold": True}}, "filters.threshold is True; give it a value"),
            ({"filters": 3}, "Setting filters is 3; give it a value of the kind of {"),
            ({"filters": {"keywords": "map"}}, "filters.keywords is 'map'; give it a value"),
            ({"filters": {"keywords": ["map", 7]}}, "filters.keywords is ['map', 7]; each of its"),
            ({"filters": {"keywords": [""]}}, "filters.keywords is ['']; each of its texts must"),
            ({"decoding": {"input-first": {"stop": [""]}}}, "decoding.input-first.stop is ['']"),
            ({"mode": "papers"}, "'papers' is not a valid Mode"),
            ({"api": "Chat"}, "'Chat' is not a valid Api"),
            ({"mode": 1}, "Setting mode is 1; give it a value of the kind of"),
            ({"filters": {"tokenizer": "bpe"}}, "'bpe' is not a valid Tokenizer"),
            ({"target": 0}, "target is 0; it must be at least 1."),
            ({"window": 0}, "window is 0; it must be at least 1."),
            ({"context_tasks": 0}, "context_tasks is 0; it must be at least 1."),
            ({"machine_tasks_in_context": -1}, "machine_tasks_in_context is -1; it must be at"),
            ({"max_fruitless": 0}, "max_fruitless is 0; it must be at least 1."),
            ({"context_tasks": 1}, "machine_tasks_in_context is 2, more than the 1 tasks"),
            ({"numbering": "roman"}, "numbering is \"roman\"; choose one of ('code', 'paper')."),
            ({"filters": {"threshold": 1.01}}, "threshold is 1.01; it must be between 0 and 1."),
            ({"filters": {"threshold": -1}}, "threshold is -1.0; it must be between 0 and 1."),
            ({"filters": {"threshold": float("nan")}}, "threshold is nan; it must be between"),
            ({"filters": {"threshold": 10**400}}, "The settings cannot be used: int too large"),
            ({"filters": {"min_words": 0}}, "min_words 0 and max_words 150: the first must"),
            ({"filters": {"max_words": 3}}, "min_words 4 and max_words 3: the first must"),
            ({"filters": {"max_instances": 0}}, "max_instances must be at least 1."),
            (
                {"decoding": {"instructions": {"max_tokens": 0}}},
                "instructions max_tokens is 0; it must be at least 1.",
            ),
            (
                {"decoding": {"output-first": {"temperature": float("inf")}}},
                "output-first temperature is inf; write a number.",
            ),
        ],
    )
    def test_errors_name_the_setting(self, changes: dict[str, Any], words: str) -> None:
        with pytest.raises(BadInput) as caught:
            with_changes(default_settings(), changes)
        assert words in str(caught.value)

    def test_settings_cannot_be_made_wrong_directly_either(self) -> None:
        with pytest.raises(BadInput, match="target is -3; it must be at least 1"):
            RunSettings(target=-3)
        with pytest.raises(BadInput, match="max_instances must be at least 1"):
            RunSettings(filters=Filters(max_instances=0))
