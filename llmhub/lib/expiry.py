"""Pure: when a key may end: at a moment that is still to come and that every database can keep."""

from __future__ import annotations

from datetime import datetime, timedelta

MAX_AHEAD = timedelta(days=36_525)  # a hundred years


def fault(expires_at: datetime | None, *, now: datetime) -> str:
    """Return what is wrong with an end, or ""; None is no end."""
    if expires_at is None:
        return ""
    if expires_at <= now:
        return "this moment has passed: choose a later one"
    if expires_at > now + MAX_AHEAD:
        return "this is more than a hundred years ahead: leave it empty for a key without end"
    return ""
