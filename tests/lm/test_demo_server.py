"""The demo model over real HTTP, asked by the OpenAI client."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from selfinstruct_core.lm.demo.examples import load_examples
from selfinstruct_core.lm.demo.server import DemoServer, create_app

ROOT = Path(__file__).parents[2]
EXAMPLES_PATH = Path(__file__).with_name("demo_examples.jsonl")
EXAMPLES = load_examples(EXAMPLES_PATH)

MODELS = "demo, demo-strong, demo-medium, demo-weak"
LIST_PROMPT = (
    "Come up with a series of tasks:\n1. Rank these cheeses by age.\n"
    "2. Say if the given number is even or odd.\n9."
)
LIST_TEXT = (
    " List the ingredients of a plain omelette.\n"
    "10. Summarise text\n"
    "11. Decide whether this hotel review is Positive or Negative.\n"
    "12. Suggest a fair way for three flatmates to share the washing up.\n"
    "13. Compose a haiku about the first frost on a garden fence."
)
PARITY = "Task: Say if the given number is even or odd.\n"
CASES = [
    (LIST_PROMPT, LIST_TEXT),
    (f"{PARITY}Is it classification?", " Yes"),
    (PARITY, "Example 1\n14\nOutput: even\n\nExample 2\n27\nOutput: odd"),
    (
        f"Task: Is it wet?\nClass label: yes\nrain\n\n{PARITY}",
        "Class label: even\n14\n\nClass label: odd\n27",
    ),
    (
        "What is your name?",
        "This is the demo model, which replays written examples and is no language model.",
    ),
]


def client(base_url: str) -> OpenAI:
    return OpenAI(base_url=base_url, api_key="unused", max_retries=0, timeout=20)


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with DemoServer(examples=EXAMPLES) as server:
        yield server.base_url


@pytest.fixture(scope="module")
def demo(base_url: str) -> Iterator[OpenAI]:
    with client(base_url) as opened:
        yield opened


@contextmanager
def served(hash_seed: str = "0", port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in a process of its own, and the line it printed."""
    code = (
        "import sys; from pathlib import Path\n"
        "from selfinstruct_core.lm.demo.examples import load_examples\n"
        "from selfinstruct_core.lm.demo.server import serve\n"
        "serve(int(sys.argv[2]), examples=load_examples(Path(sys.argv[1])))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(EXAMPLES_PATH), str(port)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hash_seed},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


# --- answers


@pytest.mark.parametrize(("prompt", "text"), CASES)
def test_every_kind_of_prompt_through_both_interfaces(demo: OpenAI, prompt: str, text: str) -> None:
    completion = demo.completions.create(model="demo", prompt=prompt, seed=1, max_tokens=1024)
    assert completion.choices[0].text == text
    chat = demo.chat.completions.create(
        model="demo",
        messages=[
            {"role": "system", "content": "Continue the text."},
            {"role": "user", "content": "Not this one."},
            {"role": "assistant", "content": "Nor this."},
            {"role": "user", "content": prompt},
        ],
        seed=1,
    )
    assert chat.choices[0].message.content == text
    assert chat.choices[0].message.role == "assistant"


def test_the_async_client_gets_the_same(base_url: str) -> None:
    async def ask_all() -> list[str]:
        async with AsyncOpenAI(base_url=base_url, api_key="unused", max_retries=0) as demo:
            answers = await asyncio.gather(
                *(
                    demo.completions.create(model="demo", prompt=prompt, seed=1, max_tokens=1024)
                    for prompt, _ in CASES
                )
            )
            return [answer.choices[0].text for answer in answers]

    assert asyncio.run(ask_all()) == [text for _, text in CASES]


def test_a_whole_completion(demo: OpenAI) -> None:
    raw = demo.completions.with_raw_response.create(
        model="demo",
        prompt=[LIST_PROMPT],
        seed=1,
        max_tokens=1024,
        temperature=0.7,
        top_p=0.5,
        frequency_penalty=0,
        presence_penalty=2,
        n=1,
        best_of=1,
        logprobs=1,
        stop=["\n\n", "\n12", "12.", "12 ."],
    )
    assert raw.headers["x-demo-model"] == "replays written examples; no language model"
    body = json.loads(raw.text)
    assert body.pop("id") == "cmpl-demo-b036e44a938cdbb6d8687760"
    assert body == {
        "object": "text_completion",
        "created": 0,
        "model": "demo",
        "choices": [
            {
                "index": 0,
                "text": LIST_TEXT.partition("\n12")[0],
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        # 24 and 20 words
        "usage": {"prompt_tokens": 32, "completion_tokens": 27, "total_tokens": 59},
        "system_fingerprint": "demo-replays-written-examples",
    }


def test_a_whole_chat_completion(demo: OpenAI) -> None:
    raw = demo.chat.completions.with_raw_response.create(
        model="demo",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": PARITY},
                    {"type": "text", "text": "Is it classification?"},
                ],
            }
        ],
        max_completion_tokens=3,
        stop="\n",
    )
    assert raw.headers["x-demo-model"] == "replays written examples; no language model"
    body = json.loads(raw.text)
    assert body.pop("id") == "chatcmpl-demo-1b2f753c1b022dca6d0a159f"
    assert body == {
        "object": "chat.completion",
        "created": 0,
        "model": "demo",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": " Yes", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        # 13 words and 1 word
        "usage": {"prompt_tokens": 18, "completion_tokens": 2, "total_tokens": 20},
        "system_fingerprint": "demo-replays-written-examples",
    }


def test_models(demo: OpenAI) -> None:
    listed = demo.models.list().data
    assert [(model.id, model.object, model.created) for model in listed] == [
        (name, "model", 0) for name in ("demo", "demo-strong", "demo-medium", "demo-weak")
    ]
    raw = demo.models.with_raw_response.list()
    assert raw.headers["x-demo-model"] == "replays written examples; no language model"


def test_token_limits_of_both_interfaces(demo: OpenAI) -> None:
    # Without a limit the older interface allows 16 tokens, which are 12 words.
    default = demo.completions.create(model="demo", prompt=LIST_PROMPT, seed=1)
    assert default.choices[0].text == (
        " List the ingredients of a plain omelette.\n10. Summarise text\n11. Decide"
    )
    assert default.choices[0].finish_reason == "length"
    for limit in ({"max_tokens": 4}, {"max_completion_tokens": 4, "max_tokens": 9}):
        chat = demo.chat.completions.create(
            model="demo",
            messages=[{"role": "user", "content": LIST_PROMPT}],
            seed=1,
            **limit,  # type: ignore[call-overload]  # the overloads cannot be told from a dict
        )
        assert chat.choices[0].message.content == " List the ingredients"
        assert chat.choices[0].finish_reason == "length"


def test_other_settings_do_not_change_the_answer(demo: OpenAI) -> None:
    texts = {
        demo.completions.create(
            model="demo", prompt=LIST_PROMPT, seed=1, max_tokens=limit, temperature=temperature
        )
        .choices[0]
        .text
        for limit, temperature in ((1024, 0.0), (512, 1.0), (1024, 2.0))
    }
    assert texts == {LIST_TEXT}


# --- determinism


def bodies(base_url: str) -> list[str]:
    with client(base_url) as demo:
        return [
            demo.completions.with_raw_response.create(
                model="demo", prompt=prompt, seed=seed, max_tokens=200, stop=["\n\n"]
            ).text
            for prompt, _ in CASES
            for seed in (1, 2, 3)
        ]


def test_processes_and_ports_do_not_matter(base_url: str) -> None:
    here = bodies(base_url)
    with DemoServer(examples=EXAMPLES, latency=0.001, jitter=0.01) as other:
        assert other.base_url != base_url
        assert bodies(other.base_url) == here
    for hash_seed in ("1", "2"):
        with served(hash_seed) as (_, line):
            assert bodies(line.split()[3].removesuffix(":")) == here


# --- errors


def post(demo: OpenAI, path: str, body: dict[str, object]) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as caught:
        demo.post(path, body=body, cast_to=object)
    return caught.value


def check_error(
    error: openai.APIStatusError, status: int, param: str | None, message: str, code: str | None
) -> None:
    assert error.status_code == status
    assert json.loads(error.response.text) == {
        "error": {
            "message": message,
            "type": "invalid_request_error",
            "param": param,
            "code": code,
        }
    }
    assert error.response.headers["x-demo-model"] == "replays written examples; no language model"


MISSING: Any = object()
SHARED_ERRORS = [
    ("model", MISSING, "is missing."),
    ("model", 1, "must be a text."),
    ("stop", ["a", "b", "c", "d", "e"], "must be at most 4 texts, not 5."),
    ("stop", 1, "must be a text or a list of texts, none of them empty."),
    ("stop", [1], "must be a text or a list of texts, none of them empty."),
    ("stop", "", "must be a text or a list of texts, none of them empty."),
    ("max_tokens", "9", "must be a whole number."),
    ("max_tokens", 0, "must be at least 1."),
    ("seed", 1.5, "must be a whole number."),
    ("seed", True, "must be a whole number."),
    ("n", "1", "must be a whole number."),
    ("stream", "yes", "must be true or false."),
    ("temperature", "warm", "must be a number."),
    ("temperature", 2.1, "must be between 0 and 2."),
    ("top_p", False, "must be a number."),
    ("top_p", -0.1, "must be between 0 and 1."),
    ("frequency_penalty", 3, "must be between -2 and 2."),
    ("presence_penalty", -3, "must be between -2 and 2."),
]
COMPLETION_ERRORS = [
    ("prompt", MISSING, "is missing."),
    ("prompt", 1, "must be a text or a list of one text."),
    ("prompt", [], "must be a text or a list of one text."),
    ("prompt", ["a", "b"], "must be a text or a list of one text."),
    ("prompt", [1], "must be a text or a list of one text."),
    ("best_of", 1.0, "must be a whole number."),
    ("echo", 1, "must be true or false."),
]
CONTENT = "must be messages whose content is a text or a list of text parts."
CHAT_ERRORS = [
    ("messages", MISSING, "is missing."),
    ("messages", "hello", "must be a list of objects with a role."),
    ("messages", ["hello"], "must be a list of objects with a role."),
    ("messages", [{"content": "hello"}], "must be a list of objects with a role."),
    ("messages", [], "has no message of a user."),
    ("messages", [{"role": "system", "content": "hello"}], "has no message of a user."),
    ("messages", [{"role": "user"}], CONTENT),
    ("messages", [{"role": "user", "content": ["hello"]}], CONTENT),
    ("messages", [{"role": "user", "content": [{"type": "image_url"}]}], CONTENT),
    ("max_completion_tokens", "9", "must be a whole number."),
    ("max_completion_tokens", 0, "must be at least 1."),
]
GOOD_COMPLETION: dict[str, object] = {"model": "demo", "prompt": PARITY}
GOOD_CHAT: dict[str, object] = {
    "model": "demo",
    "messages": [{"role": "user", "content": PARITY}],
}
BOTH = [("/completions", GOOD_COMPLETION), ("/chat/completions", GOOD_CHAT)]


@pytest.mark.parametrize(
    ("path", "good", "name", "value", "end"),
    [(*each, *error) for each in BOTH for error in SHARED_ERRORS]
    + [(*BOTH[0], *error) for error in COMPLETION_ERRORS]
    + [(*BOTH[1], *error) for error in CHAT_ERRORS],
)
def test_a_missing_or_wrong_parameter_is_named(
    demo: OpenAI, path: str, good: dict[str, object], name: str, value: object, end: str
) -> None:
    body = {**good, name: value}
    if value is MISSING:
        del body[name]
    check_error(post(demo, path, body), 400, name, f"The parameter '{name}' {end}", None)


@pytest.mark.parametrize(
    ("path", "good", "name", "value", "shown"),
    [
        (*each, *refused)
        for each in BOTH
        for refused in (("n", 2, "n=2"), ("stream", True, "stream=true"))
    ]
    + [
        (*BOTH[0], "best_of", 2, "best_of=2"),
        (*BOTH[0], "echo", True, "echo=true"),
    ],
)
def test_what_it_cannot_do_is_refused(
    demo: OpenAI, path: str, good: dict[str, object], name: str, value: object, shown: str
) -> None:
    error = post(demo, path, {**good, name: value})
    check_error(error, 400, name, f"The demo model does not support {shown}.", None)


@pytest.mark.parametrize(("path", "good"), BOTH)
def test_nulls_are_as_good_as_absent(demo: OpenAI, path: str, good: dict[str, object]) -> None:
    names = ("n", "stop", "seed", "stream", "max_tokens", "temperature", "echo", "best_of")
    answer = demo.post(path, body={**good, **dict.fromkeys(names)}, cast_to=object)
    assert isinstance(answer, dict)
    assert answer == demo.post(path, body=good, cast_to=object)


@pytest.mark.parametrize(("path", "good"), BOTH)
def test_only_the_demo_model_is_served(demo: OpenAI, path: str, good: dict[str, object]) -> None:
    error = post(demo, path, {**good, "model": "gpt-3"})
    assert isinstance(error, openai.NotFoundError)
    message = f"The model 'gpt-3' does not exist; this server has {MODELS}."
    check_error(error, 404, "model", message, "model_not_found")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "The body is not valid JSON."),
        (b'{"model": ', "The body is not valid JSON."),
        (b'{"model": "\xff"}', "The body is not valid JSON."),
        (b"[" * 100_000, "The body is not valid JSON."),
        (b"[]", "The body must be a JSON object."),
    ],
    ids=["empty", "cut off", "not UTF-8", "too deep", "a list"],
)
@pytest.mark.parametrize("path", ["/completions", "/chat/completions"])
def test_a_body_that_is_no_json_object(demo: OpenAI, path: str, raw: bytes, message: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        demo.post(path, content=raw, cast_to=object)
    check_error(caught.value, 400, None, message, None)


def test_unknown_paths_and_methods(demo: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        demo.embeddings.create(model="demo", input="x")
    check_error(unknown.value, 404, None, "Not Found: POST /v1/embeddings", None)
    with pytest.raises(openai.NotFoundError) as with_slash:
        demo.get("/models/", cast_to=object)
    check_error(with_slash.value, 404, None, "Not Found: GET /v1/models/", None)
    with pytest.raises(openai.APIStatusError) as wrong_method:
        demo.get("/completions", cast_to=object)
    check_error(wrong_method.value, 405, None, "Method Not Allowed: GET /v1/completions", None)


def test_a_lone_surrogate_is_answered(demo: OpenAI, base_url: str) -> None:
    # Python's JSON carries lone surrogates as escapes, which no UTF-8 text can hold.
    raw = b'{"model": "demo", "prompt": "\\ud800", "seed": 1}'
    answer = demo.post("/completions", content=raw, cast_to=object)
    assert isinstance(answer, dict)
    assert answer["choices"][0]["text"].startswith("This is the demo model")
    with pytest.raises(openai.NotFoundError) as caught:
        demo.post("/completions", content=b'{"model": "\\ud800"}', cast_to=object)
    message = f"The model '\\ud800' does not exist; this server has {MODELS}."
    check_error(caught.value, 404, "model", message, "model_not_found")


# --- running it


def test_latency_and_jitter_delay_an_answer() -> None:
    with (
        DemoServer(examples=EXAMPLES, latency=0.3, jitter=0.1) as server,
        client(server.base_url) as demo,
    ):
        demo.models.list()  # opens the connection
        start = time.monotonic()
        demo.completions.create(model="demo", prompt=PARITY)
        assert 0.3 <= time.monotonic() - start < 0.9


def test_answers_wait_at_the_same_time() -> None:
    async def ask_many(base_url: str) -> int:
        async with AsyncOpenAI(base_url=base_url, api_key="unused", max_retries=0) as demo:
            wanted = [demo.completions.create(model="demo", prompt=PARITY) for _ in range(20)]
            return len(await asyncio.gather(*wanted))

    with DemoServer(examples=EXAMPLES, latency=0.3) as server:
        start = time.monotonic()
        assert asyncio.run(ask_many(server.base_url)) == 20
        assert time.monotonic() - start < 3  # one after another they would take 6 seconds


@pytest.mark.parametrize(("latency", "jitter"), [(-1.0, 0.0), (0.0, -1.0)])
def test_negative_waits_are_refused(latency: float, jitter: float) -> None:
    with pytest.raises(ValueError, match="latency and jitter must not be negative"):
        create_app(EXAMPLES, latency, jitter)


def test_leaving_the_block_frees_port_and_thread() -> None:
    before = threading.active_count()
    server = DemoServer(examples=EXAMPLES)
    with pytest.raises(RuntimeError, match="no address before its `with` block is entered"):
        _ = server.base_url
    with server, client(server.base_url) as demo:
        demo.models.list()
    assert threading.active_count() == before
    with client(server.base_url) as demo, pytest.raises(openai.APIConnectionError):
        demo.models.list()
    port = int(server.base_url.split(":")[2].removesuffix("/v1"))
    with DemoServer(examples=EXAMPLES, port=port) as again, client(again.base_url) as demo:
        assert again.base_url == server.base_url
        assert demo.models.list().data[0].id == "demo"


def test_leaving_the_block_does_not_wait_for_slow_answers() -> None:
    failures: list[Exception] = []

    def ask(base_url: str) -> None:
        try:
            client(base_url).completions.create(model="demo", prompt=PARITY)
        except openai.OpenAIError as error:
            failures.append(error)

    with DemoServer(examples=EXAMPLES, latency=60) as server:
        asking = threading.Thread(target=ask, args=(server.base_url,))
        asking.start()
        time.sleep(0.5)
        start = time.monotonic()
    assert time.monotonic() - start < 5
    asking.join(timeout=5)
    assert [type(failure) for failure in failures] == [openai.InternalServerError]


def test_serve_says_where_and_what_it_is() -> None:
    with served() as (process, line):
        port = int(line.split(":")[2].removesuffix("/v1"))
        assert line == (
            f"Demo model at http://127.0.0.1:{port}/v1: "
            "it replays written examples and is no language model.\n"
        )
        with client(f"http://127.0.0.1:{port}/v1") as demo:
            assert demo.models.list().data[0].id == "demo"
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=10)
        assert (process.returncode, rest) == (0, ("", ""))


def test_serve_on_a_taken_port_says_so_and_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with served(port=port) as (process, line):
            _, errors = process.communicate(timeout=10)
        assert (process.returncode, line) == (1, "")
        assert errors == (
            f"The demo model was not started: port {port} on 127.0.0.1 is already in use. "
            "Give another port, or 0 for a free one.\n"
        )


def test_serve_on_an_impossible_port_says_so_and_fails() -> None:
    with served(port=70000) as (process, _):
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 1
    assert errors.startswith("The demo model was not started: cannot listen on port 70000 of ")
