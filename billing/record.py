"""Read requests: one screen of a list by index, or one request with its attempts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from billing import span
from billing.adjustment_models import Adjustment
from billing.asked import needs_in, parameters_in
from billing.models import ApiKey, Attempt, UsageRecord
from billing.overshoot_models import Overshoot
from billing.request_filter import FAILED, RequestFilter
from billing.rollup_read import BESIDE
from billing.tag_sql import NAME, VALUE, key_of
from billing.totals import CUT_REASONS
from catalog.models import CatalogEntry, Price
from llmhub.lib import ids
from llmhub.people.models import Team, User
from providers.models import Provider

MOST_ROWS = 20_000  # rows looked at for one screen; further back is one more click
_MAX_ID = 2**63 - 1
# What the report of savings counts, see billing/savings.py, and what cost more than was held for it.
WASTED = {
    "retried": Q(status="ok", attempts__gt=1),
    "failed": Q(status__in=("error", "interrupted"), cost_nano__gt=0),
    "cut": Q(status="ok", finish_reason__in=CUT_REASONS),
    "overshot": Q(id__in=Overshoot.objects.values("id")),
    "repeated": Q(status="ok", cost_nano__gte=0, repeated_nano__gt=0) & ~Q(finish_reason__in=CUT_REASONS),
}


@dataclass(frozen=True)
class Names:
    """What the ids of some records stand for; what was deleted since is missing."""

    teams: dict[int, Team]
    keys: dict[int, ApiKey]
    people: dict[int, User]
    entries: dict[int, CatalogEntry]
    providers: dict[int, Provider]
    adjustments: dict[int, Adjustment]


@dataclass(frozen=True)
class RequestRow:
    """One request with the things its ids stand for; None: it had none, or it was deleted."""

    record: UsageRecord
    team: Team | None
    key: ApiKey | None
    person: User | None  # whose key it was at the call
    entry: CatalogEntry | None
    provider: Provider | None
    adjustment: Adjustment | None = None  # why it is there, where it is one

    @property
    def adjusts(self) -> str | None:
        """The public id of the request that it corrects, where it is an adjustment of one."""
        return self.adjustment.corrects if self.adjustment else None

    @property
    def request_id(self) -> str:
        """The public id."""
        return ids.request_id(self.record.pk)

    @property
    def needs(self) -> list[str] | None:
        """What it asked for, see billing/asked.py; None: not known."""
        return None if self.record.needs is None else sorted(needs_in(self.record.needs))

    @property
    def parameters(self) -> list[str] | None:
        """The parameters that it gave; None: not known."""
        return None if self.record.parameters is None else sorted(parameters_in(self.record.parameters))

    @property
    def at(self) -> datetime:
        """When the request came, in UTC."""
        return ids.moment_of(self.record.pk)


@dataclass(frozen=True)
class Requests:
    """One screen of the list, newest first."""

    rows: tuple[RequestRow, ...]
    span: span.Span
    next_cursor: str  # "" at the end
    searched_to: datetime | None  # not None: the search stopped here; the cursor goes on from there


@dataclass(frozen=True)
class AttemptRow:
    """One upstream call with the things its ids stand for."""

    attempt: Attempt
    entry: CatalogEntry | None
    provider: Provider | None
    price: Price | None  # the one its cost was computed with

    @property
    def tokens_per_second(self) -> float | None:
        """Output tokens over generation time; None where it did not stream."""
        ttft = self.attempt.ttft_ms
        if ttft is None or self.attempt.latency_ms <= ttft:
            return None
        return self.attempt.output_tokens * 1000 / (self.attempt.latency_ms - ttft)


@dataclass(frozen=True)
class Request:
    """One request with its attempts, first to last, and with the corrections of what it was charged."""

    row: RequestRow
    attempts: tuple[AttemptRow, ...]
    adjustments: tuple[Adjustment, ...] = ()
    overshoot: Overshoot | None = None  # it cost more than a hard cap let it hold

    @property
    def corrected_nano(self) -> int | None:
        """What it costs after corrections; None where that is not known."""
        parts = [self.row.record.cost_nano, *(each.amount_nano for each in self.adjustments)]
        known = [part for part in parts if part is not None]
        return sum(known) if known else None


def requests(filters: RequestFilter, *, now: datetime, after: str = "", limit: int = 50) -> Requests:
    """Return one screen of requests, newest first, at the same cost at any depth.

    `after` is the `next_cursor` of the screen before. Raises `ValueError` on a cursor that is
    none and on a range that ends before it begins.
    """
    asked = span.bounded(now=now, since=filters.since, until=filters.until)
    upper = min(ids.first_at(asked.until), _cursor(after))
    indexed = [
        UsageRecord.objects.defer("plan").filter(id__gte=ids.first_at(asked.since), id__lt=upper, **columns)
        for columns in _indexed(filters)
    ]
    floor = _floor(indexed) if _is_searched(filters) else None
    found: list[UsageRecord] = []
    for part in indexed:
        within = part.filter(id__gt=floor) if floor else part
        found += _matching(within, filters).order_by("-id")[: limit + 1]
    found = sorted(found, key=lambda row: -row.pk)[: limit + 1]
    cursor = ""
    if len(found) > limit:
        cursor = str(found[limit - 1].pk)
    elif floor:
        cursor = str(floor + 1)
    return Requests(
        rows=request_rows(found[:limit]),
        span=asked,
        next_cursor=cursor,
        searched_to=ids.moment_of(floor) if floor and len(found) <= limit else None,
    )


def _is_searched(filters: RequestFilter) -> bool:
    """Return whether rows have to be looked at one by one."""
    return bool(
        filters.status or filters.code or filters.model or filters.provider_id or filters.cost_centre
        or filters.source or filters.tag or filters.wasted
    )  # fmt: skip


def _floor(parts: Sequence[QuerySet[UsageRecord]]) -> int | None:
    """Return the newest id that one search does not look at, or None when it looks at all."""
    ends = (
        part.order_by("-id").values_list("id", flat=True)[MOST_ROWS : MOST_ROWS + 1].first() for part in parts
    )
    return max((end for end in ends if end), default=None)


def _cursor(text: str) -> int:
    if not text:
        return _MAX_ID
    if not text.isdecimal() or int(text) > _MAX_ID:
        raise ValueError(f"{text!r} is no cursor: begin at the first page")
    return int(text)


def _indexed(filters: RequestFilter) -> list[dict[str, int]]:
    """Return the filters that an index serves together with the id, once for each team that is listed."""
    wanted = {"team_id": filters.team_id, "key_id": filters.key_id, "person_id": filters.person_id}
    columns = {column: value for column, value in wanted.items() if value is not None}
    if filters.teams is None:
        return [columns]
    if filters.team_id is not None:
        return [columns] if filters.team_id in filters.teams else []
    return [{**columns, "team_id": team} for team in sorted(filters.teams)]


def _matching(records: QuerySet[UsageRecord], filters: RequestFilter) -> QuerySet[UsageRecord]:
    """Return those of `records` that the other filters let through."""
    if filters.status:
        failed = (UsageRecord.Status.ERROR, UsageRecord.Status.INTERRUPTED)
        records = records.filter(status__in=failed if filters.status == FAILED else [filters.status])
    if filters.code:
        records = records.filter(error_code=filters.code)
    exactly = {
        "provider_id": filters.provider_id,
        "cost_centre": filters.cost_centre,
        "cost_source": filters.source,
    }
    records = records.filter(**{column: value for column, value in exactly.items() if value})
    if filters.wasted:
        records = records.filter(WASTED[filters.wasted])
    if filters.wasted == "retried":
        beside = RawSQL(BESIDE.format(u="billing_usagerecord"), [], models.BigIntegerField())  # noqa: S611
        records = records.alias(beside=beside).exclude(beside=0)
    if filters.tag:
        name, _, value = filters.tag.partition("=")
        if not NAME.fullmatch(name):
            return records.none()
        said = RawSQL(f"billing_usagerecord.{VALUE}", [key_of(name)], models.TextField())  # noqa: S611
        records = records.alias(wanted=said).filter(wanted=value)
    if filters.model:
        entry_ids = list(CatalogEntry.objects.filter(slug=filters.model).values_list("id", flat=True))
        records = records.filter(Q(requested=filters.model) | Q(entry_id__in=entry_ids))
    return records


def request(row_id: int, *, teams: frozenset[int] | None = None) -> Request | None:
    """Return one request with its attempts, or None when there is none of this id, or in these teams."""
    record = UsageRecord.objects.filter(pk=row_id).first()
    if record is None or (teams is not None and record.team_id not in teams):
        return None
    attempts = list(Attempt.objects.filter(usage_id=row_id).order_by("number", "id"))
    prices = Price.objects.in_bulk(_ids(attempts, "price_id"))
    names = _names([record], attempts)
    return Request(
        row=_row(record, names),
        attempts=tuple(_attempt(attempt, names, prices) for attempt in attempts),
        adjustments=tuple(Adjustment.objects.filter(corrects_id=row_id).order_by("made_at", "id")),
        overshoot=Overshoot.objects.filter(pk=row_id).first(),
    )


def attempt_rows(attempts: Sequence[Attempt]) -> tuple[AttemptRow, ...]:
    """Return attempts with what their ids stand for, prices left out."""
    names = _names([], attempts)
    return tuple(_attempt(attempt, names, {}) for attempt in attempts)


def _attempt(attempt: Attempt, names: Names, prices: Mapping[int, Price]) -> AttemptRow:
    return AttemptRow(
        attempt,
        entry=names.entries.get(attempt.entry_id or 0),
        provider=names.providers.get(attempt.provider_id or 0),
        price=prices.get(attempt.price_id or 0),
    )


def request_rows(records: Sequence[UsageRecord]) -> tuple[RequestRow, ...]:
    """Return records with what their ids stand for."""
    names = _names(records)
    return tuple(_row(record, names) for record in records)


def _row(record: UsageRecord, names: Names) -> RequestRow:
    return RequestRow(
        record,
        team=names.teams.get(record.team_id or 0),
        key=names.keys.get(record.key_id or 0),
        person=names.people.get(record.person_id or 0),
        entry=names.entries.get(record.entry_id or 0),
        provider=names.providers.get(record.provider_id or 0),
        adjustment=names.adjustments.get(record.pk),
    )


def _names(records: Sequence[UsageRecord], attempts: Sequence[Attempt] = ()) -> Names:
    """Look up everything that the rows name, one query for each kind."""
    both: list[Any] = [*records, *attempts]
    adjusted = [record.pk for record in records if record.status == UsageRecord.Status.ADJUSTED]
    return Names(
        teams=Team.objects.in_bulk(_ids(records, "team_id")),
        keys=ApiKey.objects.in_bulk(_ids(records, "key_id")),
        people=User.objects.in_bulk(_ids(records, "person_id")),
        entries=CatalogEntry.objects.in_bulk(_ids(both, "entry_id")),
        providers=Provider.objects.in_bulk(_ids(both, "provider_id")),
        adjustments=Adjustment.objects.in_bulk(adjusted, field_name="usage_id"),
    )


def _ids(rows: Iterable[Any], column: str) -> set[int]:
    return {value for row in rows if (value := getattr(row, column)) is not None}
