"""An OpenAI-compatible endpoint in a process of its own that costs as little as it can.

It answers what the stages of a run ask in the paper's form: seven instructions that are nearly
always new, No to most questions about classification, one instance. Each answer is sent after
the latency; when each request came in full and when its answer was sent is kept for `served`.
"""

import asyncio
import itertools
import json
import multiprocessing
import random
import time
import urllib.request
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

WORDS = [f"word{n}" for n in range(20_000)]
WEIGHTS = list(itertools.accumulate(1 / (n + 5) for n in range(len(WORDS))))

Span = tuple[float, float, bool]
"""Seconds on the system's monotonic clock: a request came in, its answer went out; and whether
it asked for instructions."""


def _text(seed: int, max_tokens: int) -> str:
    """The answer; stages are known by how much they allow a model to write."""
    chance = random.Random(seed)
    if max_tokens == 1024:
        words = chance.choices(WORDS, cum_weights=WEIGHTS, k=7 * 12)
        items = [" ".join(words[n : n + 12]).capitalize() + "." for n in range(0, len(words), 12)]
        return " " + "".join(f"{item}\n{n}. " for n, item in enumerate(items, 10))
    if max_tokens == 8:
        return " Yes" if chance.random() < 0.15 else " No"
    label = "Class label: Good\n" if max_tokens == 300 else "Output: "
    return label + " ".join(chance.choices(WORDS, cum_weights=WEIGHTS, k=30))


def _reply(body: bytes) -> bytes:
    asked = json.loads(body)
    choice = {"index": 0, "text": _text(asked["seed"], asked["max_tokens"]), "logprobs": None}
    usage = {"prompt_tokens": len(asked["prompt"]) // 4, "completion_tokens": 100}
    return _http({"id": "x", "choices": [choice | {"finish_reason": "stop"}], "usage": usage})


def _http(content: Any) -> bytes:
    body = json.dumps(content).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


class _Exchange(asyncio.Protocol):
    """One connection: requests one after the other."""

    def __init__(self, latency: float, spans: list[Span]) -> None:
        self._latency = latency
        self._spans = spans
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to write to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once the request is whole."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        if head.startswith(b"GET"):
            self._received = b""
            self._transport.write(_http(self._spans))
            self._spans.clear()
            return
        _, _, length = head.lower().partition(b"content-length:")
        if len(body) < int(length.split(b"\r\n", 1)[0]):
            return
        self._received = b""
        came = time.monotonic()
        reply, for_instructions = _reply(body), b'"max_tokens":1024' in body.replace(b" ", b"")
        if self._latency:
            loop, at = asyncio.get_running_loop(), came + self._latency
            loop.call_at(at, self._send, came, reply, for_instructions)
        else:
            self._send(came, reply, for_instructions)

    def _send(self, came: float, reply: bytes, for_instructions: bool) -> None:
        self._transport.write(reply)
        self._spans.append((came, time.monotonic(), for_instructions))


async def _serve(latency: float, ready: Connection) -> None:
    spans: list[Span] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Exchange(latency, spans), "127.0.0.1", 0)
    ready.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _main(latency: float, ready: Connection) -> None:
    asyncio.run(_serve(latency, ready))


class ModelServer:
    """The endpoint, for the time of a `with` block."""

    def __init__(self, latency: float) -> None:
        ours, theirs = multiprocessing.Pipe()
        self._ready = ours
        # Not forked: the parent may hold databases and threads.
        self._process = multiprocessing.get_context("spawn").Process(
            target=_main, args=(latency, theirs), daemon=True
        )

    def __enter__(self) -> Self:
        self._process.start()
        self.base_url = f"http://127.0.0.1:{self._ready.recv()}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._process.terminate()
        self._process.join()

    def served(self) -> list[Span]:
        """All that was answered since this was asked last."""
        with urllib.request.urlopen(f"{self.base_url}/served") as answer:
            return [(came, went, bool(first)) for came, went, first in json.load(answer)]
