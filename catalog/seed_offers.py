"""The offers and prices of a seeding."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import Protocol

from catalog.availability import last_prices
from catalog.curated import CuratedEntry, CuratedOffer
from catalog.models import CatalogEntry, Offer, Origin, Price
from llmhub.lib import clock
from providers.models import Provider


class Report(Protocol):
    """Where a seeding writes down what it changed."""

    offers: list[str]
    prices: list[str]
    skipped: list[str]


class OfferSeeder:
    """Brings the offers of some entries into the database, in a fixed number of reading queries."""

    def __init__(self, rows: dict[str, CatalogEntry], report: Report) -> None:
        self._rows = rows
        self._report = report
        self._now = clock.now()
        self._providers = {row.slug: row for row in Provider.objects.all()}
        offers = Offer.objects.filter(entry__in=[row.pk for row in rows.values()])
        self._offers = {(row.entry_id, row.provider_id, row.upstream_id): row for row in offers}
        self._new_prices: list[Price] = []

    def seed(self, entries: Iterable[CuratedEntry]) -> None:
        """Save the offers of `entries` and the prices that are new; withdraw our other offers."""
        kept: list[tuple[str, CuratedOffer, Offer]] = []
        for entry in entries:
            row = self._rows[entry.slug]
            for wanted in entry.offers:
                offer = self._seed_offer(row, wanted)
                if offer is not None:
                    kept.append((entry.slug, wanted, offer))
        self._withdraw_others({offer.pk for _, _, offer in kept})
        newest = last_prices([offer for _, _, offer in kept], datetime.max.replace(tzinfo=UTC))
        for slug, wanted, offer in kept:
            self._seed_price(slug, wanted, offer, newest[offer.pk])
        Price.objects.bulk_create(self._new_prices)

    def _seed_offer(self, entry: CatalogEntry, wanted: CuratedOffer) -> Offer | None:
        """Return the offer's row when it is ours to write, else None."""
        provider = self._providers.get(wanted.provider)
        if provider is None or provider.kind != wanted.provider:
            self._report.skipped.append(f"{entry.slug}: the provider {wanted.provider} is not built in")
            return None
        row = self._offers.get((entry.pk, provider.pk, wanted.upstream_id))
        if row is None:
            row = Offer(entry=entry, provider=provider, upstream_id=wanted.upstream_id, origin=Origin.BUNDLED)
        elif row.origin != Origin.BUNDLED:
            return None
        elif row.rank == wanted.rank and row.withdrawn_at is None:
            return row
        row.rank, row.withdrawn_at = wanted.rank, None
        row.save()
        self._report.offers.append(f"{entry.slug} at {wanted.provider}")
        return row

    def _withdraw_others(self, kept: set[int]) -> None:
        for row in self._offers.values():
            if row.origin == Origin.BUNDLED and row.withdrawn_at is None and row.pk not in kept:
                row.withdrawn_at = self._now
                row.save(update_fields=["withdrawn_at"])
                self._report.offers.append(f"{row.upstream_id} withdrawn")

    def _seed_price(self, slug: str, wanted: CuratedOffer, offer: Offer, newest: tuple[Price, ...]) -> None:
        """Add the price unless it is the newest already, or a person or a file wrote the newest."""
        if any(row.origin != Origin.BUNDLED for row in newest):
            return
        if tuple(row.rates for row in newest) == wanted.tiers:
            return
        begins = datetime.combine(wanted.since, time.min, tzinfo=UTC)
        if newest and begins <= newest[0].effective_from:
            begins = self._now  # a corrected price counts from now on: what was charged stays charged
        self._new_prices += bundled_prices(offer, wanted, begins)
        self._report.prices.append(f"{slug} at {wanted.provider}")


def bundled_prices(offer: Offer, wanted: CuratedOffer, begins: datetime) -> list[Price]:
    """Return the rows of a bundled price that begins at `begins`, checked, not saved."""
    prices = [
        Price(
            offer=offer,
            effective_from=begins,
            origin=Origin.BUNDLED,
            source=wanted.source,
            checked_on=wanted.checked_on,
            **vars(tier),
        )
        for tier in wanted.tiers
    ]
    for price in prices:
        price.complete()
    return prices
