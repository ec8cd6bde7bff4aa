"""Pure: spans of time that people ask about, as days and months of a time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DEFAULT = timedelta(days=7)
LONGEST = timedelta(days=31)
_FIRST = datetime(2025, 1, 1, tzinfo=UTC)  # nothing was recorded before; keeps arithmetic off year 1


@dataclass(frozen=True)
class Span:
    """From `since` on, until before `until`; both in UTC."""

    since: datetime
    until: datetime


def bounded(*, now: datetime, since: datetime | None = None, until: datetime | None = None) -> Span:
    """Return the span that was asked for: by default the last 7 days, at most 31, the newest ones.

    Raises `ValueError` when it ends before it begins.
    """
    if since and until and since > until:
        raise ValueError("the range ends before it begins: swap its two dates")
    end = max(_FIRST, min(until or now, now + timedelta(minutes=1)))  # another machine's clock may be ahead
    begin = max(_FIRST, since or end - DEFAULT)
    if begin > end:
        raise ValueError("the range has not begun yet: choose an earlier start")
    return Span(max(begin, end - LONGEST).astimezone(UTC), end.astimezone(UTC))


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Return the first moment of a day, in UTC; where midnight is skipped, the moment after the gap."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def days_until(now: datetime, zone: ZoneInfo, *, count: int) -> list[tuple[date, datetime]]:
    """Return the last `count` days, today included, oldest first, each with its first moment."""
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in reversed(range(count))]
    return [(day, day_start(day, zone)) for day in days]
