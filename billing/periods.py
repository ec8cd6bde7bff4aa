"""Pure: the period of a budget that a moment falls into, by the clock in the budget's zone.

Nothing resets a budget: a new period is a new counter. Its start, as Unix seconds, is its name.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

Per = Literal["hour", "day", "week", "month", "year", "total"]
PERIODS: tuple[Per, ...] = ("hour", "day", "week", "month", "year", "total")
_HOUR = 3600  # seconds


def start(per: Per, zone: ZoneInfo, at: datetime) -> int:
    """Return when the period of `at` began; a total began at 0."""
    if per == "total":
        return 0
    if per == "hour":
        return _hour(zone, at)
    return _midnight(_first_day(per, at.astimezone(zone).date()), zone)


def end(per: Per, zone: ZoneInfo, at: datetime) -> int | None:
    """Return when the next period begins, or None where none follows."""
    if per == "total":
        return None
    if per == "hour":
        return _hour(zone, at) + _HOUR
    return _midnight(_next_first_day(per, at.astimezone(zone).date()), zone)


def _hour(zone: ZoneInfo, at: datetime) -> int:
    """Return the start of a local hour; one that the clock shows twice is two hours."""
    seconds = int(at.timestamp())
    offset = at.astimezone(zone).utcoffset() or timedelta(0)
    return seconds - (seconds + int(offset.total_seconds())) % _HOUR


def _first_day(per: Per, day: date) -> date:
    if per == "week":
        return day - timedelta(days=day.weekday())  # Monday, as in ISO 8601
    if per == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if per == "year" else day


def _next_first_day(per: Per, day: date) -> date:
    first = _first_day(per, day)
    longest = {"day": 1, "week": 7, "month": 31, "year": 366}[per]
    return _first_day(per, first + timedelta(days=longest))


@lru_cache(maxsize=4096)
def _midnight(day: date, zone: ZoneInfo) -> int:
    """Return the first moment of a local day.

    A midnight that the clock shows twice counts the first time; one that it skips counts as the
    moment of the change, which is what the offset before it (fold 0) gives.
    """
    return int(datetime.combine(day, time(), zone).astimezone(UTC).timestamp())
