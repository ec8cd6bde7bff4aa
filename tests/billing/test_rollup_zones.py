"""Quarters of an hour compose into the days of any time zone, those of 23 and 25 hours too."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from billing import rollup, rollup_bucket, spend
from llmhub.lib import ids
from tests.billing import rows

QUARTER = timedelta(minutes=15)
CHANGES = [  # a zone, a day on which its clocks change, and its hours
    ("Europe/Berlin", date(2026, 3, 29), 23),
    ("Europe/Berlin", date(2026, 10, 25), 25),
    ("America/St_Johns", date(2026, 11, 1), 25),  # 2 h 30 min behind UTC, then 3 h 30 min
    ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),  # clocks move by half an hour
    ("Africa/Cairo", date(2026, 4, 24), 23),  # midnight is skipped
    ("Asia/Kathmandu", date(2026, 5, 5), 24),  # 5 h 45 min ahead
]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "day", "hours"), CHANGES)
def test_each_quarter_of_a_local_day_counts_in_that_day_and_no_other(name, day, hours, monkeypatch):
    monkeypatch.setattr(rollup, "_PAUSE", 0)
    zone = ZoneInfo(name)
    begin = datetime.combine(day, time(), zone).astimezone(UTC)
    end = begin + timedelta(hours=hours)
    moment = begin - QUARTER
    while moment < end + QUARTER:
        rows.usage(moment, cost_nano=1)
        rows.usage(moment + QUARTER - timedelta(milliseconds=1), cost_nano=1000)
        moment += QUARTER
    now = end + timedelta(hours=6)
    rollup.recompute(now=now)

    days = {row.day: row.figures for row in spend.overview(now, zone).days}

    quarters = int(hours * 4)
    assert days[day].spend_nano == quarters * 1001
    assert days[day - timedelta(days=1)].requests == 2
    assert days[day + timedelta(days=1)].requests == 2


def test_every_zone_begins_its_days_with_a_bucket():
    """From the first day that ids can name; in 1930 it would not hold."""
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        for number in range(0, 365 * 5, 13):
            midnight = datetime(2025, 1, 1, tzinfo=zone) + timedelta(days=number)
            assert int(midnight.timestamp()) % rollup_bucket.SECONDS == 0, name

    assert int(datetime(1930, 1, 1, tzinfo=ZoneInfo("Africa/Monrovia")).timestamp()) % rollup_bucket.SECONDS


def test_a_bucket_is_a_range_of_ids():
    first, end = rollup_bucket.ids_of(rollup_bucket.at(datetime(2026, 3, 29, 1, 14, tzinfo=UTC)))

    assert ids.moment_of(first) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert rollup_bucket.of_row(first) == rollup_bucket.of_row(end - 1) == rollup_bucket.of_row(end) - 900
    assert rollup_bucket.worker_of(ids.IdMaker(worker=77).next()) == 77
