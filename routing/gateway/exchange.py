"""One HTTP exchange with a caller: its body read within bounds, its answer sent in pieces or whole."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from llmhub.lib import clock, ids
from llmhub.lib.asgi import Receive, Scope, Send
from routing.explain import Decision
from routing.gateway.account import Account
from routing.gateway.body import MAX_BODY
from routing.gateway.caller_request import CallerRequest
from routing.gateway.content import Keeping
from routing.gateway.errors import Refusal
from routing.gateway.face import CHAT, Face
from routing.snapshot import Caller

JSON = "application/json"
EVENTS = "text/event-stream; charset=utf-8"
_DISCARD_SECONDS = 5.0
_ODD = re.compile(r"[^\x20-\x7e]")


class CallerLeft(Exception):
    """The caller closed the connection: nobody is there to answer."""


class Exchange:
    """A request of a caller, and what was answered so far."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: str = scope.get("query_string", b"").decode("latin-1")
        self.headers = _joined(scope["headers"])  # names in lower case
        self.id = 0  # of the usage record; 0 until the hub gives one
        self.started_at_ms = clock.unix_ms()
        self.started = time.monotonic()
        self.status = 0  # what the caller was told; 0: nothing yet
        self.is_interrupted = False  # this process is stopping and ends what still runs
        self.face: Face = CHAT  # of the endpoint that was called, once it is known
        self.caller: Caller | None = None  # once the key is known
        self.asked: CallerRequest | None = None  # once the body was read
        self.decision: Decision | None = None  # once it was decided where it may go
        self.account: Account | None = None  # once it is being served
        self.keeping: Keeping | None = None  # of a team that has content kept, once a call is made
        self.finishes = False  # its team has calls finished whose caller leaves
        self.is_left = False  # its caller left, and the call goes on
        self.has_record = False  # the ledger is told how it ends, and has no refusal to count
        self.answer_headers: dict[str, str] = {}
        self.facts: dict[str, Any] = {}  # for the log line: ids and names, never contents
        self._receive = receive
        self._send = send
        self._has_read = False  # the whole body
        self._unread = "transfer-encoding" in self.headers or self.headers.get("content-length", "0") != "0"

    @property
    def request_id(self) -> str:
        """The public form of the id."""
        return ids.request_id(self.id)

    @property
    def has_begun(self) -> bool:
        """Whether the caller already has headers: from then on nothing can be taken back."""
        return self.status != 0

    @property
    def elapsed_ms(self) -> int:
        """Milliseconds since the request came in."""
        return int((time.monotonic() - self.started) * 1000)

    async def read_body(self) -> bytes:
        """Return the body. Raises `Refusal` where it is too large or no JSON, and `CallerLeft`."""
        _check_declared(self.headers)
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise CallerLeft
            part: bytes = message.get("body", b"")
            parts.append(part)
            size += len(part)
            if size > MAX_BODY:
                raise _too_large()
            if not message.get("more_body", False):
                self._unread, self._has_read = False, True
                return b"".join(parts)

    async def _discard(self) -> None:
        """Read what is left of the body, within bounds: a client that still sends would not hear us."""
        size, self._unread = 0, False
        with suppress(TimeoutError):
            async with asyncio.timeout(_DISCARD_SECONDS):
                while size <= MAX_BODY:
                    message = await self._receive()
                    size += len(message.get("body", b""))
                    if not message.get("more_body", False):
                        break

    def gone(self) -> Awaitable[Any]:
        """Return what ends when the caller has left; what is left of the body is passed over."""
        return self._receive() if self._has_read else self._left()  # after the body only the end comes

    async def _left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def begin(self, status: int, content_type: str, *, length: int | None = None) -> None:
        """Send the headers."""
        self.status = status
        headers = {"content-type": content_type, "cache-control": "no-store"}
        if length is None:
            headers["x-accel-buffering"] = "no"  # a reverse proxy passes events on as they come
        else:
            headers["content-length"] = str(length)
        if self.id:
            headers["x-llmhub-request-id"] = self.request_id
        pairs = [(name.encode(), _plain(value)) for name, value in (headers | self.answer_headers).items()]
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})

    async def write(self, content: bytes, *, last: bool = False) -> None:
        """Send a piece of the body."""
        if self.keeping is not None:
            self.keeping.answered(content)
        await self._send({"type": "http.response.body", "body": content, "more_body": not last})

    async def answer(self, content: bytes, *, status: int = 200, content_type: str = JSON) -> None:
        """Send a whole answer."""
        await self.begin(status, content_type, length=len(content))
        await self.write(content, last=True)

    async def refuse(self, refusal: Refusal) -> None:
        """Send an error: as the answer, or as the last event of a stream that has begun."""
        self.facts["code"] = refusal.name
        if self.has_begun:
            await self.write(self.face.stream_error(refusal, self.request_id), last=True)
            return
        if self._unread:
            await self._discard()
        self.answer_headers |= refusal.headers()
        await self.answer(self.face.error(refusal, self.request_id), status=refusal.code.status)


def _plain(value: str) -> bytes:
    """Return the value of a header without what could end it, whoever named what it tells."""
    return (value if value.isascii() and value.isprintable() else _ODD.sub("?", value)).encode("ascii")


def _joined(pairs: Any) -> dict[str, str]:
    """Return headers by lower-case name; repeated ones are joined by commas, as HTTP says."""
    found: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _check_declared(headers: dict[str, str]) -> None:
    """Refuse a body by what its headers say, before any of it is read."""
    kind = headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if kind != JSON and not kind.endswith("+json"):
        raise Refusal("not_json", f"The body is declared as {kind[:60]!r}: send {JSON}", param="content-type")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Refusal("not_json", "The body is compressed: send it plain", param="content-encoding")
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length) > MAX_BODY:
        raise _too_large()


def _too_large() -> Refusal:
    return Refusal("body_too_large", f"The body is larger than {MAX_BODY // 1024 // 1024} MiB")
