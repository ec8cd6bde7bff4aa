"""Pure: the words of ASGI: what a server hands over, and how to read a header."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def header(scope: Scope, name: bytes) -> str:
    """Return a request header, repeated ones joined by commas, "" when there is none."""
    return ",".join(value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name)
