"""What can be called now, for how much, and why the rest cannot: the catalog as pages show it.

It says the same as `routing.plan`, which decides for real; a test holds the two together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, OuterRef, Prefetch, Q, Subquery

from catalog.models import CatalogEntry, Offer, Price
from catalog.pricing import has_ended
from catalog.words import most_telling
from llmhub.lib import clock
from providers.adapters import DialectNotServed, adapter_for
from providers.models import Provider


@dataclass(frozen=True)
class Obstacle:
    """Why something cannot be called: in two or three words, and in a sentence."""

    label: str
    detail: str


@dataclass(frozen=True)
class OfferNow:
    """An offer with the prices in force: the base price first, then its long-context tiers."""

    offer: Offer
    prices: tuple[Price, ...]
    why_not: Obstacle | None  # None: it can be called

    @property
    def price(self) -> Price | None:
        """The base price; None when it is unknown."""
        return self.prices[0] if self.prices else None


@dataclass(frozen=True)
class EntryNow:
    """An entry with its offers in the order in which they are tried."""

    entry: CatalogEntry
    offers: tuple[OfferNow, ...]
    why_not: Obstacle | None  # None: it can be called

    @property
    def words(self) -> list[str]:
        """What it can do, the most telling first."""
        return most_telling(self.entry.capabilities)

    @property
    def cheapest(self) -> Price | None:
        """The lowest price among the offers that can be called, else among all; None when unknown."""
        callable_now = [row.price for row in self.offers if row.price and not row.why_not]
        known = callable_now or [row.price for row in self.offers if row.price]
        return min(known, key=lambda price: price.input_nano + price.output_nano, default=None)


def offers_with_providers() -> Prefetch:
    """Return what to prefetch on entries: their offers, with provider and number of credentials."""
    usable = Count("provider__credentials", filter=Q(provider__credentials__disabled_reason=""))
    every = Count("provider__credentials")
    offers = Offer.objects.filter(withdrawn_at=None, provider__removed_at=None)
    return Prefetch(
        "offers",
        queryset=offers.select_related("provider")
        .annotate(usable=usable, credentials=every)
        .order_by("rank", "id"),
        to_attr="current_offers",
    )


def offers_of(provider: Provider, now: datetime) -> list[OfferNow]:
    """Return what `provider` offers, by the id callers use."""
    usable = [not row.disabled_reason for row in provider.credentials.all()]
    rows = Offer.objects.filter(withdrawn_at=None, entry__withdrawn_at=None, provider=provider)
    offers = list(rows.select_related("entry", "provider").order_by("entry__slug", "id"))
    prices = prices_in_force(offers, now)
    return [
        OfferNow(
            offer,
            prices[offer.pk],
            _offer_why_not(offer.provider, sum(usable), len(usable)) or _entry_why_not(offer.entry, now),
        )
        for offer in offers
    ]


def prices_in_force(offers: Iterable[Offer], now: datetime) -> dict[int, tuple[Price, ...]]:
    """Return the prices in force of each offer, the base price first; an empty tuple is unknown."""
    return {
        pk: tuple(row for row in rows if not has_ended(row.ends_at, now))
        for pk, rows in last_prices(offers, now).items()
    }


def last_prices(offers: Iterable[Offer], now: datetime) -> dict[int, tuple[Price, ...]]:
    """Return the last prices that were known of each offer, those included that ended since."""
    begun = Price.objects.filter(offer=OuterRef("offer")).begun(now)
    ids = [offer.pk for offer in offers]
    rows = Price.objects.filter(offer__in=ids, effective_from=Subquery(begun.values("effective_from")[:1]))
    found: dict[int, list[Price]] = defaultdict(list)
    for price in rows.order_by("above_input_tokens"):
        found[price.offer_id].append(price)
    return {pk: tuple(found.get(pk, ())) for pk in ids}


def entries_now(entries: Sequence[CatalogEntry], now: datetime) -> list[EntryNow]:
    """Return `entries`, read with `offers_with_providers()`, as they are now."""
    offers = {entry.pk: entry.current_offers for entry in entries}  # type: ignore[attr-defined]
    prices = prices_in_force([offer for rows in offers.values() for offer in rows], now)
    return [
        _entry_now(
            entry,
            [
                OfferNow(
                    offer, prices[offer.pk], _offer_why_not(offer.provider, offer.usable, offer.credentials)
                )
                for offer in offers[entry.pk]
            ],
            now,
        )
        for entry in entries
    ]


def _entry_now(entry: CatalogEntry, offers: list[OfferNow], now: datetime) -> EntryNow:
    why_not = _entry_why_not(entry, now)
    if why_not is None and not offers:
        why_not = Obstacle("No provider", "No provider offers it.")
    if why_not is None and all(row.why_not for row in offers):
        why_not = offers[0].why_not
    return EntryNow(entry, tuple(offers), why_not)


def _entry_why_not(entry: CatalogEntry, now: datetime) -> Obstacle | None:
    if entry.withdrawn_at is not None:
        return Obstacle("Withdrawn", "It was taken out of the catalog.")
    if entry.source != CatalogEntry.Source.CURATED:
        return Obstacle("Not in the catalog", "It was found at a provider and not taken in yet.")
    if entry.sunset_on is not None and entry.sunset_on <= now.date():
        return Obstacle("Retired", f"It no longer answers since {entry.sunset_on}.")
    return None


def _offer_why_not(provider: Provider, usable: int, credentials: int) -> Obstacle | None:
    if provider.paused_reason:
        return Obstacle("Paused", f"{provider.name} is paused: {provider.paused_reason}")
    if credentials and not usable:
        return Obstacle("No credential", f"{provider.name} accepts no credential: an admin has to act.")
    if provider.needs_credential and not credentials:
        return Obstacle("No credential", f"{provider.name} needs a credential.")
    try:
        adapter_for(provider.kind, provider.dialect)
    except DialectNotServed:
        return Obstacle("Not yet", f"llmhub does not speak the wire format of {provider.name} yet.")
    return None


def first_callable() -> str:
    """Return the id of the cheapest chat model that can be called, "" when there is none.

    A model whose price is unknown comes after all that have one, one that is going away last.
    """
    now = clock.now()
    curated = CatalogEntry.objects.listed().filter(source=CatalogEntry.Source.CURATED)
    rows = curated.prefetch_related(offers_with_providers())
    able = [row for row in entries_now(list(rows), now) if not row.why_not and _writes_text(row.entry)]
    return min(able, key=_by_future_and_price).entry.slug if able else ""


def _writes_text(entry: CatalogEntry) -> bool:
    return not entry.output_modalities or "text" in entry.output_modalities


def _by_future_and_price(row: EntryNow) -> tuple[bool, bool, int, str]:
    price, entry = row.cheapest, row.entry
    leaving = entry.deprecated_on is not None or entry.sunset_on is not None
    return (leaving, price is None, price.input_nano + price.output_nano if price else 0, entry.slug)
