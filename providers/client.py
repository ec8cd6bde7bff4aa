"""Send calls to providers: bounded in time and size, and every failure a `ProviderError`.

Make a client inside the event loop that uses it, and close it there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from llmhub.lib import egress
from providers.errors import (
    AddressRefused,
    BadReply,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    TargetMisconfigured,
    TooLarge,
    Truncated,
)
from providers.wire import Call

MAX_BYTES = 16 * 1024 * 1024  # of a whole answer
MAX_BYTES_IMAGES = 64 * 1024 * 1024  # of an answer that may hold images
# What aiohttp and the socket raise, the particular before the general. The names that httpx gives
# them are of no use: its aiohttp transport calls every connection error a timeout.
_MEANINGS: tuple[tuple[type[BaseException], type[ProviderError], str], ...] = (
    (aiohttp.ClientSSLError, ProviderUnavailable, "its certificate or TLS is not accepted"),
    (aiohttp.ClientConnectorDNSError, ProviderUnavailable, "its name is unknown"),
    (TimeoutError, ProviderTimeout, "no connection in time"),
    (aiohttp.ClientConnectorError, ProviderUnavailable, "the connection is refused"),
    (aiohttp.ClientResponseError, BadReply, "it does not speak HTTP"),
    (aiohttp.InvalidURL, TargetMisconfigured, "its base URL is no address"),
    (ValueError, TargetMisconfigured, "its base URL or credential cannot be sent: enter it again"),
)
# There was no connection: the provider never got the call.
_NEVER_SENT = (aiohttp.ClientConnectorError, TimeoutError, ValueError)
_ERRORS = (httpx.TransportError, aiohttp.ClientError, OSError, ValueError)


@dataclass(frozen=True)
class Timeouts:
    """How long each part of a call may take, in seconds (R-32)."""

    connect: float = 5.0  # name look-up and TLS included
    first_byte: float = 120.0  # of a stream's body; a whole answer has only `total`
    idle: float = 60.0  # between two chunks of a stream
    total: float = 600.0


@dataclass(frozen=True)
class Reply:
    """A whole answer; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)


class Stream:
    """An answer whose body is still coming: iterate over its chunks, or read it whole."""

    def __init__(self, response: httpx.Response, *, first_by: float, idle: float, ends: float):
        assert isinstance(response.stream, httpx.AsyncByteStream)
        self.status = response.status_code
        self.headers = _read_headers(response)
        self._chunks = aiter(response.stream)
        self._next_by = first_by  # on the loop's clock
        self._idle = idle
        self._ends = ends  # on the loop's clock

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """Return the next chunk. Raises `Truncated` when the connection is lost, and `ProviderTimeout`."""
        try:
            async with asyncio.timeout_at(min(self._next_by, self._ends)):
                chunk = await anext(self._chunks)
        except (TimeoutError, *_ERRORS) as error:
            raise self._lost(error) from None
        self._next_by = asyncio.get_running_loop().time() + self._idle
        return chunk

    def _lost(self, error: Exception) -> ProviderError:
        """Return what an answer that does not go on means."""
        if isinstance(error, TimeoutError):
            return ProviderTimeout(self._silence(), status=self.status)
        failure = _failure(error, "the provider's answer broke off", Truncated)
        failure.status = self.status
        return failure

    def _silence(self) -> str:
        if asyncio.get_running_loop().time() >= self._ends:
            return "the provider did not finish its answer in the time of the call"
        return "the provider stopped sending in the middle of its answer"

    async def read(self, max_bytes: int = MAX_BYTES) -> bytes:
        """Return the whole body, which has the time of a first chunk; of an error `max_bytes` at most.

        Raises as `__anext__` does, and `TooLarge` where an answer is larger.
        """
        content = bytearray()
        try:
            async with asyncio.timeout_at(min(self._next_by, self._ends)):
                async for chunk in self._chunks:
                    content += chunk
                    if len(content) > max_bytes:
                        break
        except (TimeoutError, *_ERRORS) as error:
            raise self._lost(error) from None
        if len(content) > max_bytes and 200 <= self.status < 300:  # another status says what it means
            said = f"the provider's answer is larger than {max_bytes} bytes"
            raise TooLarge(said, seen_bytes=len(content), status=self.status)
        del content[max_bytes:]
        return bytes(content)


class Client:
    """Sends calls; keeps connections, but no cookies and nothing else between two calls."""

    def __init__(self, rules: egress.Policy | None = None) -> None:
        session = egress.session(rules or egress.policy(loopback=True))
        self._transport = AiohttpTransport(verify=False, client=session)  # the session has its own TLS

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def send(self, call: Call, *, timeout: Timeouts = Timeouts(), max_bytes: int = MAX_BYTES) -> Reply:
        """Return the whole answer, whatever its status. Raises `ProviderError` when there is none."""
        unhurried = Timeouts(timeout.connect, timeout.total, timeout.total, timeout.total)
        async with self.stream(call, timeout=unhurried) as stream:
            return Reply(stream.status, stream.headers, await stream.read(max_bytes))

    @asynccontextmanager
    async def stream(self, call: Call, *, timeout: Timeouts = Timeouts()) -> AsyncIterator[Stream]:
        """Yield the answer once its headers are there; leaving closes the connection at once.

        Raises `ProviderError` when there is no answer, and `BadReply` on a redirect or a
        compressed answer: both were not asked for.
        """
        now = asyncio.get_running_loop().time()
        ends, first_by = now + timeout.total, now + timeout.first_byte
        request = _request(call, connect=timeout.connect)
        try:
            async with asyncio.timeout_at(min(first_by, ends)):
                response = await self._transport.handle_async_request(request)
        except TimeoutError:
            raise ProviderTimeout("the provider did not begin to answer in time") from None
        except _ERRORS as error:
            raise _failure(error, "cannot reach the provider", ProviderUnavailable) from None
        try:
            stream = Stream(response, first_by=first_by, idle=timeout.idle, ends=ends)
            _refuse_unasked(stream)
            yield stream
        finally:
            await response.aclose()


def _request(call: Call, *, connect: float) -> httpx.Request:
    """Return the request without the headers that the transport writes itself: host and length."""
    headers = {"accept": "*/*", **call.headers, "accept-encoding": "identity"}
    try:
        request = httpx.Request(
            call.method,
            _url(call.url),
            headers=headers,
            stream=httpx.ByteStream(call.content),
            extensions={"timeout": {"connect": connect, "pool": connect}},
        )
        request.read()
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise TargetMisconfigured(
            "the provider's base URL or credential cannot be sent: enter it again"
        ) from None
    return request


@lru_cache(maxsize=1024)
def _url(text: str) -> httpx.URL:
    """Return an address read; there are few of them, and reading one costs more than the rest."""
    return httpx.URL(text)


def _refuse_unasked(answer: Stream) -> None:
    if 300 <= answer.status < 400:
        raise BadReply(
            "the provider redirects the call, and redirects are not followed: "
            "set the base URL to the address it redirects to",
            status=answer.status,
        )
    encoding = answer.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise BadReply("the provider sent a compressed answer that was not asked for", status=answer.status)


def _read_headers(response: httpx.Response) -> Mapping[str, str]:
    """Return headers by lower-case name; repeated ones are joined by commas, as HTTP says."""
    found: dict[str, str] = {}
    for raw_name, raw_value in response.headers.raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _failure(error: BaseException, what: str, lost: type[ProviderError]) -> ProviderError:
    """Return what went wrong; `lost` is for a broken connection.

    Raise it `from None`: what aiohttp raises holds the whole request, credential included.
    """
    for cause in _causes(error):
        if isinstance(cause, egress.EgressRefused):
            return AddressRefused(str(cause))
        for seen, kind, words in _MEANINGS:
            if isinstance(cause, seen):
                failure = kind(f"{what}: {words}")
                failure.was_sent = not isinstance(cause, _NEVER_SENT)
                return failure
    return lost(f"{what}: the connection is lost")


def _causes(error: BaseException | None) -> list[BaseException]:
    """Return the chain behind an error, the root first: aiohttp and httpx wrap what they do not know."""
    found: list[BaseException] = []
    while error is not None and len(found) < 8:
        found.append(error)
        error = error.__cause__
    return found[::-1]
