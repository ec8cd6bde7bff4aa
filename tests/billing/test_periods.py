"""Periods of budgets, by the clock in their zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from billing import periods

CALENDAR = ("day", "week", "month", "year")
HALF_HOUR = timedelta(minutes=30)
FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("per", "zone", "at", "start", "end"),
    [
        ("hour", "UTC", "2026-03-29T12:34:56", "2026-03-29T12:00", "2026-03-29T13:00"),
        ("hour", "Asia/Kolkata", "2026-03-29T12:34:56", "2026-03-29T12:30", "2026-03-29T13:30"),
        ("day", "Europe/Berlin", "2026-03-29T12:00", "2026-03-28T23:00", "2026-03-29T22:00"),
        ("day", "America/New_York", "2026-11-01T12:00", "2026-11-01T04:00", "2026-11-02T05:00"),
        ("week", "UTC", "2026-03-29T23:59", "2026-03-23T00:00", "2026-03-30T00:00"),
        ("month", "Asia/Tokyo", "2026-02-28T15:00", "2026-02-28T15:00", "2026-03-31T15:00"),
        ("year", "Pacific/Auckland", "2026-12-31T12:00", "2026-12-31T11:00", "2027-12-31T11:00"),
    ],
)
def test_a_period_begins_and_ends_by_the_local_clock(per, zone, at, start, end):
    zone = ZoneInfo(zone)

    assert periods.start(per, zone, utc(at)) == utc(start).timestamp()
    assert periods.end(per, zone, utc(at)) == utc(end).timestamp()


def test_a_total_never_ends():
    assert periods.start("total", ZoneInfo("UTC"), FIRST) == 0
    assert periods.end("total", ZoneInfo("UTC"), FIRST) is None


def test_a_midnight_that_the_clock_skips_is_the_moment_of_the_change():
    beirut = ZoneInfo("Asia/Beirut")  # 28 March 2021, 00:00 became 01:00

    assert periods.start("day", beirut, utc("2021-03-28T12:00")) == utc("2021-03-27T22:00").timestamp()


def test_a_midnight_that_the_clock_shows_twice_counts_the_first_time():
    havana = ZoneInfo("America/Havana")  # 1 November 2020, 01:00 became 00:00

    for at in ("2020-11-01T04:30", "2020-11-01T05:30"):
        assert periods.start("day", havana, utc(at)) == utc("2020-11-01T04:00").timestamp()


def test_an_hour_that_the_clock_shows_twice_is_two_hours():
    berlin = ZoneInfo("Europe/Berlin")

    once, again = (periods.start("hour", berlin, utc(f"2026-10-25T0{hour}:30")) for hour in (0, 1))

    assert again - once == 3600


def changes(zone: ZoneInfo) -> list[datetime]:
    """The moments, to the half hour, at which a zone's offset changes."""
    step, moment, found = timedelta(days=7), FIRST, []
    while moment < LAST:
        if moment.astimezone(zone).utcoffset() != (moment + step).astimezone(zone).utcoffset():
            low, high = moment, moment + step
            while high - low > HALF_HOUR:
                middle = low + (high - low) / 2
                same = middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            found.append(high)
        moment += step
    return found


def clocks() -> dict[tuple, ZoneInfo]:
    """One zone for each way in which clocks ran in these years; the other names run the same."""
    found = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        moments = [FIRST, *changes(zone)]
        found[tuple((moment, moment.astimezone(zone).utcoffset()) for moment in moments)] = zone
    return found


def test_midnights_counted_in_hours_would_be_seen(monkeypatch):
    """The negative control of R-13."""

    def by_hours(day, zone) -> int:
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone)
        return int(noon.timestamp()) - 12 * 3600

    monkeypatch.setattr(periods, "_midnight", by_hours)
    berlin, at = (
        ZoneInfo("Europe/Berlin"),
        utc("2026-10-24T22:30"),
    )  # the first half hour of a day of 25 hours

    assert not periods.start("day", berlin, at) <= at.timestamp() < periods.end("day", berlin, at)


def test_in_every_zone_periods_follow_each_other_without_gap_over_seven_years():
    zones = clocks()
    assert len(zones) > 70

    for moments, zone in zones.items():
        for change, _ in moments:
            for halves in range(-54, 55):  # more than a day to both sides
                at = change + halves * HALF_HOUR
                for per in CALENDAR:
                    start, end = periods.start(per, zone, at), periods.end(per, zone, at)
                    before_end = datetime.fromtimestamp(end - 1, UTC)
                    assert start <= at.timestamp() < end, (zone, per, at)
                    assert periods.start(per, zone, before_end) == start, (zone, per, at)
                    assert periods.start(per, zone, datetime.fromtimestamp(end, UTC)) == end, (zone, per, at)
