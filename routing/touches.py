"""What an event of the inbox touches: names of the model, its routes, and the keys that called it lately."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing import rollup_read
from billing.models import ApiKey
from billing.rollup_read import Span
from billing.spend import Figures
from catalog.discovery_models import CatalogEvent
from routing.models import RouteTarget

DAYS = 30
_MEASURES = ("spend_nano", "requests", "errors", "unpriced")


@dataclass(frozen=True)
class KeyTouched:
    """What the calls of one key to the model had."""

    key: ApiKey
    all: Figures
    here: Figures  # of those that the event's provider answered


@dataclass(frozen=True)
class Touches:
    """What depends on the model of an event."""

    aliases: tuple[str, ...]
    routes: tuple[str, ...]  # that list it
    keys: tuple[KeyTouched, ...]  # the dearest first
    all: Figures
    here: Figures


def touches(event: CatalogEvent, *, now: datetime) -> Touches:
    """Return what `event` touches, over the last 30 days."""
    if event.entry_id is None:
        return Touches((), (), (), Figures(), Figures())
    span = Span(now - timedelta(days=DAYS), now + timedelta(days=1))  # another machine's clock may be ahead
    rows = rollup_read.sums(
        [span],
        by=("key_id", "provider_id"),
        measures=_MEASURES,
        floor=rollup_read.floor_of(span),
        entry_id=event.entry_id,
    )
    every: dict[int, Figures] = defaultdict(Figures)
    here: dict[int, Figures] = defaultdict(Figures)
    for row in rows:
        key_id, provider_id = row.of
        every[key_id] += Figures(**row.values)
        if provider_id == event.provider_id:
            here[key_id] += Figures(**row.values)
    found = ApiKey.objects.select_related("team", "person").in_bulk(every)
    keys = [KeyTouched(key, every[id_], here[id_]) for id_, key in found.items()]
    aliases = event.entry.aliases.values_list("name_id", flat=True) if event.entry else ()
    return Touches(
        aliases=tuple(aliases),
        routes=tuple(routes_of([event.entry_id])[event.entry_id]),
        keys=tuple(sorted(keys, key=lambda row: (-row.all.spend_nano, -row.all.requests, row.key.pk))),
        all=sum(every.values(), Figures()),
        here=sum(here.values(), Figures()),
    )


def routes_of(entry_ids: Collection[int]) -> dict[int, list[str]]:
    """Return the names of the routes that list each of some models."""
    rows = RouteTarget.objects.filter(entry_id__in=entry_ids).order_by("route_id")
    found: dict[int, list[str]] = defaultdict(list)
    for entry_id, name in rows.values_list("entry_id", "route_id").distinct():
        found[entry_id].append(name)
    return found
