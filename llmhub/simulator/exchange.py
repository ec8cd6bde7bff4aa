"""Pure: a request as it was read, and an answer as it will be written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

JSON = ("content-type", "application/json")
EVENTS = ("content-type", "text/event-stream; charset=utf-8")
BLOCK = 65_536  # bytes written at a time of a body without end

REASONS = {
    200: "OK", 204: "No Content", 302: "Found", 400: "Bad Request", 401: "Unauthorized",
    402: "Payment Required", 404: "Not Found", 405: "Method Not Allowed", 429: "Too Many Requests",
    500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """One request; names of headers are lower case."""

    method: str
    target: str  # path and query as they came
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Pause:
    """Wait before the next part; for ever where there is no number."""

    seconds: float | None = None


@dataclass(frozen=True)
class Hangup:
    """Close the connection in the middle of the answer, politely (FIN) or with a reset (RST)."""

    reset: bool = False


Part = bytes | Pause | Hangup


@dataclass(frozen=True)
class Answer:
    """What is written back: a head, then parts one after the other, made only as they are needed."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = (JSON,)
    parts: Iterable[Part] = ()
    length: int | None = None  # content-length as claimed; None: chunked
    raw: bool = False  # no head and no framing: the parts are all there is
    delay: float = 0.0  # seconds before the head
    streamed: bool = field(default=False, kw_only=True)  # one part is one event

    def with_headers(self, *headers: tuple[str, str]) -> Answer:
        """Return the answer with more headers."""
        return replace(self, headers=(*self.headers, *headers))


def json_answer(body: Any, *, status: int = 200) -> Answer:
    """Return `body` as a whole JSON answer."""
    content = msgspec.json.encode(body)
    return Answer(status=status, parts=(content,), length=len(content))


def error_answer(status: int, message: str, *, kind: str, code: str | None = None) -> Answer:
    """Return an error in the skin of the chat dialect."""
    error = {"message": message, "type": kind, "param": None, "code": code}
    return json_answer({"error": error}, status=status)


def head(answer: Answer) -> bytes:
    """Return status line and headers as bytes."""
    framing = (
        ("transfer-encoding", "chunked") if answer.length is None else ("content-length", str(answer.length))
    )
    lines = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in (*answer.headers, framing)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def blocks(data: bytes, size: int) -> Iterator[bytes]:
    """Cut `data` into pieces of `size` bytes."""
    for start in range(0, len(data), size):
        yield data[start : start + size]
