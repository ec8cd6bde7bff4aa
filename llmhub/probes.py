"""GET /healthz and /readyz of the console, in front of Django: any host name, no TLS, no session.

A hub on one machine never shows them: its front answers these paths itself.
"""

from __future__ import annotations

import asyncio
import json

from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection

from llmhub.lib.asgi import App, Receive, Scope, Send

_PATIENCE = 3.0  # seconds for the database to answer


class Probes:
    """An ASGI application with two answers of its own."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a probe, or hand the request on."""
        if scope["type"] != "http" or scope["path"] not in {"/healthz", "/readyz"}:
            await self._app(scope, receive, send)
        elif scope["path"] == "/healthz":
            await _answer(send, 200, {"status": "up"})
        else:
            reasons = await _unready()
            await _answer(send, 503 if reasons else 200, {"ready": not reasons, "reasons": reasons})


async def _unready() -> list[str]:
    """Return why pages cannot be served; nothing when they can."""
    try:
        async with asyncio.timeout(_PATIENCE):
            await sync_to_async(_ask_database, thread_sensitive=False)()
    except (DatabaseError, TimeoutError):
        return ["the database does not answer"]
    return []


def _ask_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


async def _answer(send: Send, status: int, facts: dict[str, object]) -> None:
    body = json.dumps(facts).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 503:
        headers.append((b"retry-after", b"2"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
