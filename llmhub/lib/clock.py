"""The clock: the only place that asks what time it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta

_pretended: ContextVar[datetime | None] = ContextVar("pretended", default=None)


def now() -> datetime:
    """Return the current time in UTC."""
    return _pretended.get() or datetime.now(UTC)


@contextmanager
def pretending(moment: datetime) -> Iterator[None]:
    """Let `now` be `moment` meanwhile, for a demo that tells of its past; a test keeps others from it."""
    token = _pretended.set(moment)
    try:
        yield
    finally:
        _pretended.reset(token)


def unix_ms() -> int:
    """Return the current time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def days_ago(days: int) -> date:
    """Return the day that was `days` before today in UTC."""
    return (now() - timedelta(days=days)).date()
