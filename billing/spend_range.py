"""Pure: spans of days of a time zone, cut into hours, days, weeks or months, and the span before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from billing import periods
from billing.span import day_start

Per = Literal["hour", "day", "week", "month"]
PERS: tuple[Per, ...] = get_args(Per)
DEFAULT_DAYS = 30
MOST_POINTS = 800  # of a chart: a month of hours, two years of days
FIRST = date(2025, 1, 1)  # nothing was recorded before
_QUARTER = 900  # seconds


@dataclass(frozen=True)
class Range:
    """Some days of a zone, the last one included, cut at the clock's hours, days, Mondays or months."""

    since: date
    until: date
    per: Per
    zone: ZoneInfo

    @property
    def days(self) -> int:
        """How many days there are."""
        return (self.until - self.since).days + 1

    @property
    def begin(self) -> datetime:
        """The first moment, in UTC."""
        return day_start(self.since, self.zone)

    @property
    def end(self) -> datetime:
        """The moment after the last, in UTC."""
        return day_start(self.until + timedelta(days=1), self.zone)

    def starts(self) -> list[datetime]:
        """Return where each interval begins, in UTC; the first may have begun before the range."""
        return list(self._starts())

    def _starts(self) -> Iterator[datetime]:
        at = self.begin
        while at < self.end:
            yield at
            end = periods.end(self.per, self.zone, at)
            assert end is not None
            at = datetime.fromtimestamp(end, UTC)

    def before(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the same number of days before this range; of a day that is not over, as much of it."""
        begin = day_start(self.since - timedelta(days=self.days), self.zone)
        if now >= self.end:
            return begin, self.begin
        quarter = int(now.timestamp()) // _QUARTER * _QUARTER + _QUARTER  # sums are per quarter of an hour
        local = datetime.fromtimestamp(quarter, self.zone) - timedelta(days=self.days)
        return begin, min(max(local.astimezone(UTC), begin), self.begin)


def asked(
    *,
    now: datetime,
    zone: ZoneInfo,
    since: date | None = None,
    until: date | None = None,
    per: Per = "day",
) -> Range:
    """Return the range that was asked for: by default the last 30 days, today included.

    Raises `ValueError` on a range that ends before it begins and on too many intervals for a chart.
    """
    today = now.astimezone(zone).date()
    last = min(until or today, today)
    first = max(since or max(last, FIRST) - timedelta(days=DEFAULT_DAYS - 1), FIRST)
    if first > last:
        raise ValueError("the range ends before it begins: choose a day from 2025 to today, then a later one")
    found = Range(first, last, per, zone)
    hours = {"hour": 1, "day": 24, "week": 168, "month": 720}[per]
    if found.days * 24 / hours > MOST_POINTS:
        longer = PERS[min(PERS.index(per) + 1, len(PERS) - 1)]
        raise ValueError(f"{found.days} days have too many {per}s for one chart: choose {longer}s")
    return found


def presets(today: date) -> list[tuple[str, date, date]]:
    """Return spans that people ask for again and again, each with its name."""
    month = today.replace(day=1)
    last = month - timedelta(days=1)
    return [
        ("Today", today, today),
        ("7 days", today - timedelta(days=6), today),
        ("30 days", today - timedelta(days=29), today),
        ("90 days", today - timedelta(days=89), today),
        ("This month", month, today),
        ("Last month", last.replace(day=1), last),
    ]


def local_text(moment: datetime, zone: ZoneInfo, per: Per) -> str:
    """Return the beginning of an interval as the clock in the zone shows it: a day, or day and hour."""
    local = moment.astimezone(zone)
    return local.strftime("%Y-%m-%dT%H:%M") if per == "hour" else local.date().isoformat()
