"""Pure: how a dialect puts what llmhub itself says to a caller: errors, and the end of a stream."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from routing.gateway.errors import Refusal


class Face(Protocol):
    """What a caller of one dialect expects around the answer of a provider."""

    dialect: str

    def error(self, refusal: Refusal, request_id: str) -> bytes:
        """Return the body of an error."""

    def stream_error(self, refusal: Refusal, request_id: str) -> bytes:
        """Return an error as the last event of a stream that has begun."""

    def terminal(self, told: dict[str, Any]) -> bytes:
        """Return the last bytes of a stream: what llmhub tells in a comment, and the end marker."""


class ChatFace:
    """The chat dialect; what is served in no dialect of its own looks like it too."""

    dialect = "chat"

    def error(self, refusal: Refusal, request_id: str) -> bytes:
        """Return the body of an error."""
        return msgspec.json.encode({"error": refusal.body(request_id)})

    def stream_error(self, refusal: Refusal, request_id: str) -> bytes:
        """Return an error as the last event of a stream; no end marker follows."""
        return b"data: " + self.error(refusal, request_id) + b"\n\n"

    def terminal(self, told: dict[str, Any]) -> bytes:
        """Return the cost as a comment, which clients ignore, and the end marker."""
        return _comment(told) + b"data: [DONE]\n\n"


class MessagesFace:
    """The messages dialect.

    Source: https://platform.claude.com/docs/en/api/errors
    """

    dialect = "messages"

    def error(self, refusal: Refusal, request_id: str) -> bytes:
        """Return the body of an error: the type is this dialect's, the code is ours."""
        error = refusal.body(request_id) | {"type": _type_of(refusal.code.status)}
        return msgspec.json.encode({"type": "error", "error": error, "request_id": request_id})

    def stream_error(self, refusal: Refusal, request_id: str) -> bytes:
        """Return an error as the last event of a stream."""
        return b"event: error\ndata: " + self.error(refusal, request_id) + b"\n\n"

    def terminal(self, told: dict[str, Any]) -> bytes:
        """Return the cost as a comment, which clients ignore, and the last event."""
        return _comment(told) + b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


CHAT: Face = ChatFace()
MESSAGES: Face = MessagesFace()

_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    410: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}


def _type_of(status: int) -> str:
    return _TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")


def _comment(told: dict[str, Any]) -> bytes:
    return b": llmhub " + msgspec.json.encode(told) + b"\n\n"
