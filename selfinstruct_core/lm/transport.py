"""How much of an answer is read: a server may send megabytes, slowly, without end."""

from collections.abc import AsyncIterator

import httpx2

LARGEST_REPLY = 8 * 1024 * 1024
"""Bytes. The longest useful reply, some thousand tokens with log-probabilities, is far below."""


class UnusableReply(httpx2.TransportError):
    """The body of an answer cannot be taken; what is left of it was not read."""


class LimitedTransport(httpx2.AsyncBaseTransport):
    """Sends requests as usual and stops reading any answer, errors too, at the limit."""

    def __init__(self, limit: int = LARGEST_REPLY) -> None:
        self._inner = httpx2.AsyncHTTPTransport(
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=None)
        )
        self._limit = limit

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request."""
        # Compressed, a few kilobytes could unfold to gigabytes behind the limit.
        request.headers["Accept-Encoding"] = "identity"
        response = await self._inner.handle_async_request(request)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            await response.aclose()
            raise UnusableReply("the reply is compressed, which was not asked for")
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _LimitedStream(response.stream, self._limit)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class _LimitedStream(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, limit: int) -> None:
        self._inner = inner
        self._left = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            self._left -= len(chunk)
            if self._left < 0:
                raise UnusableReply("the reply is larger than 8 MiB; the rest was not read")
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()
