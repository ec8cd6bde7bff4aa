"""Pure: refuse a body that is too large for the console while it comes, before anybody keeps it.

Django reads a whole body, to disk when it is large, before it asks who sends it.
"""

from __future__ import annotations

import json

from llmhub.lib.asgi import App, Message, Receive, Scope, Send, header

MAX_BODY = 1024 * 1024  # bytes
_MAX_DISCARDED = 16 * 1024 * 1024  # bytes; who sends more meets a closed connection
_WORDS = "The body is larger than 1 MiB: send less at once."
_TOO_LARGE = "too_large"


class Bounded:
    """An ASGI application that gets no body beyond the bound, nor any of one that says so at once."""

    def __init__(self, app: App, *, most: int = MAX_BODY) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on; to the application a sender of too much is one who left."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = header(scope, b"content-length")
        if length.isdecimal() and int(length) > self._most:
            await _discard(receive)
            await _refuse(scope, send)
            return
        body = _Counted(receive, self._most)
        answer = _Noted(send)
        await self._app(scope, body, answer)
        if body.is_too_large and not answer.has_begun:
            if not body.has_ended:
                await _discard(receive)
            await _refuse(scope, send)


class _Counted:
    """What a client sends, until it is too much."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._left = most
        self.has_ended = False

    @property
    def is_too_large(self) -> bool:
        return self._left < 0

    async def __call__(self) -> Message:
        if not self.is_too_large:
            message = await self._receive()
            self._left -= len(message.get("body", b""))
            self.has_ended = not message.get("more_body", False)
        return {"type": "http.disconnect"} if self.is_too_large else message


class _Noted:
    """What an application answers, and whether it has begun to."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        self.has_begun = True
        await self._send(message)


async def _discard(receive: Receive) -> None:
    """Read what is still coming, within a bound, and keep nothing: who still sends would not hear us."""
    size = 0
    while size <= _MAX_DISCARDED:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body", False):
            break


async def _refuse(scope: Scope, send: Send) -> None:
    """Answer 413 in the form the caller reads."""
    kind, body = b"text/plain; charset=utf-8", _WORDS.encode()
    if scope["path"].startswith("/api/"):
        error: dict[str, object] = {"type": _TOO_LARGE, "code": _TOO_LARGE, "message": _WORDS, "param": None}
        error |= {"request_id": None, "retryable": False, "retry_after": None, "details": {}, "remedies": []}
        kind, body = b"application/json", json.dumps({"error": error}).encode()
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
