"""An OpenAI-compatible server over real HTTP whose answers a test decides."""

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(slots=True)
class Answer:
    """What the server sends: a status, a body (dicts become JSON), further headers.

    The connection is cut after `cut_after` bytes of the body, before the headers if that is
    negative; with a `drip` the body is sent byte by byte, with so many seconds between them.
    """

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    drip: float = 0.0


def completion(text: str, finish_reason: str = "stop", tokens: tuple[int, int] = (3, 4)) -> Answer:
    """A well-formed answer of /v1/completions."""
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    choice = {"index": 0, "text": text, "finish_reason": finish_reason, "logprobs": None}
    return Answer({"id": "x", "object": "text_completion", "choices": [choice], "usage": usage})


def error(status: int, message: str, code: str = "", **headers: str) -> Answer:
    """An error in OpenAI's shape."""
    shape = {"error": {"message": message, "type": code or "error", "code": code or None}}
    return Answer(shape, status, {k.replace("_", "-"): v for k, v in headers.items()})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Runs connect sixteen times at once, again after each kill; the default is 5.
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client may be killed, or give up, at any moment; everything else is a test's mistake.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class ScriptedServer:
    """Calls `script(number, request body)` for each request; `requests` keeps all bodies."""

    def __init__(self, script: Callable[[int, dict[str, Any]], Answer]) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                if len(content) < int(self.headers["Content-Length"]):
                    return  # the client was killed while it sent this: nothing was asked
                body = json.loads(content)
                with outer._lock:
                    number = len(outer.requests)
                    outer.requests.append(body)
                    outer.keys.append(self.headers.get("Authorization", ""))
                self._send(script(number, body))

            def _send(self, answer: Answer) -> None:
                if answer.cut_after is not None:
                    self.close_connection = True
                    if answer.cut_after < 0:
                        return
                body = answer.body
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                # The client may have been killed meanwhile.
                with contextlib.suppress(ConnectionError):
                    self.end_headers()
                    self._write(content[: answer.cut_after], answer.drip)

            def _write(self, content: bytes, drip: float) -> None:
                step = 1 if drip else max(1, len(content))
                for start in range(0, len(content), step):
                    self.wfile.write(content[start : start + step])
                    time.sleep(drip)

            def log_message(self, *_: Any) -> None:
                """Nothing on the test's output."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
