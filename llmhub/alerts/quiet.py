"""Pure: the hours of a day in which a channel is told only of what is critical.

They are kept as a text beside the channel, `22:00-07:00`, by the clock in its zone; nothing: none. What
begins at an hour that the clock shows twice begins the first time and ends the second; where the clock
skips it, the hours begin as early and end as late as the clock before and after the change would say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_FORM = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-3]):([0-5]\d)")
MEANT = "write two times of a day such as 22:00-07:00"


@dataclass(frozen=True)
class Hours:
    """From one time of a day until another, of the next day where that is earlier."""

    begin: time
    end: time

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


def parse(text: str) -> Hours | None:
    """Return the hours that somebody wrote, None for none. Raises `ValueError`, which says what to write."""
    if not text.strip():
        return None
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text[:20]!r} are no hours: {MEANT}")
    first, second, third, fourth = map(int, found.groups())
    hours = Hours(time(first, second), time(third, fourth))
    if hours.begin == hours.end:
        raise ValueError(f"{text[:20]!r} is a whole day: {MEANT}, or pause the channel")
    return hours


def until(hours: Hours | None, zone: ZoneInfo, at: datetime) -> datetime | None:
    """Return when the quiet hours end that `at` lies in, in UTC; None where it lies in none."""
    if hours is None:
        return None
    today, day = at.astimezone(zone).date(), timedelta(days=1)
    for first in (today - day, today):
        last = first if hours.begin < hours.end else first + day
        begin, end = min(_moments(first, hours.begin, zone)), max(_moments(last, hours.end, zone))
        if begin <= at < end:
            return end
    return None


def _moments(day: date, clock: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when a clock shows a time of a day: one moment, or two around a change of the clock."""
    shown = datetime.combine(day, clock, zone)
    return shown.astimezone(UTC), shown.replace(fold=1).astimezone(UTC)
