"""The clock: the only place that asks what time it is."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def unix_ms() -> int:
    """Return the current time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def days_ago(days: int) -> date:
    """Return the day that was `days` before today in UTC."""
    return (now() - timedelta(days=days)).date()
