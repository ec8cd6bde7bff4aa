"""What the simulator was asked, and who ended each exchange and when."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal, TextIO

import msgspec

from llmhub.simulator.exchange import Request

KEPT = 20_000  # hits kept in memory: more than any test makes
KEPT_BODY = 65_536  # bytes of a body that are kept


@dataclass
class Hit:
    """One request and how it went."""

    number: int  # 1 for the first
    request: Request
    began: float = field(default_factory=time.monotonic)
    at: float = field(default_factory=time.time)  # Unix seconds
    status: int = 0
    sent_bytes: int = 0
    # Who ended it: simulator (the whole answer is written, or cut on purpose) or client (it left
    # before that); "" while it goes on.
    ended_by: Literal["", "simulator", "client"] = ""
    ended_after_ms: float | None = None

    def end(self, by: Literal["simulator", "client"]) -> None:
        """Note who ended the exchange; only the first to do so counts."""
        if not self.ended_by:
            self.ended_by = by
            self.ended_after_ms = round((time.monotonic() - self.began) * 1000, 1)

    def row(self) -> dict[str, Any]:
        """Return the hit as it is logged."""
        return {
            "number": self.number,
            "at": self.at,
            "method": self.request.method,
            "path": self.request.target,
            "headers": self.request.headers,
            "body": self.request.body[:KEPT_BODY].decode("utf-8", "replace"),
            "status": self.status,
            "sent_bytes": self.sent_bytes,
            "ended_by": self.ended_by,
            "ended_after_ms": self.ended_after_ms,
        }


class Hits:
    """The latest hits in memory, and all of them in a file where one is given."""

    def __init__(self, log: TextIO | None = None) -> None:
        self._hits: deque[Hit] = deque(maxlen=KEPT)
        self._count = 0
        self._log = log

    def add(self, request: Request) -> Hit:
        """Return a new hit for `request`."""
        self._count += 1
        hit = Hit(self._count, request)
        self._hits.append(hit)
        return hit

    def ended(self, hit: Hit) -> None:
        """Write a hit that is over to the log file."""
        if self._log is not None:
            self._log.write(msgspec.json.encode(hit.row()).decode() + "\n")
            self._log.flush()

    def clear(self) -> None:
        """Forget all hits; their numbers go on."""
        self._hits.clear()

    def lines(self, since: int = 0) -> bytes:
        """Return the hits after number `since`, one JSON object a line."""
        rows = (msgspec.json.encode(hit.row()) for hit in self._hits if hit.number > since)
        return b"".join(row + b"\n" for row in rows)
