"""What was spent and how calls went, as Overview shows it.

Until there are roll-ups these figures are read from the ledger itself, over a range of ids and
at most `MOST_ROWS` of them; `counted_from` says so when that was not enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, Q, QuerySet, Sum, Value, When
from django.db.models.fields import IntegerField

from billing import span
from billing.models import UsageRecord
from catalog.models import CatalogEntry
from llmhub.lib import ids
from providers.models import Provider

MOST_ROWS = 100_000
_MOST_TIMED = 20_000  # calls whose times are sorted for percentiles
_DAYS = 14
_TOP = 5

_FAILED = Q(status__in=[UsageRecord.Status.ERROR, UsageRecord.Status.INTERRUPTED])
_SUMS = {
    "spend_nano": Sum("cost_nano", default=0),
    "requests": Count("id"),
    "errors": Count("id", filter=_FAILED),
    "unpriced": Count("id", filter=Q(cost_nano=None)),
}


@dataclass(frozen=True)
class Figures:
    """Sums over some calls."""

    spend_nano: int = 0  # without calls of unknown cost
    requests: int = 0
    errors: int = 0  # failed or interrupted; a caller that left is no error
    unpriced: int = 0  # calls of unknown cost

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.spend_nano + other.spend_nano,
            self.requests + other.requests,
            self.errors + other.errors,
            self.unpriced + other.unpriced,
        )


@dataclass(frozen=True)
class Day:
    """One day of the organisation's zone."""

    day: date
    figures: Figures


@dataclass(frozen=True)
class Part:
    """What one model or provider had of the month."""

    id: int
    name: str  # the model's slug, the provider's name
    slug: str
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
    last_24_hours: Figures
    timing: Timing  # of the last 24 hours
    days: tuple[Day, ...]  # the last 14, oldest first
    models: tuple[Part, ...]  # of the month, dearest first
    providers: tuple[Part, ...]
    counted_from: datetime | None  # not None: older calls were left out, there are too many


def overview(now: datetime, zone: ZoneInfo) -> Overview:
    """Return the figures of the front page; days and months are those of `zone`."""
    today = now.astimezone(zone).date()
    days = span.days_until(now, zone, count=max(_DAYS, today.day))
    floor = _floor(ids.first_at(days[0][1]))
    by_day = _by_day(days, floor)
    of_month = [
        figures for day, figures in by_day.items() if (day.year, day.month) == (today.year, today.month)
    ]
    month = _since(max(floor, ids.first_at(span.day_start(today.replace(day=1), zone))))
    last_day = _since(max(floor, ids.first_at(now - timedelta(days=1))))
    return Overview(
        today=by_day[today],
        month=sum(of_month, Figures()),
        last_24_hours=_figures(last_day.aggregate(**_SUMS)),
        timing=_timing(last_day),
        days=tuple(Day(day, figures) for day, figures in list(by_day.items())[-_DAYS:]),
        models=_models(month),
        providers=_providers(month),
        counted_from=ids.moment_of(floor) if floor > ids.first_at(days[0][1]) else None,
    )


def _figures(sums: Mapping[str, Any]) -> Figures:
    return Figures(**{name: sums[name] for name in _SUMS})


def _since(row_id: int) -> QuerySet[UsageRecord]:
    return UsageRecord.objects.filter(id__gte=row_id)


def _floor(first: int) -> int:
    """Return the id to begin with: `first`, or a later one when more rows than the bound follow it."""
    beyond = _since(first).order_by("-id").values_list("id", flat=True)[MOST_ROWS : MOST_ROWS + 1]
    return max([first, *(row_id + 1 for row_id in beyond)])


def _by_day(days: Sequence[tuple[date, datetime]], floor: int) -> dict[date, Figures]:
    """Return the figures of each day, those without calls included, oldest first."""
    newest_first = [
        When(id__gte=ids.first_at(begin), then=Value(number))
        for number, (_, begin) in reversed(list(enumerate(days)))
    ]
    rows = (
        _since(max(floor, ids.first_at(days[0][1])))
        .annotate(bucket=Case(*newest_first, output_field=IntegerField()))
        .values("bucket")
        .annotate(**_SUMS)
        .order_by("bucket")
    )
    found = {row["bucket"]: _figures(row) for row in rows}
    return {day: found.get(number, Figures()) for number, (day, _) in enumerate(days)}


def _timing(records: QuerySet[UsageRecord]) -> Timing:
    """Return percentiles over the newest of `records` that were answered."""
    answered = records.filter(status=UsageRecord.Status.OK).order_by("-id")
    rows = list(answered.values_list("latency_ms", "ttft_ms")[:_MOST_TIMED])
    latencies = sorted(latency for latency, _ in rows)
    firsts = sorted(ttft for _, ttft in rows if ttft is not None)
    return Timing(
        calls=len(rows),
        latency_p50_ms=_percentile(latencies, 50),
        latency_p95_ms=_percentile(latencies, 95),
        ttft_p50_ms=_percentile(firsts, 50),
        ttft_p95_ms=_percentile(firsts, 95),
    )


def _percentile(rising: Sequence[int], percent: int) -> int | None:
    """Return the smallest value that at least `percent` percent of all do not exceed."""
    return rising[-(-len(rising) * percent // 100) - 1] if rising else None


def _top(records: QuerySet[UsageRecord], column: str) -> dict[int, Figures]:
    """Return the figures of the dearest values of `column`, by value."""
    rows = records.exclude(**{column: None}).values(column).annotate(**_SUMS)
    top = rows.order_by("-spend_nano", "-requests", column)[:_TOP]
    return {row[column]: _figures(row) for row in top}


def _models(records: QuerySet[UsageRecord]) -> tuple[Part, ...]:
    top = _top(records, "entry_id")
    entries = CatalogEntry.objects.in_bulk(top)
    return tuple(
        Part(id_, entries[id_].slug, entries[id_].slug, figures)
        for id_, figures in top.items()
        if id_ in entries
    )


def _providers(records: QuerySet[UsageRecord]) -> tuple[Part, ...]:
    top = _top(records, "provider_id")
    found = Provider.objects.in_bulk(top)
    return tuple(
        Part(id_, found[id_].name, found[id_].slug, figures) for id_, figures in top.items() if id_ in found
    )
