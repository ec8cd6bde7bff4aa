"""One HTTP/1.1 call on a kept connection of aiohttp's pool.

Names, TLS, keeping connections and reading answers are aiohttp's. The request is written here: what a
session makes around it (cookies, redirects, encodings, values of its own) costs more than the call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.http import HttpProcessingError
from yarl import URL

from providers.wire import Call

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.http import RawResponseMessage
    from aiohttp.streams import StreamReader

RawHeaders = Sequence[tuple[bytes, bytes]]
_SMALL = 64 * 1024  # bytes of a body that is copied to go out with its head
_PIECE = 256 * 1024  # bytes of a larger one at once: thirty megabytes take 40 ms and are copied
_MOST_SPOILT = 100  # connections that are given up for one call: a server may always talk first
_MOST_INTERIM = 20  # interim answers before one: a server may say that it goes on working
_SCHEMES = ("http", "https")


class NoHttp(Exception):
    """What came back is no HTTP answer."""


class Protocol(ResponseHandler):
    """One that tells a body what became of it: aiohttp's leaves its reader waiting, or takes it for whole."""

    def connection_lost(self, exc: BaseException | None) -> None:
        """End a body that had no length: one that a reset cuts is not whole."""
        if exc is not None:
            self._break_off()
        super().connection_lost(exc)

    def set_exception(self, exc: Any, *cause: Any) -> None:
        """End a body in which something came that is none."""
        if isinstance(exc, HttpProcessingError):
            self._break_off()
        super().set_exception(exc, *cause)

    def _break_off(self) -> None:
        body = self._payload
        if body is not None and not body.is_eof():
            body.set_exception(aiohttp.ClientPayloadError("the body broke off"))


@dataclass(frozen=True)
class Address:
    """Where a call goes: what aiohttp's pool asks of a request in order to connect."""

    url: URL
    connection_key: ConnectionKey
    ssl: bool = True  # with the pool's own context
    proxy: None = None
    server_hostname: None = None

    @property
    def host(self) -> str:
        """The name or address that is connected to."""
        return self.connection_key.host

    @property
    def port(self) -> int | None:
        """The port that is connected to."""
        return self.connection_key.port

    def is_ssl(self) -> bool:
        """Return whether the connection is encrypted."""
        return self.connection_key.is_ssl


@lru_cache(maxsize=1024)
def address_of(text: str) -> Address:
    """Return a URL read; there are few of them. Raises `ValueError` where nothing can be sent to it."""
    try:
        url = URL(text)
    except ValueError as error:
        raise aiohttp.InvalidURL(text) from error
    if url.scheme not in _SCHEMES or not url.raw_host:
        raise aiohttp.InvalidURL(url)
    return Address(url, ConnectionKey(url.raw_host, url.port, url.scheme == "https", True, None, None, None))


@lru_cache(maxsize=16)
def _patience(connect: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(connect=connect, sock_connect=connect)


class Answer:
    """What a server answers: its head, and its body as it comes."""

    def __init__(
        self,
        connection: Connection,
        message: RawResponseMessage,
        body: StreamReader,
        writing: asyncio.Task[None] | None,
    ) -> None:
        self.status = message.code
        self.headers: RawHeaders = message.raw_headers
        self.is_encoded = "content-encoding" in message.headers
        self.body = body  # `readany` returns b"" at its end
        self._connection = connection
        self._writing = writing

    def close(self) -> None:
        """Give the connection back, or end it where something of this call is still on its way."""
        transport = self._connection.transport
        is_left = self._writing is not None and self._writing.cancel()
        if is_left or (transport is not None and transport.get_write_buffer_size()):
            _end(self._connection)
        else:
            self._connection.release()


class Connections:
    """Sends calls on connections that are kept; nothing else goes from one call to the next."""

    def __init__(self, pool: aiohttp.BaseConnector) -> None:
        self._pool = pool
        pool._factory = cast("partial[ResponseHandler]", partial(Protocol, loop=pool._loop))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.close()

    async def send(self, call: Call, *, connect: float) -> Answer:
        """Return what a server answers, once its head is there; connecting takes `connect` seconds at most.

        A call that only reads is sent again where a kept connection was closed at that moment.
        Raises what aiohttp and the system raise, `ValueError` where the call cannot be sent, `NoHttp`.
        """
        address = address_of(call.url)
        head = _head(call, address.url)
        try:
            return await self._send(address, head, call.content, connect)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
            if call.method != "GET":
                raise
            return await self._send(address, head, call.content, connect)

    async def _send(self, address: Address, head: bytes, content: bytes, connect: float) -> Answer:
        connection = await self._connection(address, connect)
        try:
            return await _ask(connection, head, content)
        except HttpProcessingError:
            _end(connection)
            raise NoHttp from None
        except BaseException:
            _end(connection)
            raise

    async def _connection(self, address: Address, connect: float) -> Connection:
        """Return a connection on which nothing came unasked: the next call would take that for its answer."""
        request = cast("ClientRequest", address)
        for _ in range(_MOST_SPOILT):
            connection = await self._pool.connect(request, [], _patience(connect))
            if connection.protocol is None or not connection.protocol.should_close:
                return connection
            _end(connection)
        raise NoHttp


def _end(connection: Connection) -> None:
    """End a connection at once: closing alone keeps a body for as long as a server reads none of it."""
    if connection.transport is not None:
        connection.transport.abort()
    connection.close()


async def _ask(connection: Connection, head: bytes, content: bytes) -> Answer:
    """Write a call and return what is answered; an interim answer is none."""
    protocol, transport = connection.protocol, connection.transport
    if protocol is None or transport is None:
        raise aiohttp.ServerDisconnectedError
    protocol.set_response_params(read_until_eof=True, auto_decompress=False)
    writing: asyncio.Task[None] | None = None
    if len(content) <= _SMALL:
        transport.write(head + content)
    else:
        transport.write(head)
        writing = asyncio.create_task(_write(protocol, transport, content))
    try:
        message, body = await protocol.read()
        interim = 0
        while 100 <= message.code < 200 and message.code != 101:
            if (interim := interim + 1) > _MOST_INTERIM:
                raise NoHttp
            message, body = await protocol.read()
    except BaseException:
        if writing is not None:
            writing.cancel()
        raise
    return Answer(connection, message, body, writing)


async def _write(protocol: ResponseHandler, transport: asyncio.Transport, content: bytes) -> None:
    """Write a large body as fast as it is read; who waits for the answer hears of a connection that ends."""
    rest = memoryview(content)
    with suppress(aiohttp.ClientError, ConnectionError):
        while rest:
            transport.write(rest[:_PIECE])
            rest = rest[_PIECE:]
            await asyncio.sleep(0)
            await protocol._drain_helper()


def _head(call: Call, url: URL) -> bytes:
    """Return the head of a request. Raises `ValueError` where a header would end its line."""
    headers = {"accept": "*/*", **call.headers, "accept-encoding": "identity"}
    lines = [f"{call.method} {url.raw_path_qs} HTTP/1.1", f"host: {url.host_port_subcomponent}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if call.content or call.method != "GET":
        lines.append(f"content-length: {len(call.content)}")
    text = "\r\n".join(lines)
    breaks = len(lines) - 1
    if text.count("\n") != breaks or text.count("\r") != breaks or "\0" in text:
        raise ValueError("a header holds the end of a line")
    return f"{text}\r\n\r\n".encode("ascii")
