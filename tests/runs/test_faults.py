"""Servers that fail, through the real SDK over real HTTP."""

import gzip
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from selfinstruct_core.generation import retries
from selfinstruct_core.generation.run_overview import run_overview
from selfinstruct_core.lm.client import FaultKind
from selfinstruct_core.models import Api, Endpoint, RunState
from selfinstruct_core.storage.database import Database
from tests.support.run_rows import run_rows
from tests.support.scripted_server import Answer, ScriptedServer, completion, error

Generate = Callable[..., tuple[int, RunState]]

LIST = " Name a river in Asia\n10. Count the vowels in the word\n11. Sing"


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_WAIT", 0.001)


def _good(_: int, body: dict[str, Any]) -> Answer:
    """Two candidates and one too short for stage 1, No, and one instance."""
    prompt = body["prompt"]
    if prompt.endswith("9."):
        return completion(LIST)
    return completion(" No" if prompt.endswith("classification?") else "Output: Mekong")


def _outcomes(database: Database) -> list[tuple[str, str]]:
    with database.read() as connection:
        query = "SELECT outcome, detail FROM attempts ORDER BY request_id, number"
        return [(row.outcome, row.detail) for row in connection.execute(sa.text(query))]


def _endpoint(server: ScriptedServer, **more: Any) -> Endpoint:
    return Endpoint("m", base_url=server.base_url, **more)


def test_what_is_sent_and_what_is_stored(database: Database, generate: Generate) -> None:
    with ScriptedServer(_good) as server:
        run_id, state = generate(target=2, endpoint=_endpoint(server))
    assert state is RunState.FINISHED
    first = server.requests[0]
    assert {name: value for name, value in first.items() if name not in ("prompt", "seed")} == {
        "model": "m",
        "max_tokens": 1024,
        "temperature": 0.7,
        "top_p": 0.5,
        "presence_penalty": 2.0,
        "frequency_penalty": 0.0,
        "stop": ["\n\n", "\n16."],
    }
    assert first["prompt"].startswith("Come up with a series of tasks:\n1. ")
    overview = run_overview(database, run_id)
    # 1 request of stage 1, 2 of stage 2, 2 of stage 3; each told 3 + 4 tokens.
    assert overview.traffic.answered == 5
    assert overview.traffic.tokens == 5 * 7
    assert overview.counts.kept == 2
    assert overview.counts.rejected == {"too_short": 1}
    assert run_rows(database, run_id)["instances"] == [
        (0, 0, 0, "", "Mekong"),
        (0, 1, 0, "", "Mekong"),
    ]


def test_chat_sends_one_message_that_ends_with_the_prompt(
    database: Database, generate: Generate
) -> None:
    def script(_: int, body: dict[str, Any]) -> Answer:
        text = _good(0, {"prompt": body["messages"][0]["content"]}).body["choices"][0]["text"]
        message = {"role": "assistant", "content": text}
        return Answer({"choices": [{"message": message, "finish_reason": "stop"}]})

    with ScriptedServer(script) as server:
        run_id, state = generate(target=2, api=Api.CHAT, endpoint=_endpoint(server, api=Api.CHAT))
    assert state is RunState.FINISHED
    (message,) = server.requests[0]["messages"]
    assert message["role"] == "user"
    assert message["content"].startswith("Continue the numbered list")
    assert message["content"].endswith("\n9.")
    assert "chat_request" not in server.requests[0]
    # This server told no usage: the number of tokens is unknown, not zero.
    assert run_overview(database, run_id).traffic.tokens is None


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (error(500, "out of order"), "server_error"),
        (error(503, "busy", retry_after="0.01"), "server_error"),
        (error(429, "slow down", retry_after="0"), "rate_limited"),
        (Answer({"choices": []}), "bad_reply"),
        (Answer({"choices": [{"text": 5}]}), "bad_reply"),
        (Answer([1, 2]), "bad_reply"),
        (Answer(b"<html>"), "bad_reply"),
        (Answer(b'{"choices": [{"te'), "bad_reply"),
    ],
)
def test_passing_faults_are_retried_and_change_nothing(
    database: Database, generate: Generate, fault: Answer, outcome: str
) -> None:
    with ScriptedServer(_good) as server:
        calm, _ = generate(target=2, endpoint=_endpoint(server))
    with ScriptedServer(lambda n, body: fault if n % 2 == 0 else _good(n, body)) as server:
        run_id, state = generate(target=2, concurrency=1, endpoint=_endpoint(server))
    assert state is RunState.FINISHED
    assert run_rows(database, run_id) == run_rows(database, calm)
    traffic = run_overview(database, run_id).traffic
    assert (traffic.answered, traffic.failed, traffic.in_flight) == (5, 5, 0)
    assert [name for name, _ in _outcomes(database)[5:]] == [outcome, "answered"] * 5


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (error(401, "who are you?"), "authentication: 401: who are you?"),
        (error(404, "no model m"), "refused: 404: no model m"),
        (error(400, "stop is not supported"), "refused: 400: stop is not supported"),
        (Answer({"detail": "pinned to m2"}, 404), "refused: 404: pinned to m2"),
        (error(429, "pay first", "insufficient_quota"), "quota: 429: pay first"),
    ],
)
def test_final_faults_end_the_run_with_the_servers_words(
    database: Database, generate: Generate, fault: Answer, told: str
) -> None:
    with ScriptedServer(lambda *_: fault) as server:
        run_id, state = generate(target=2, endpoint=_endpoint(server))
    assert state is RunState.FAILED
    words, _, advice = run_overview(database, run_id).run.detail.partition("; ")
    assert words == told
    assert advice == retries.ADVICE[FaultKind(told.partition(":")[0])]
    assert len(server.requests) == 1


def test_a_server_that_stays_down_fails_the_run(database: Database, generate: Generate) -> None:
    with ScriptedServer(_good) as server:
        gone = _endpoint(server)
    run_id, state = generate(target=2, endpoint=gone)
    assert state is RunState.FAILED
    detail = run_overview(database, run_id).run.detail
    assert detail.startswith("12 attempts failed, the last with connection: ")
    assert gone.base_url in detail
    assert detail.endswith("; resume when the server works again")
    assert [name for name, _ in _outcomes(database)] == ["connection"] * 12


def test_replies_that_stay_unusable_are_empty_responses(
    database: Database, generate: Generate
) -> None:
    # The run does not hang on them, and does not go on for ever: it counts them as fruitless.
    with ScriptedServer(lambda *_: Answer({"choices": []})) as server:
        run_id, state = generate(
            target=2, concurrency=1, max_fruitless=2, endpoint=_endpoint(server)
        )
    assert state is RunState.EXHAUSTED
    overview = run_overview(database, run_id)
    assert overview.run.detail.startswith("2 responses in a row brought no new task")
    assert len(server.requests) == 2 * retries.MAX_ATTEMPTS
    assert overview.counts.rejected == {}


def test_the_key_is_sent_and_appears_nowhere(
    database: Database, generate: Generate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_KEY_TEST", "sk-very-secret")
    echo = error(401, "Incorrect key provided: sk-very-secret")
    with ScriptedServer(lambda *_: echo) as server:
        run_id, _ = generate(target=2, endpoint=_endpoint(server, key_env="STUDIO_KEY_TEST"))
    assert server.keys == ["Bearer sk-very-secret"]
    assert "Incorrect key provided: [key]; " in run_overview(database, run_id).run.detail
    stored = database.url.database
    assert stored is not None
    with open(stored, "rb") as file:  # noqa: PTH123 # bytes, with the write-ahead log beside it
        content = file.read()
    with open(f"{stored}-wal", "rb") as file:  # noqa: PTH123
        content += file.read()
    assert b"sk-very-secret" not in content


def test_a_missing_key_fails_the_run_before_anything_is_sent(
    database: Database, generate: Generate
) -> None:
    with ScriptedServer(_good) as server:
        run_id, state = generate(target=2, endpoint=_endpoint(server, key_env="STUDIO_KEY_TEST"))
    assert state is RunState.FAILED
    assert "The key STUDIO_KEY_TEST is not set" in run_overview(database, run_id).run.detail
    assert server.requests == []


def test_lone_surrogates_and_nul_are_stored_as_replacement_characters(
    database: Database, generate: Generate
) -> None:
    def script(n: int, body: dict[str, Any]) -> Answer:
        if body["prompt"].endswith("9."):
            return completion(" Name the \ud800 odd \x00 letter here")
        return _good(n, body)

    with ScriptedServer(script) as server:
        run_id, state = generate(target=1, endpoint=_endpoint(server))
    assert state is RunState.FINISHED
    (task,) = run_rows(database, run_id)["tasks"]
    assert task[2] == "Name the \ufffd odd \ufffd letter here"


def test_megabytes_are_not_read_to_their_end(database: Database, generate: Generate) -> None:
    huge = Answer(b" " * 20_000_000)
    with ScriptedServer(lambda n, body: huge if n == 0 else _good(n, body)) as server:
        _, state = generate(target=2, concurrency=1, endpoint=_endpoint(server))
    assert state is RunState.FINISHED
    assert _outcomes(database)[0] == (
        "bad_reply",
        "the reply is larger than 8 MiB; the rest was not read",
    )


def test_compressed_replies_are_refused(database: Database, generate: Generate) -> None:
    packed = Answer(gzip.compress(b"0" * 1000), headers={"Content-Encoding": "gzip"})
    with ScriptedServer(lambda n, body: packed if n == 0 else _good(n, body)) as server:
        _, state = generate(target=2, concurrency=1, endpoint=_endpoint(server))
    assert state is RunState.FINISHED
    assert _outcomes(database)[0][0] == "bad_reply"


def test_an_answer_that_never_ends_is_given_up(database: Database, generate: Generate) -> None:
    def script(n: int, body: dict[str, Any]) -> Answer:
        if n == 0:
            time.sleep(1)
        return _good(n, body)

    with ScriptedServer(script) as server:
        slow = _endpoint(server, timeout_seconds=0.3)
        _, state = generate(target=2, concurrency=1, endpoint=slow)
    assert state is RunState.FINISHED
    assert _outcomes(database)[0] == ("timeout", "no answer within 0.3 s")


def test_a_refused_prompt_costs_one_task_and_not_the_run(
    database: Database, generate: Generate
) -> None:
    def script(n: int, body: dict[str, Any]) -> Answer:
        asks_for_instances = not body["prompt"].endswith(("9.", "classification?"))
        if asks_for_instances and "Count the vowels" in body["prompt"]:
            return error(400, "maximum context length is 1024 tokens")
        return _good(n, body)

    with ScriptedServer(script) as server:
        run_id, state = generate(target=2, concurrency=1, endpoint=_endpoint(server))
    assert state is RunState.FINISHED
    states = [(row[2], row[4]) for row in run_rows(database, run_id)["tasks"]]
    assert states == [
        ("Name a river in Asia", "ready"),
        ("Count the vowels in the word", "no_instance"),
    ]
    refused = ("refused", "400: maximum context length is 1024 tokens")
    assert _outcomes(database).count(refused) == 1


def test_a_server_that_begins_to_refuse_everything_ends_the_run(
    database: Database, generate: Generate
) -> None:
    no = error(400, "no more of this")
    with ScriptedServer(lambda n, body: _good(n, body) if n < 20 else no) as server:
        run_id, state = generate(
            target=50, concurrency=1, filters={"threshold": 1.0}, endpoint=_endpoint(server)
        )
    assert state is RunState.FAILED
    assert run_overview(database, run_id).run.detail.startswith("refused: 400: no more of this; ")
    assert len(server.requests) == 20 + 6
