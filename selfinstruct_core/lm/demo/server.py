"""The demo model over HTTP: an OpenAI-compatible server that replays written examples."""

import asyncio
import contextlib
import errno
import random
import socket
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import NoReturn, Self

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from selfinstruct_core.lm.demo.examples import Examples, load_examples
from selfinstruct_core.lm.demo.replies import Reply, reply, system_reply
from selfinstruct_core.lm.demo.requests import (
    ModelRequest,
    RequestError,
    parse_chat,
    parse_completion,
)
from selfinstruct_core.lm.demo.responses import (
    chat_response,
    completion_response,
    error_response,
    models_response,
)
from selfinstruct_core.lm.demo.systems import SYSTEMS

_START_SECONDS = 10.0
_STOP_SECONDS = 1

_Parse = Callable[[bytes], ModelRequest]
_Shape = Callable[[ModelRequest, Reply], Response]


def create_app(examples: Examples, latency: float = 0.0, jitter: float = 0.0) -> Starlette:
    """The application; an answer takes `latency` seconds and up to `jitter` more."""
    if latency < 0 or jitter < 0:
        raise ValueError(f"latency and jitter must not be negative, got {latency} and {jitter}")
    # A generator of its own: the wait must neither follow nor disturb anyone's seed.
    clock = random.SystemRandom()

    async def answer(request: Request, parse: _Parse, shape: _Shape) -> Response:
        wanted = parse(await request.body())
        await asyncio.sleep(latency + clock.uniform(0, jitter))
        return shape(wanted, _reply(wanted, examples))

    async def completions(request: Request) -> Response:
        return await answer(request, parse_completion, completion_response)

    async def chat_completions(request: Request) -> Response:
        return await answer(request, parse_chat, chat_response)

    app = Starlette(
        routes=[
            Route("/v1/completions", completions, methods=["POST"]),
            Route("/v1/chat/completions", chat_completions, methods=["POST"]),
            Route("/v1/models", _models, methods=["GET"]),
        ],
        exception_handlers={RequestError: _request_error, HTTPException: _http_error},
    )
    app.router.redirect_slashes = False
    return app


def serve(
    port: int,
    host: str = "127.0.0.1",
    latency: float = 0.0,
    jitter: float = 0.0,
    *,
    examples: Examples | None = None,
) -> None:
    """Runs the server until it is interrupted; port 0 takes a free one."""
    app = create_app(examples or load_examples(), latency, jitter)
    try:
        listener = _listen(host, port)
    except (OSError, OverflowError) as error:
        _exit_without_port(host, port, error)
    print(
        f"Demo model at {_base_url(host, listener)}: "
        "it replays written examples and is no language model.",
        flush=True,
    )
    # Ctrl+C is the ordinary way to end it.
    with contextlib.suppress(KeyboardInterrupt):
        _server(app).run(sockets=[listener])


class DemoServer:
    """Runs the demo model in a thread of this process for the time of a `with` block."""

    def __init__(
        self,
        *,
        examples: Examples | None = None,
        latency: float = 0.0,
        jitter: float = 0.0,
        port: int = 0,
    ) -> None:
        self._app = create_app(examples or load_examples(), latency, jitter)
        self._port = port
        self._base_url: str | None = None

    @property
    def base_url(self) -> str:
        """The address for an OpenAI client; it stays the same after the block."""
        if self._base_url is None:
            raise RuntimeError("the demo server has no address before its `with` block is entered")
        return self._base_url

    def __enter__(self) -> Self:
        listener = _listen("127.0.0.1", self._port)
        self._base_url = _base_url("127.0.0.1", listener)
        self._server = _server(self._app)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="demo model", daemon=True
        )
        self._thread.start()
        self._wait_until_started()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join()

    def _wait_until_started(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        # Leaving the block before the server has started would leave its thread behind.
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self._server.should_exit = True
                raise RuntimeError("the demo server did not start")
            time.sleep(0.005)


def _reply(wanted: ModelRequest, examples: Examples) -> Reply:
    if wanted.model in SYSTEMS:
        return system_reply(wanted.model, wanted.prompt, wanted.max_tokens, wanted.stop)
    return reply(wanted.prompt, wanted.seed, wanted.max_tokens, wanted.stop, examples)


async def _models(_: Request) -> Response:
    return models_response()


async def _request_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return error_response(error.message, status=error.status, param=error.param, code=error.code)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = f"{error.detail}: {request.method} {request.url.path}"
    return error_response(message, status=error.status_code)


def _server(app: Starlette) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    # Listening here, before the server runs, makes a taken port known while it can be explained.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)


def _base_url(host: str, listener: socket.socket) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listener.getsockname()[1]}/v1"


def _exit_without_port(host: str, port: int, error: OSError | OverflowError) -> NoReturn:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        reason = f"port {port} on {host} is already in use"
    else:
        reason = f"cannot listen on port {port} of {host} ({error})"
    print(
        f"The demo model was not started: {reason}. Give another port, or 0 for a free one.",
        file=sys.stderr,
    )
    raise SystemExit(1)
