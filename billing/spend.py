"""What was spent and how calls went, as Overview shows it: from roll-ups and what is newer than they."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from billing import refusals_read, rollup_read, span
from billing.rollup_read import Span, Sums
from catalog.models import CatalogEntry
from llmhub.lib import figures, ids
from llmhub.people.models import User
from providers.models import Provider

_DAYS = 14
_TOP = 5
_MEASURES = ("spend_nano", "requests", "errors", "unpriced", "refusals")
_BY = ("provider_id", "entry_id", "refusal_code")


@dataclass(frozen=True)
class Figures:
    """Sums over some calls."""

    spend_nano: int = 0  # without calls of unknown cost
    requests: int = 0
    errors: int = 0  # failed or interrupted; a caller that left is no error
    unpriced: int = 0  # calls of unknown cost
    refusals: int = 0  # no requests: nothing was done for them

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.spend_nano + other.spend_nano,
            self.requests + other.requests,
            self.errors + other.errors,
            self.unpriced + other.unpriced,
            self.refusals + other.refusals,
        )


@dataclass(frozen=True)
class Day:
    """One day of the organisation's zone."""

    day: date
    figures: Figures


@dataclass(frozen=True)
class Part:
    """What one model, provider or person had of the month."""

    id: int
    name: str  # the model's slug, the provider's or person's name
    slug: str  # of a person, the e-mail address
    figures: Figures


@dataclass(frozen=True)
class Timing:
    """Percentiles over the calls that were answered; None without any."""

    calls: int
    latency_p50_ms: int | None
    latency_p95_ms: int | None
    ttft_p50_ms: int | None  # of streams
    ttft_p95_ms: int | None


@dataclass(frozen=True)
class Overview:
    """The front page in numbers."""

    today: Figures
    month: Figures  # the calendar month so far
    last_month: Figures  # as much of the month before, by the clock
    last_24_hours: Figures
    timing: Timing  # of the last 24 hours
    days: tuple[Day, ...]  # the last 14, oldest first
    models: tuple[Part, ...]  # of the month, dearest first
    providers: tuple[Part, ...]
    people: tuple[Part, ...]
    refusals: dict[str, int]  # of the last 24 hours by code, the most frequent first
    counted_from: datetime | None  # not None: earlier calls are not all in it yet

    @property
    def month_change(self) -> str:
        """By how much the month moved against the one before, in words."""
        return figures.change(self.month.spend_nano, self.last_month.spend_nano)


def overview(now: datetime, zone: ZoneInfo, *, teams: frozenset[int] | None = None) -> Overview:
    """Return the figures of the front page, or of these teams; days and months are those of `zone`."""
    today = now.astimezone(zone).date()
    days = span.days_until(now, zone, count=max(_DAYS, today.day))
    last_day = Span(now - timedelta(days=1), _end(now))
    spans = [*_spans(days, now), last_day, _month_before(now, today, zone)]
    floor = rollup_read.floor_of(Span(spans[0].since, last_day.until))
    rows = rollup_read.sums(spans, by=_BY, measures=_MEASURES, floor=floor, teams=teams)
    by_day = {
        day: _figures(row for row in rows if row.span == number) for number, (day, _) in enumerate(days)
    }
    of_month = {number for number, (day, _) in enumerate(days) if day.replace(day=1) == today.replace(day=1)}
    month = [row for row in rows if row.span in of_month]
    newest = [row for row in rows if row.span == len(days)]
    last_month = _figures(row for row in rows if row.span == len(days) + 1)
    return Overview(
        today=by_day[today],
        month=_figures(month),
        last_month=last_month,
        last_24_hours=_figures(newest),
        timing=_timing(last_day, floor, teams),
        days=tuple(Day(day, figures) for day, figures in list(by_day.items())[-_DAYS:]),
        models=_models(month),
        providers=_providers(month),
        people=_people(days[-today.day][1], now, floor, teams),
        refusals=refusals_read.by_code(newest, _BY.index("refusal_code")),
        counted_from=ids.moment_of(floor) if floor else None,
    )


def _end(now: datetime) -> datetime:
    """Return an end that no call is beyond, also where another machine's clock is ahead."""
    return now + timedelta(days=1)


def _spans(days: Sequence[tuple[date, datetime]], now: datetime) -> list[Span]:
    """Return the days, each with where it ends."""
    ends = [begin for _, begin in days[1:]]
    return [Span(begin, end) for (_, begin), end in zip(days, [*ends, _end(now)], strict=True)]


def _month_before(now: datetime, today: date, zone: ZoneInfo) -> Span:
    """Return the month before as far as this one has come; a shorter one ends with its last day."""
    first = today.replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    begin, end = span.day_start(before, zone), span.day_start(first, zone)
    return Span(begin, min(begin + (now - span.day_start(first, zone)), end))


def _figures(rows: Iterable[Sums]) -> Figures:
    return sum((Figures(**row.values) for row in rows), Figures())


def _timing(of: Span, floor: int, teams: frozenset[int] | None) -> Timing:
    latency, ttft = rollup_read.times(of, floor=floor, teams=teams)
    return Timing(
        calls=latency.count,
        latency_p50_ms=latency.percentile(50),
        latency_p95_ms=latency.percentile(95),
        ttft_p50_ms=ttft.percentile(50),
        ttft_p95_ms=ttft.percentile(95),
    )


def _top(rows: Iterable[Sums], place: int) -> dict[int, Figures]:
    """Return the figures of the dearest values of the dimension at a place, by value."""
    found: dict[int, Figures] = {}
    for row in rows:
        value = row.of[place]
        if value and row.values["requests"]:
            found[value] = found.get(value, Figures()) + Figures(**row.values)
    dearest = sorted(found.items(), key=lambda item: (-item[1].spend_nano, -item[1].requests, item[0]))
    return dict(dearest[:_TOP])


def _models(rows: Iterable[Sums]) -> tuple[Part, ...]:
    top = _top(rows, _BY.index("entry_id"))
    entries = CatalogEntry.objects.in_bulk(top)
    return tuple(
        Part(id_, entries[id_].slug, entries[id_].slug, figures)
        for id_, figures in top.items()
        if id_ in entries
    )


def _providers(rows: Iterable[Sums]) -> tuple[Part, ...]:
    top = _top(rows, _BY.index("provider_id"))
    found = Provider.objects.in_bulk(top)
    return tuple(
        Part(id_, found[id_].name, found[id_].slug, figures) for id_, figures in top.items() if id_ in found
    )


def _people(since: datetime, now: datetime, floor: int, teams: frozenset[int] | None) -> tuple[Part, ...]:
    """Return what the dearest people had since a moment, with whatever keys of these teams."""
    rows = rollup_read.sums(
        [Span(since, _end(now))],
        by=("person_id",),
        measures=_MEASURES,
        having="person_id",
        floor=floor,
        teams=teams,
    )
    top = _top(rows, 0)
    found = User.objects.in_bulk(top)
    return tuple(
        Part(id_, str(found[id_]), found[id_].email, figures) for id_, figures in top.items() if id_ in found
    )
