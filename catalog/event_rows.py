"""Events of the inbox as people and programs read them: in words, beside what the catalog says now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from catalog.availability import prices_in_force
from catalog.discovered import PRICES
from catalog.discovery_models import CatalogEvent
from catalog.event_words import HEADLINES, Step, steps, summary
from catalog.listing_diff import Kind
from catalog.listing_text import plain
from catalog.models import CatalogEntry, Offer
from llmhub.lib import clock

_VERBS = {
    Kind.VANISHED: "Withdraw the offer",
    Kind.BACK: "Offer it again",
    Kind.PRICE_LOST: "End the price",
}


@dataclass(frozen=True)
class EventRow:
    """One event in words."""

    event: CatalogEvent
    headline: str
    steps: list[Step]
    summary: str
    now: list[Step]  # what the catalog says where that is another value than the list had
    verb: str  # what accepting does

    @property
    def promotes(self) -> bool:
        """Whether accepting takes a discovered model into the catalog."""
        return self.verb == "Promote"

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision."""
        return self.event.state == CatalogEvent.State.OPEN


def events() -> QuerySet[CatalogEvent]:
    """Return the events of providers that are there, the newest first."""
    rows = CatalogEvent.objects.filter(provider__removed_at=None).select_related("provider", "entry")
    return rows.order_by("-id")


def chosen(*, state: str = "", kind: str = "", provider: str = "", about: str = "") -> QuerySet[CatalogEvent]:
    """Return the events that a filter leaves; a word that it does not know leaves all."""
    rows = events()
    if state == "open":
        rows = rows.filter(state=CatalogEvent.State.OPEN)
    elif state == "decided":
        rows = rows.exclude(state=CatalogEvent.State.OPEN)
    if kind in set(Kind):
        rows = rows.filter(kind=kind)
    if provider:
        rows = rows.filter(provider__slug=provider)
    if about in {"curated", "discovered"}:
        rows = rows.filter(is_curated=about == "curated")
    return rows


def event_rows(found: Sequence[CatalogEvent]) -> list[EventRow]:
    """Return events in words, in at most two more queries."""
    now = _in_catalog([event for event in found if event.state == CatalogEvent.State.OPEN])
    return [_row(event, now.get(event.pk, {})) for event in found]


def _row(event: CatalogEvent, here: dict[str, Any]) -> EventRow:
    kind = Kind(event.kind)
    said = {name: event.before.get(name) for name in here}
    return EventRow(
        event=event,
        headline=HEADLINES[kind],
        steps=steps(kind, event.before, event.after),
        summary=summary(kind, event.before, event.after),
        now=[] if here == said else [Step(step.what, "", step.after) for step in steps(kind, {}, here)],
        verb=_verb(kind, event.entry),
    )


def _verb(kind: Kind, entry: CatalogEntry | None) -> str:
    if kind == Kind.NEW:
        is_found = entry is not None and entry.source == CatalogEntry.Source.DISCOVERED
        return "Promote" if is_found else "Offer it there"
    return _VERBS.get(kind, "Accept")


def _in_catalog(found: Sequence[CatalogEvent]) -> dict[int, dict[str, Any]]:
    """Return what the catalog says now of the things that events are about."""
    priced = [event for event in found if Kind(event.kind) in PRICES]
    ids = {event.upstream_id for event in priced}
    offers = Offer.objects.filter(upstream_id__in=ids, withdrawn_at=None) if priced else []
    by_listing = {(offer.provider_id, offer.upstream_id): offer for offer in offers}
    prices = prices_in_force(by_listing.values(), clock.now()) if by_listing else {}
    here: dict[int, dict[str, Any]] = {}
    for event in found:
        if event in priced:
            offer = by_listing.get((event.provider_id, event.upstream_id))
            tiers = [price.rates for price in prices[offer.pk]] if offer else []
            here[event.pk] = plain({"tiers": tiers})
        elif event.entry is not None and event.before and "capabilities" not in event.before:
            here[event.pk] = plain({name: getattr(event.entry, name) for name in event.before})
    return here
