"""R-13: periods of every zone, around every change of its clock, against the clock itself."""

from __future__ import annotations

from datetime import UTC, datetime, time
from unittest.mock import patch
from zoneinfo import ZoneInfo, available_timezones

from billing import periods
from tests.billing.test_periods import CALENDAR, FIRST, HALF_HOUR, changes, clocks
from tests.prove.row import Figures

ROW = "R-13"
CLAIM = "A budget's period is a function of the clock in its zone; no job resets anything"
_AROUND = range(-54, 55)  # half hours: more than a day to both sides


def prove(stand) -> Figures:
    zones = _every_clock() if stand.quick else _every_name()
    return _walk(zones)


def control(stand) -> Figures:
    """With midnight as the hours back that the clock shows now."""

    def by_hours(day, zone) -> int:
        noon = datetime.combine(day, time(12), zone).astimezone(UTC).timestamp()
        return int(noon) - 12 * 3600

    with patch.object(periods, "_midnight", by_hours):
        return _walk(_every_clock())


def _every_clock() -> dict[ZoneInfo, list[datetime]]:
    """One zone of each way in which clocks ran."""
    return {zone: [moment for moment, _ in moments] for moments, zone in clocks().items()}


def _every_name() -> dict[ZoneInfo, list[datetime]]:
    zones = map(ZoneInfo, sorted(available_timezones()))
    return {zone: [FIRST, *changes(zone)] for zone in zones}


def _walk(zones: dict[ZoneInfo, list[datetime]]) -> Figures:
    found = [
        _is_right(per, zone, change + halves * HALF_HOUR)
        for zone, moments in zones.items()
        for change in moments
        for halves in _AROUND
        for per in CALENDAR
    ]
    return Figures(
        all(found),
        {
            "zones over 7 years": len(zones),
            "changes of a clock": sum(len(moments) - 1 for moments in zones.values()),
            "periods looked at": len(found),
            "wrong": found.count(False),
        },
    )


def _is_right(per: str, zone: ZoneInfo, at: datetime) -> bool:
    """Whether the period holds the moment, meets its neighbours, and begins with a local day."""
    start, end = periods.start(per, zone, at), periods.end(per, zone, at)
    last, following = datetime.fromtimestamp(end - 1, UTC), datetime.fromtimestamp(end, UTC)
    begins, before = (datetime.fromtimestamp(second, UTC).astimezone(zone) for second in (start, start - 1))
    return (
        start <= at.timestamp() < end
        and periods.start(per, zone, last) == start
        and periods.start(per, zone, following) == end
        and before.date() < begins.date()
        and (begins.time() == time() or before.utcoffset() != begins.utcoffset())
    )
