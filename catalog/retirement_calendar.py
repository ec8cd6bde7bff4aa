"""Pure: the days on which models leave, by month as a page shows them, and as a calendar file.

Source: https://www.rfc-editor.org/rfc/rfc5545
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

MONTHS = 12  # that a page shows
_WIDTH = 74  # bytes of a line of a calendar file, its end not counted


@dataclass(frozen=True)
class Mark:
    """One day of one model."""

    on: date
    slug: str
    name: str
    is_end: bool  # else it is deprecated from then on
    replacement: str = ""


@dataclass(frozen=True)
class Month:
    """A month, with what happens in it."""

    begins: date
    marks: tuple[Mark, ...]


def months(marks: Iterable[Mark], today: date, *, count: int = MONTHS) -> list[Month]:
    """Return this month and the next ones, each with what is still to come in it, by day."""
    found: dict[date, list[Mark]] = defaultdict(list)
    for mark in marks:
        if mark.on >= today:
            found[mark.on.replace(day=1)].append(mark)
    begins = [_later(today.replace(day=1), number) for number in range(count)]
    return [Month(first, tuple(sorted(found[first], key=_by_day))) for first in begins]


def beyond(marks: Iterable[Mark], shown: Sequence[Month]) -> int:
    """Return how many marks lie behind the months that are shown."""
    end = _later(shown[-1].begins, 1)
    return sum(mark.on >= end for mark in marks)


def _by_day(mark: Mark) -> tuple[date, str]:
    return mark.on, mark.slug


def _later(first: date, count: int) -> date:
    """Return the first day of the month so many months later."""
    months = first.month - 1 + count
    return date(first.year + months // 12, months % 12 + 1, 1)


def calendar_file(marks: Iterable[Mark], *, at: datetime, address: str) -> str:
    """Return the marks as iCalendar, each a whole day; `address` is the page that shows them."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//llmhub//retirements//EN",
        "X-WR-CALNAME:Models that are leaving",
    ]
    for mark in sorted(marks, key=_by_day):
        lines += _event(mark, at, address)
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _event(mark: Mark, at: datetime, address: str) -> list[str]:
    what = "ends" if mark.is_end else "is deprecated"
    instead = f"Use {mark.replacement} instead. " if mark.replacement else ""
    return [
        "BEGIN:VEVENT",
        f"UID:{_text(mark.slug)}-{'end' if mark.is_end else 'deprecated'}@llmhub",
        f"DTSTAMP:{at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{mark.on:%Y%m%d}",
        "DURATION:P1D",  # an end would be the day after, which the last day of the calendar does not have
        f"SUMMARY:{_text(f'{mark.slug} {what}')}",
        f"DESCRIPTION:{_text(instead + address)}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _text(words: str) -> str:
    """Return a value in which nothing means more than itself."""
    for letter in ("\\", ";", ","):
        words = words.replace(letter, f"\\{letter}")
    return " ".join(words.split())


def _folded(line: str) -> str:
    """Return a line in parts that are short enough, none of which breaks a letter."""
    parts, part = [], ""
    for letter in line:
        if len((part + letter).encode()) > _WIDTH:
            parts.append(part)
            part = ""
        part += letter
    return "\r\n ".join([*parts, part])
