"""Asking a language model through the openai SDK, one request per sample.

Every way in which a call can fail is a `Fault` with a stable kind; what came back is returned
as it was sent, and read by pure functions elsewhere.
"""

import asyncio
import json
import math
import time
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

import httpx2
import openai

from selfinstruct_core.lm.transport import LimitedTransport, UnusableReply
from selfinstruct_core.models import Api, Response
from selfinstruct_core.plain_text import storable

NO_KEY = "none"
"""Local servers want no key, but the SDK wants a text."""


class FaultKind(StrEnum):
    """Why an attempt brought no response."""

    RATE_LIMITED = "rate_limited"
    QUOTA = "quota"
    AUTHENTICATION = "authentication"
    REFUSED = "refused"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    BAD_REPLY = "bad_reply"


FINAL = frozenset({FaultKind.QUOTA, FaultKind.AUTHENTICATION, FaultKind.REFUSED})
"""Faults that the same request would meet again."""


class Fault(Exception):
    """An attempt that failed: its kind, the server's words, and how long it asks to wait."""

    def __init__(self, kind: FaultKind, words: str, retry_after: float | None = None) -> None:
        super().__init__(f"{kind}: {words}")
        self.kind = kind
        self.words = words
        self.retry_after = retry_after


class ModelClient:
    """One model at one address. Make one per event loop and close it."""

    def __init__(self, base_url: str, key: str | None, api: Api, timeout: float) -> None:
        self._api = api
        self._timeout = timeout
        self._key = key
        self._sdk = openai.AsyncOpenAI(
            base_url=base_url,
            api_key=key or NO_KEY,
            timeout=timeout,
            http_client=httpx2.AsyncClient(transport=LimitedTransport(), timeout=timeout),
            # Retries are the caller's: it counts them, records them and can be stopped.
            max_retries=0,
        )

    async def ask(self, prompt: str, parameters: dict[str, Any]) -> Response:
        """Send one request and return what came back. Raises Fault.

        `parameters` are those of the API (model, max_tokens, stop, ...); a chat request is
        `parameters["chat_request"]`, written before the prompt in one user message.
        """
        started = time.monotonic()
        try:
            # The SDK's own limit is for each read: a byte now and then would pass it for ever.
            async with asyncio.timeout(self._timeout):
                raw = await self._send(prompt, dict(parameters))
        except TimeoutError:
            raise Fault(FaultKind.TIMEOUT, f"no answer within {self._timeout:g} s") from None
        except openai.APIError as error:
            fault = _fault_of(error)
            # "from None": the SDK's error carries the request with its headers.
            raise Fault(fault.kind, self._redact(fault.words), fault.retry_after) from None
        return read_response(self._redact(raw), self._api, time.monotonic() - started)

    def _redact(self, text: str) -> str:
        return text.replace(self._key, "[key]") if self._key else text

    async def _send(self, prompt: str, parameters: dict[str, Any]) -> str:
        if self._api is Api.CHAT:
            content = f"{parameters.pop('chat_request')}\n\n{prompt}"
            path = "/chat/completions"
            parameters["messages"] = [{"role": "user", "content": content}]
        else:
            path = "/completions"
            parameters["prompt"] = prompt
        # The SDK's methods for each interface would walk over the body's types before and build
        # an object after, which takes as long as all the rest; the parameters are checked here.
        answer = await self._sdk.post(path, body=parameters, cast_to=httpx2.Response)
        return answer.text

    async def models(self) -> list[str] | None:
        """The names of the server's models, None when it does not tell."""
        try:
            async with asyncio.timeout(self._timeout):
                return [model.id async for model in self._sdk.models.list()]
        except (openai.APIError, TimeoutError, ValueError, TypeError, AttributeError):
            return None

    async def close(self) -> None:
        """Close the connections."""
        await self._sdk.close()


def read_response(raw: str, api: Api, latency: float) -> Response:
    """The first choice of a reply's JSON text. Raises Fault (bad_reply) when there is none."""
    try:
        body = json.loads(raw)
        choice = body["choices"][0]
        text = choice["message"]["content"] if api is Api.CHAT else choice["text"]
        finish_reason = choice.get("finish_reason")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise Fault(FaultKind.BAD_REPLY, f"no usable choice in the reply: {raw[:200]}") from error
    if not isinstance(text, str | None) or not isinstance(finish_reason, str | None):
        raise Fault(FaultKind.BAD_REPLY, f"a choice of another type in the reply: {raw[:200]}")
    usage = body.get("usage")
    return Response(
        raw=storable(raw),
        text=None if text is None else storable(text),
        finish_reason=finish_reason,
        prompt_tokens=_count(usage, "prompt_tokens"),
        completion_tokens=_count(usage, "completion_tokens"),
        latency=latency,
    )


def _count(usage: Any, field: str) -> int | None:
    value = usage.get(field) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and 0 <= value < 2**31 else None


def _fault_of(error: openai.APIError) -> Fault:
    if isinstance(error, openai.APITimeoutError):
        return Fault(FaultKind.TIMEOUT, "no answer in time")
    if isinstance(error.__cause__, UnusableReply):
        return Fault(FaultKind.BAD_REPLY, str(error.__cause__))
    if isinstance(error, openai.APIConnectionError):
        return Fault(FaultKind.CONNECTION, f"{error.__cause__ or error} ({error.request.url})")
    if not isinstance(error, openai.APIStatusError):
        return Fault(FaultKind.BAD_REPLY, str(error))
    words = f"{error.status_code}: {_server_words(error)}"
    if error.status_code == 429:
        exhausted = "insufficient_quota" in (error.code, error.type)
        kind = FaultKind.QUOTA if exhausted else FaultKind.RATE_LIMITED
        return Fault(kind, words, _retry_after(error))
    if error.status_code in (401, 403):
        return Fault(FaultKind.AUTHENTICATION, words)
    if error.status_code in (408, 409) or error.status_code >= 500:
        return Fault(FaultKind.SERVER_ERROR, words, _retry_after(error))
    return Fault(FaultKind.REFUSED, words)


def _server_words(error: openai.APIStatusError) -> str:
    # OpenAI says "message", FastAPI "detail" (a text, or a list of what is wrong), others a text.
    body = error.body
    said = (body.get("message") or body.get("detail")) if isinstance(body, dict) else body
    return str(said or error.message)[:500]


def _retry_after(error: openai.APIStatusError) -> float | None:
    """Seconds that the server asks to wait; None when it does not say, or nothing usable."""
    headers = error.response.headers
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value, headers.get("date", ""))
    # "inf" is a number too, and would hold the run for ever.
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_until(date: str, now: str) -> float:
    """Seconds between two HTTP dates, NaN when the first is none. Taken by the server's clock
    where it tells the time: the clock here may be wrong by hours."""
    try:
        return parsedate_to_datetime(date).timestamp() - _timestamp(now)
    except (ValueError, OverflowError):
        return math.nan


def _timestamp(date: str) -> float:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return time.time()
