"""Read the newest calls of somebody to a model, by index: so many of them, however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import Q

from billing import spend_read
from billing.models import ApiKey, Attempt, UsageRecord
from billing.recent import Call, Recent
from billing.rollup_read import Span
from billing.spend import Figures
from billing.spend_read import COLUMNS, Column, Reading
from catalog.models import Offer
from llmhub.lib import ids

MOST = 10_000  # requests of one sample
DAYS = 30
_MOST_ROWS = 100_000  # rows looked at to find them
_AT_ONCE = 500  # ids in one statement
_MOST_KEYS = 10_000  # told apart by key
_OF_REQUEST = ("id", "needs", "parameters", "streamed")
_OF_ATTEMPT = (
    "usage_id", "status", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens",
    "cache_write_1h_tokens", "reasoning_tokens", "web_searches", "cost_nano", "latency_ms", "ttft_ms",
)  # fmt: skip


@dataclass(frozen=True)
class Callers:
    """Whose calls are meant; what is not said is anybody's."""

    teams: frozenset[int] | None = None  # of these teams only; None: of every team and of the hub itself
    key_id: int | None = None
    requested: tuple[str, ...] = ()  # by one of these names only

    @property
    def columns(self) -> list[dict[str, int]]:
        """What an index serves together with the id, once for each team; nothing where none does."""
        if self.key_id is not None:
            return [{"key_id": self.key_id}]
        return [{"team_id": team} for team in sorted(self.teams or ())]


def newest(entry_id: int, callers: Callers, *, now: datetime, most: int = MOST) -> Recent:
    """Return the newest calls of `callers` to a model in the last 30 days, `most` requests of them."""
    since = now - timedelta(days=DAYS)
    if callers.key_id is None and callers.teams is None:
        found, is_whole = _of_offers(entry_id, callers, since, most)
    else:
        found, is_whole = _of_callers(entry_id, callers, since, most)
    some = sorted(found, reverse=True)
    return Recent(list(_calls(some[:most], entry_id)), since, is_whole and len(some) <= most)


def _of_callers(entry_id: int, callers: Callers, since: datetime, most: int) -> tuple[list[int], bool]:
    found: list[int] = []
    is_whole, parts = True, callers.columns
    for columns in parts:
        rows = UsageRecord.objects.filter(id__gte=ids.first_at(since), **columns).order_by("-id")
        rows_each = _MOST_ROWS // len(parts)
        floor = rows.values_list("id", flat=True)[rows_each : rows_each + 1].first()
        if floor is not None:
            rows, is_whole = rows.filter(id__gt=floor), False
        tried = Q(entry_id=entry_id) | Q(attempts__gt=1)  # another model may have answered in the end
        wanted = rows.filter(tried, attempts__gt=0, **_named(callers))
        found += wanted.values_list("id", flat=True)[: most + 1]
    return found, is_whole


def _of_offers(entry_id: int, callers: Callers, since: datetime, most: int) -> tuple[list[int], bool]:
    """Return the same of everybody, by the attempts at each offer of the model."""
    rows_each = _MOST_ROWS if callers.requested else most + 1
    found: set[int] = set()
    is_whole = True
    for offer_id in Offer.objects.filter(entry=entry_id).values_list("id", flat=True):
        rows = Attempt.objects.filter(offer_id=offer_id, id__gte=ids.first_at(since)).order_by("-id")
        requests = list(dict.fromkeys(rows.values_list("usage_id", flat=True)[:rows_each]))
        is_whole = is_whole and len(requests) < rows_each
        found.update(islice(_by_name(requests, callers), most + 1))
    return list(found), is_whole


def _by_name(requests: Sequence[int], callers: Callers) -> Iterator[int]:
    if not callers.requested:
        yield from requests
        return
    for some in _in_parts(requests):
        yield from UsageRecord.objects.filter(id__in=some, **_named(callers)).values_list("id", flat=True)


def _in_parts(requests: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(requests), _AT_ONCE):
        yield requests[start : start + _AT_ONCE]


def _named(callers: Callers) -> dict[str, Sequence[str]]:
    return {"requested__in": callers.requested} if callers.requested else {}


def _calls(requests: Sequence[int], entry_id: int) -> Iterator[Call]:
    for some in _in_parts(requests):
        rows = UsageRecord.objects.filter(id__in=some).values_list(*_OF_REQUEST)
        records: dict[int, Any] = {row[0]: row for row in rows}
        attempts = Attempt.objects.filter(usage_id__in=some, entry_id=entry_id).values_list(*_OF_ATTEMPT)
        for usage_id, status, *used in attempts.order_by("-usage_id", "number"):
            if usage_id in records:
                yield Call._make((*records[usage_id], status, *used))


def by_key(entry_id: int | None, callers: Callers, *, now: datetime) -> Mapping[int, Figures]:
    """Return what the calls of the last 30 days to a model had, all of them, by key; from roll-ups.

    Without a model, those to any.
    """
    only: dict[Column, Sequence[int | str]] = {}
    if entry_id is not None:
        only[COLUMNS["entry_id"]] = [entry_id]
    if callers.teams is not None:
        only[COLUMNS["team_id"]] = sorted(callers.teams)
    if callers.key_id is not None:
        only[COLUMNS["key_id"]] = [callers.key_id]
    if callers.requested:
        only[COLUMNS["requested"]] = callers.requested
    measures = ("spend_nano", "requests", "errors", "unpriced")
    reading = Reading(COLUMNS["key_id"], measures, order="requests", only=only, top=_MOST_KEYS)
    month = Span(now - timedelta(days=DAYS), now + timedelta(days=1))  # another clock may be ahead
    found: dict[int, Figures] = {}
    for part in spend_read.parts([month], None, reading).parts:
        key_id = int(part.value or 0)
        figures = Figures(**dict(zip(measures, part.sums, strict=True)))
        found[key_id] = found.get(key_id, Figures()) + figures
    return {key_id: figures for key_id, figures in found.items() if figures.requests}


def in_force(callers: Callers, *, now: datetime) -> list[ApiKey]:
    """Return the keys of `callers` that calls can be made with."""
    keys = ApiKey.objects.active().within(callers.teams).select_related("team")
    if callers.key_id is not None:
        keys = keys.filter(pk=callers.key_id)
    return [key for key in keys.order_by("pk") if key.expires_at is None or key.expires_at > now]
