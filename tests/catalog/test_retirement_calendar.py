"""The days on which models leave: by month, and as a file that calendars read."""

from __future__ import annotations

from datetime import UTC, date, datetime

from catalog.retirement_calendar import Mark, beyond, calendar_file, months

TODAY = date(2026, 11, 29)
MARKS = [
    Mark(date(2026, 12, 20), "acme/b", "B", is_end=True, replacement="acme/c"),
    Mark(date(2026, 12, 3), "acme/a", "A", is_end=False),
    Mark(date(2026, 11, 2), "acme/gone", "Gone", is_end=True),
    Mark(date(2027, 10, 31), "acme/late", "Late", is_end=True),
    Mark(date(2027, 11, 1), "acme/later", "Later", is_end=True),
]


def test_a_year_of_months_begins_with_this_one_and_holds_what_is_to_come():
    shown = months(MARKS, TODAY)

    assert [month.begins for month in shown][:3] == [date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)]
    assert shown[-1].begins == date(2027, 10, 1)
    assert {month.begins.month: [mark.slug for mark in month.marks] for month in shown if month.marks} == {
        12: ["acme/a", "acme/b"],
        10: ["acme/late"],
    }
    assert beyond(MARKS, shown) == 1


def test_the_file_has_a_whole_day_for_each_and_folds_long_lines():
    name = "acme/" + "ä" * 60
    at = datetime(2026, 11, 29, 12, tzinfo=UTC)

    text = calendar_file([MARKS[0], Mark(TODAY, name, "Ä", is_end=False)], at=at, address="https://hub/r/")

    assert "DTSTART;VALUE=DATE:99991231" in calendar_file(
        [Mark(date.max, "acme/for-ever", "For ever", is_end=True)], at=at, address=""
    )
    lines = text.split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2:] == ["END:VCALENDAR", ""]
    assert max(len(line.encode()) for line in lines) <= 75
    whole = text.replace("\r\n ", "").split("\r\n")
    assert f"SUMMARY:{name} is deprecated" in whole
    assert "SUMMARY:acme/b ends" in whole
    assert "DTSTART;VALUE=DATE:20261220" in whole
    assert "DURATION:P1D" in whole
    assert "DESCRIPTION:Use acme/c instead. https://hub/r/" in whole


def test_nothing_in_a_name_means_more_than_itself():
    text = calendar_file(
        [Mark(TODAY, "a,b;c\\d", "x", is_end=True)], at=datetime(2026, 1, 1, tzinfo=UTC), address=""
    )

    assert "SUMMARY:a\\,b\\;c\\\\d ends" in text
