"""Stop sequences: four are sent, all of them are applied to what comes back."""

import dataclasses

import pytest

from selfinstruct_core.generation.decoding import (
    MAX_STOPS_SENT,
    Decoding,
    improved_decoding,
    paper_decoding,
)
from selfinstruct_core.generation.prompt_set import load_prompt_set
from selfinstruct_core.generation.recipe import RunSettings, default_settings
from selfinstruct_core.generation.requests import RequestWriter
from selfinstruct_core.generation.stops import apply_stops
from selfinstruct_core.models import Api, Endpoint, PoolTask, Reply, Stage

SIX = ("\n16.", "END", "\n\n", "***", "STOP", "<|im_end|>")


def with_stops(stops: tuple[str, ...]) -> RunSettings:
    decoding = improved_decoding(Api.COMPLETIONS)
    decoding[Stage.INSTRUCTIONS] = Decoding(50, 0.5, 0.5, stop=stops)
    return dataclasses.replace(default_settings(), decoding=decoding)


@pytest.mark.parametrize("count", range(7))
def test_at_most_four_are_sent(count: int) -> None:
    writer = RequestWriter(with_stops(SIX[:count]), load_prompt_set(), Endpoint("m"))
    request = writer.for_instructions(0, [PoolTask(1, "Say hello to them.", False)], [])
    assert request.parameters["stop"] == list(SIX[: min(count, 4)])
    assert MAX_STOPS_SENT == 4


@pytest.mark.parametrize("stop", SIX)
@pytest.mark.parametrize("finish_reason", ["stop", "length", None])
def test_all_are_applied(stop: str, finish_reason: str | None) -> None:
    reply = Reply(f" one two{stop}three", finish_reason)
    assert apply_stops(reply, SIX) == Reply(" one two", "stop")


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("a***bENDc", "a"),  # the first in the text, not in the list
        ("a\n\n\n16.", "a"),
        ("END", ""),
        ("aEN", None),
        ("a\n 16.", None),
        ("end", None),
        ("", None),
    ],
)
def test_where_it_is_cut(text: str, cut: str | None) -> None:
    expected = Reply(text, "length") if cut is None else Reply(cut, "stop")
    assert apply_stops(Reply(text, "length"), SIX) == expected


def test_what_is_left_alone() -> None:
    assert apply_stops(Reply(None, "length"), SIX) == Reply(None, "length")
    assert apply_stops(Reply("aENDb", "length"), ()) == Reply("aENDb", "length")


def test_sixteen_inside_a_text_ends_it_in_paper_mode_only() -> None:
    reply = Reply(" What happened in 1916. Say it.\n10. Foo\n16. Bar", "length")
    paper = paper_decoding()[Stage.INSTRUCTIONS].stop
    assert apply_stops(reply, paper) == Reply(" What happened in 19", "stop")  # Q2
    for api in Api:
        improved = improved_decoding(api)[Stage.INSTRUCTIONS].stop
        kept = Reply(" What happened in 1916. Say it.\n10. Foo", "stop")
        assert apply_stops(reply, improved) == kept


def test_an_example_inside_a_text_ends_it_in_paper_mode_only() -> None:
    reply = Reply("Output: see Example 6, or Task: one")
    for stage in (Stage.INPUT_FIRST, Stage.OUTPUT_FIRST):
        assert apply_stops(reply, paper_decoding()[stage].stop) == Reply("Output: see ", "stop")
        assert apply_stops(reply, improved_decoding(Api.CHAT)[stage].stop) == reply
