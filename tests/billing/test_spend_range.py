"""Ranges of days in a zone: their intervals, and the time before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from billing import spend_range
from billing.spend_range import asked, local_text

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 29, 12, 7, tzinfo=UTC)  # the day on which Berlin's clocks go forward


def test_by_default_it_is_the_last_30_days_today_included():
    found = asked(now=NOW, zone=BERLIN)

    assert (found.since, found.until, found.days, found.per) == (
        date(2026, 2, 28),
        date(2026, 3, 29),
        30,
        "day",
    )
    assert found.starts()[0] == datetime(2026, 2, 27, 23, tzinfo=UTC)
    assert len(found.starts()) == 30


def test_the_time_before_is_as_long_and_ends_at_the_same_time_of_day():
    begin, end = asked(now=NOW, zone=BERLIN, since=date(2026, 3, 28)).before(NOW)

    assert begin.astimezone(BERLIN) == datetime(2026, 3, 26, tzinfo=BERLIN)
    assert end.astimezone(BERLIN) == datetime(2026, 3, 27, 14, 15, tzinfo=BERLIN)  # by the clock on the wall


def test_the_time_before_a_range_that_is_over_is_whole_days():
    range_ = asked(now=NOW, zone=BERLIN, since=date(2026, 3, 10), until=date(2026, 3, 12))

    assert range_.before(NOW) == (
        datetime(2026, 3, 6, 23, tzinfo=UTC),
        datetime(2026, 3, 9, 23, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("per", "starts"),
    [
        ("hour", 24 + 23),  # the second day has an hour less
        ("day", 2),
        ("week", 1),
        ("month", 1),
    ],
)
def test_a_range_is_cut_by_the_clock_of_its_zone(per, starts):
    range_ = asked(now=NOW, zone=BERLIN, since=date(2026, 3, 28), per=per)

    assert len(range_.starts()) == starts
    assert range_.starts()[0] == range_.begin


def test_weeks_begin_on_monday_and_the_first_one_may_be_cut():
    range_ = asked(now=NOW, zone=BERLIN, since=date(2026, 3, 18), per="week")

    assert [local_text(start, BERLIN, "week") for start in range_.starts()] == ["2026-03-18", "2026-03-23"]


@pytest.mark.parametrize(
    ("since", "until", "per", "says"),
    [
        (date(2026, 3, 5), date(2026, 3, 4), "day", "ends before it begins"),
        (date(2027, 1, 1), None, "day", "ends before it begins"),
        (None, date(2024, 12, 31), "day", "ends before it begins"),
        (None, date(1, 1, 1), "day", "ends before it begins"),
        (date(9999, 12, 31), date(9999, 12, 31), "month", "ends before it begins"),
        (date(2025, 1, 1), None, "hour", "choose days"),
    ],
)
def test_what_makes_no_range_says_why(since, until, per, says):
    with pytest.raises(ValueError, match=says):
        asked(now=NOW, zone=BERLIN, since=since, until=until, per=per)


def test_a_range_that_begins_before_everything_begins_in_2025():
    assert asked(now=NOW, zone=BERLIN, since=date(1, 1, 1), per="week").since == spend_range.FIRST


def test_presets_are_of_today():
    found = {label: (since, until) for label, since, until in spend_range.presets(date(2026, 3, 1))}

    assert found["Last month"] == (date(2026, 2, 1), date(2026, 2, 28))
    assert found["7 days"] == (date(2026, 3, 1) - timedelta(days=6), date(2026, 3, 1))
