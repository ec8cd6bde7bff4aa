"""Hand a request on to the console process, streamed both ways, over its unix socket or its address.

Nothing is changed on the way but headers that belong to one connection, and those by which a
stranger could pretend to be somebody else. When the client leaves, the console notices.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from types import TracebackType

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from llmhub.lib.asgi import Receive, Scope, Send, header

logger = logging.getLogger(__name__)

Header = tuple[bytes, bytes]

# https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1; Expect is answered by our own server
_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer "
    b"transfer-encoding upgrade expect".split()
)
_ONLY_WE_SAY = frozenset(
    b"forwarded x-forwarded-for x-forwarded-proto x-forwarded-host x-forwarded-port x-real-ip".split()
)
_CONNECT_SECONDS = 2.0
_ANSWER_SECONDS = 120.0  # until the console begins to answer; a page that streams may take longer
_RETRY_AFTER_SECONDS = 2


class Relay:
    """The way to the console. Open it in the event loop that uses it: `async with relay`."""

    def __init__(self, console: Path | str) -> None:
        self._socket = console if isinstance(console, Path) else None
        self._url = "http://console" if isinstance(console, Path) else console
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Relay:
        self._session = aiohttp.ClientSession(
            connector=self._connector(),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
        )
        return self

    def _connector(self) -> aiohttp.BaseConnector:
        """Return what makes a new connection each: cheap, and never one that the console just closed."""
        if self._socket is not None:
            return aiohttp.UnixConnector(str(self._socket), limit=0, force_close=True)
        return aiohttp.TCPConnector(limit=0, force_close=True)

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session is not None
        await self._session.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Relay one request; stop as soon as the client leaves."""
        body: asyncio.Queue[bytes] = asyncio.Queue(maxsize=1)
        listening = asyncio.ensure_future(_listen(receive, body))
        exchange = asyncio.ensure_future(self._exchange(scope, body, send))
        try:
            await asyncio.wait({listening, exchange}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            left = not exchange.done()
            for task in (listening, exchange):
                task.cancel()
            await asyncio.gather(listening, exchange, return_exceptions=True)
        if not left:
            exchange.result()  # raises what went wrong after the answer began: the client must see it cut

    async def _exchange(self, scope: Scope, body: asyncio.Queue[bytes], send: Send) -> None:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                answer = await self._ask(scope, body)
        except (aiohttp.ClientError, OSError) as exc:
            logger.warning("the console does not answer: %s", exc)
            await _say_unavailable(scope, send)
            return
        try:
            await send({"type": "http.response.start", "status": answer.status, "headers": _back(answer)})
            async for chunk in answer.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            answer.close()

    async def _ask(self, scope: Scope, body: asyncio.Queue[bytes]) -> aiohttp.ClientResponse:
        assert self._session is not None, "open the relay first"
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        return await self._session.request(
            scope["method"],
            URL(f"{self._url}{path}{'?' if query else ''}{query}", encoded=True),
            headers=CIMultiDict(
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in _onward(scope)
            ),
            data=_pieces(body) if _has_body(scope) else None,
            allow_redirects=False,
        )


async def _listen(receive: Receive, body: asyncio.Queue[bytes]) -> None:
    """Pass the request's body on, an empty piece at its end; return when the client leaves."""
    while (message := await receive())["type"] != "http.disconnect":
        if piece := message.get("body"):
            await body.put(piece)
        if not message.get("more_body"):
            await body.put(b"")


async def _pieces(body: asyncio.Queue[bytes]) -> AsyncIterator[bytes]:
    while piece := await body.get():
        yield piece


def _has_body(scope: Scope) -> bool:
    return header(scope, b"content-length") not in {"", "0"} or bool(header(scope, b"transfer-encoding"))


def end_to_end(headers: Iterable[Header], *, without: frozenset[bytes] = frozenset()) -> list[Header]:
    """Return the headers that go beyond one connection, less those named in `without`."""
    kept = [(name.lower(), value) for name, value in headers]
    named = b",".join(value for name, value in kept if name == b"connection")
    dropped = _HOP_BY_HOP | without | {token.strip().lower() for token in named.split(b",")}
    return [(name, value) for name, value in kept if name not in dropped]


def _onward(scope: Scope) -> list[Header]:
    client, _ = scope.get("client") or ("", 0)
    return [
        *end_to_end(scope["headers"], without=_ONLY_WE_SAY),
        (b"x-forwarded-for", client.encode()),
        (b"x-forwarded-proto", scope["scheme"].encode()),
    ]


def _back(answer: aiohttp.ClientResponse) -> list[Header]:
    return end_to_end(answer.raw_headers)


async def _say_unavailable(scope: Scope, send: Send) -> None:
    """Answer 503 in the form the caller reads."""
    text = "The console is starting or restarting. The gateway is not affected. Try again in a moment."
    if scope["path"].startswith("/api/") or "json" in header(scope, b"accept"):
        error = {
            "type": "console_unavailable",
            "code": "console_unavailable",
            "message": text,
            "retryable": True,
            "retry_after": _RETRY_AFTER_SECONDS,
        }
        kind, body = b"application/json", json.dumps({"error": error}).encode()
    else:
        kind, body = b"text/html; charset=utf-8", _PAGE.format(text=text).encode()
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(_RETRY_AFTER_SECONDS).encode()),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="3"><title>llmhub: one moment</title></head>
<body><h1>One moment</h1><p>{text}</p><p>This page looks again every 3 seconds.</p></body></html>
"""
