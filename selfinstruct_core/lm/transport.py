"""How much of an answer is read: a server may send megabytes, slowly, without end."""

import functools
from collections.abc import AsyncIterator, Callable

import httpx2

LARGEST_REPLY = 8 * 1024 * 1024
"""Bytes. The longest useful reply, some thousand tokens with log-probabilities, is far below."""


class UnusableReply(httpx2.TransportError):
    """The body of an answer cannot be taken; what is left of it was not read."""


class LimitedTransport(httpx2.AsyncBaseTransport):
    """Sends requests as usual and stops reading any answer, errors too, at the limit."""

    def __init__(self, limit: int = LARGEST_REPLY) -> None:
        self._limit = limit
        self._context = httpx2.create_ssl_context()
        self._all: list[httpx2.AsyncHTTPTransport] = []
        self._idle: list[httpx2.AsyncHTTPTransport] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request."""
        # Compressed, a few kilobytes could unfold to gigabytes behind the limit.
        request.headers["Accept-Encoding"] = "identity"
        # One pool would look at each of its connections whenever a request begins or ends.
        inner = self._idle.pop() if self._idle else self._further()
        try:
            response = await inner.handle_async_request(request)
        except BaseException:
            self._idle.append(inner)
            raise
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        give_back = functools.partial(self._idle.append, inner)
        response.stream = _LimitedStream(response.stream, self._limit, give_back)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            await response.aclose()
            raise UnusableReply("the reply is compressed, which was not asked for")
        return response

    def _further(self) -> httpx2.AsyncHTTPTransport:
        inner = httpx2.AsyncHTTPTransport(verify=self._context)
        self._all.append(inner)
        return inner

    async def aclose(self) -> None:
        """Close the connections."""
        for inner in self._all:
            await inner.aclose()


class _LimitedStream(httpx2.AsyncByteStream):
    def __init__(
        self, inner: httpx2.AsyncByteStream, limit: int, at_end: Callable[[], None]
    ) -> None:
        self._inner = inner
        self._left = limit
        self._at_end = at_end

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            self._left -= len(chunk)
            if self._left < 0:
                raise UnusableReply("the reply is larger than 8 MiB; the rest was not read")
            yield chunk

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            self._at_end()
