"""Send calls to providers: bounded in time and size, and every failure a `ProviderError`.

Make a client inside the event loop that uses it, and close it there.
"""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from llmhub.lib import egress
from providers.connection import Answer, Connections, NoHttp, RawHeaders
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
# What aiohttp and the socket raise, the particular before the general.
_MEANINGS: tuple[tuple[type[BaseException], type[ProviderError], str], ...] = (
    # It is a `ValueError`, too.
    (ssl.SSLCertVerificationError, ProviderUnavailable, "its certificate or TLS is not accepted"),
    (aiohttp.ClientSSLError, ProviderUnavailable, "its certificate or TLS is not accepted"),
    (aiohttp.ClientConnectorDNSError, ProviderUnavailable, "its name is unknown"),
    (TimeoutError, ProviderTimeout, "no connection in time"),
    (aiohttp.ClientConnectorError, ProviderUnavailable, "the connection is refused"),
    (NoHttp, BadReply, "it does not speak HTTP"),
    (aiohttp.InvalidURL, TargetMisconfigured, "its base URL is no address"),
    (ValueError, TargetMisconfigured, "its base URL or credential cannot be sent: enter it again"),
)
# There was no connection: the provider never got the call.
_NEVER_SENT = (aiohttp.ClientConnectorError, TimeoutError, ValueError)
_ERRORS = (aiohttp.ClientError, NoHttp, OSError, ValueError)


@dataclass(frozen=True)
class Timeouts:
    """How long each part of a call may take, in seconds (R-32)."""

    connect: float = 5.0  # name look-up and TLS included
    first_byte: float = 120.0  # of a stream's body; a whole answer has only `total`
    idle: float = 60.0  # between two chunks of a stream
    total: float = 600.0


@dataclass(slots=True)
class Reply:
    """A whole answer."""

    status: int
    raw_headers: RawHeaders = field(repr=False)
    content: bytes = field(repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers, by names in lower case."""
        return _read_headers(self.raw_headers)


class Stream:
    """An answer whose body is still coming: iterate over its chunks, or read it whole."""

    def __init__(self, answer: Answer, *, first_by: float, idle: float, ends: float):
        self.status = answer.status
        self.raw_headers = answer.headers
        self._body = answer.body
        self._loop = asyncio.get_running_loop()
        self._next_by = first_by  # on the loop's clock
        self._idle = idle
        self._ends = ends  # on the loop's clock
        self._look: asyncio.TimerHandle | None = None
        self._waits_until = math.inf  # on the loop's clock; infinite while nobody waits for a chunk

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers, by names in lower case."""
        return _read_headers(self.raw_headers)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """Return the next chunk. Raises `Truncated` when the connection is lost, and `ProviderTimeout`."""
        self._wait_until(min(self._next_by, self._ends))
        try:
            chunk = await self._body.readany()
        except (TimeoutError, *_ERRORS) as error:
            raise self._lost(error) from None
        finally:
            self._waits_until = math.inf
        if not chunk:
            raise StopAsyncIteration
        self._next_by = self._loop.time() + self._idle
        return chunk

    def _wait_until(self, moment: float) -> None:
        """Have an eye on the clock: one timer for a stream costs less than one for each of its chunks."""
        self._waits_until = moment
        if self._look is None or self._look.when() > moment:
            self.unwatch()
            self._look = self._loop.call_at(moment, self._look_at_clock)

    def _look_at_clock(self) -> None:
        """End the waiting for a chunk that is too late, or look again when it would be."""
        if self._loop.time() >= self._waits_until:
            self._body.set_exception(TimeoutError())
        else:
            again = min(self._waits_until, self._loop.time() + self._idle)
            self._look = self._loop.call_at(again, self._look_at_clock)

    def unwatch(self) -> None:
        """Have no eye on the clock any more."""
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _lost(self, error: Exception) -> ProviderError:
        """Return what an answer that does not go on means."""
        if isinstance(error, TimeoutError):
            return ProviderTimeout(self._silence(), status=self.status)
        failure = _failure(error, "the provider's answer broke off", Truncated)
        failure.status = self.status
        return failure

    def _silence(self) -> str:
        if self._loop.time() >= self._ends:
            return "the provider did not finish its answer in the time of the call"
        return "the provider stopped sending in the middle of its answer"

    async def read(self, max_bytes: int = MAX_BYTES) -> bytes:
        """Return the whole body, which has the time of a first chunk; of an error `max_bytes` at most.

        Raises as `__anext__` does, and `TooLarge` where an answer is larger.
        """
        try:
            async with asyncio.timeout_at(min(self._next_by, self._ends)):
                return await self.read_in_time(max_bytes)
        except TimeoutError as error:
            raise self._lost(error) from None

    async def read_in_time(self, max_bytes: int) -> bytes:
        """Return the whole body as `read` does; its caller has an eye on the clock."""
        content = bytearray()
        try:
            while len(content) <= max_bytes and (chunk := await self._body.readany()):
                content += chunk
        except _ERRORS as error:
            raise self._lost(error) from None
        if len(content) > max_bytes and 200 <= self.status < 300:  # another status says what it means
            said = f"the provider's answer is larger than {max_bytes} bytes"
            raise TooLarge(said, seen_bytes=len(content), status=self.status)
        del content[max_bytes:]
        return bytes(content)


class Client:
    """Sends calls; keeps connections, but no cookies and nothing else between two calls."""

    def __init__(self, rules: egress.Policy | None = None) -> None:
        self._connections = Connections(egress.connector(rules or egress.policy(loopback=True)))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._connections.aclose()

    async def send(self, call: Call, *, timeout: Timeouts = Timeouts(), max_bytes: int = MAX_BYTES) -> Reply:
        """Return the whole answer, whatever its status. Raises `ProviderError` when there is none."""
        ends = asyncio.get_running_loop().time() + timeout.total
        answer: Answer | None = None
        stream: Stream | None = None
        try:
            async with asyncio.timeout_at(ends):
                answer = await self._send(call, connect=timeout.connect)
                stream = Stream(answer, first_by=ends, idle=timeout.total, ends=ends)
                _refuse_unasked(answer)
                return Reply(stream.status, stream.raw_headers, await stream.read_in_time(max_bytes))
        except TimeoutError as error:
            raise (_never_began() if stream is None else stream._lost(error)) from None
        finally:
            if answer is not None:
                answer.close()

    @asynccontextmanager
    async def stream(self, call: Call, *, timeout: Timeouts = Timeouts()) -> AsyncIterator[Stream]:
        """Yield the answer once its headers are there; leaving closes the connection at once.

        Raises `ProviderError` when there is no answer, and `BadReply` on a redirect or a
        compressed answer: both were not asked for.
        """
        now = asyncio.get_running_loop().time()
        ends, first_by = now + timeout.total, now + timeout.first_byte
        try:
            async with asyncio.timeout_at(min(first_by, ends)):
                answer = await self._send(call, connect=timeout.connect)
        except TimeoutError:
            raise _never_began() from None
        try:
            stream = Stream(answer, first_by=first_by, idle=timeout.idle, ends=ends)
            _refuse_unasked(answer)
            yield stream
        finally:
            stream.unwatch()
            answer.close()

    async def _send(self, call: Call, *, connect: float) -> Answer:
        """Return what is answered. Raises `ProviderError` where nothing is."""
        try:
            return await self._connections.send(call, connect=connect)
        except _ERRORS as error:
            raise _failure(error, "cannot reach the provider", ProviderUnavailable) from None


def _never_began() -> ProviderError:
    return ProviderTimeout("the provider did not begin to answer in time")


def _refuse_unasked(answer: Answer) -> None:
    if 300 <= answer.status < 400:
        raise BadReply(
            "the provider redirects the call, and redirects are not followed: "
            "set the base URL to the address it redirects to",
            status=answer.status,
        )
    if not answer.is_encoded:
        return
    encoding = _read_headers(answer.headers)["content-encoding"].strip().lower()
    if encoding not in {"", "identity"}:
        raise BadReply("the provider sent a compressed answer that was not asked for", status=answer.status)


def _read_headers(raw: RawHeaders) -> Mapping[str, str]:
    """Return headers by lower-case name; repeated ones are joined by commas, as HTTP says."""
    found: dict[str, str] = {}
    for raw_name, raw_value in raw:
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
    """Return the chain behind an error, the root first: aiohttp wraps what it does not know."""
    found: list[BaseException] = []
    while error is not None and len(found) < 8:
        found.append(error)
        error = error.__cause__
    return found[::-1]
