"""Bring the models, offers, prices and aliases of llmhub.toml into the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet

from catalog.alias import add_alias, move_alias, remove_alias
from catalog.availability import prices_in_force
from catalog.entry import create_entry, update_entry, withdraw_entry
from catalog.give_back import give_up
from catalog.models import Alias, CatalogEntry, Offer, Origin, Price
from catalog.offer import add_offer, set_price, update_offer, withdraw_offer
from llmhub.audit.actor import Actor
from llmhub.config.schema import Config
from llmhub.config.schema_models import OfferSection, PriceSection
from llmhub.lib import clock
from providers.models import Provider

At = Callable[..., AbstractContextManager[None]]  # at("models", slug): refusals become findings there


class ModelApplier:
    """Writes the catalog's part of the file; the methods are called in their order here."""

    def __init__(self, config: Config, actor: Actor, at: At) -> None:
        self._config = config
        self._actor = actor
        self._at = at
        self._wanted = {slug: each for slug, each in config.models.items() if not each.withdrawn}
        self._kept: set[int] = set()  # offers that the file names
        self._now = clock.now()

    def remove_aliases(self) -> None:
        """Take away the aliases that the file had and has no more: a model may need the name."""
        for alias in Alias.objects.filter(origin=Origin.FILE).exclude(name__in=self._config.aliases):
            remove_alias(actor=self._actor, alias=alias)

    def save_entries(self) -> None:
        """Make the entries that are missing, then say the facts of all: one may replace another."""
        there = set(curated().values_list("slug", flat=True))
        for slug in sorted(self._wanted.keys() - there):
            with self._at("models", slug):
                facts = self._wanted[slug].facts()
                facts.pop("replacement", None)  # it may not be there yet
                create_entry(actor=self._actor, slug=slug, **facts)
        rows = {row.slug: row for row in CatalogEntry.objects.filter(slug__in=self._wanted)}
        for slug, section in self._wanted.items():
            with self._at("models", slug):
                entry = rows[slug]
                update_entry(actor=self._actor, entry=entry, **section.facts(entry.parameters))

    def save_offers(self) -> None:
        """Save the offers of each model; other offers of a model are left alone."""
        providers = {row.slug: row for row in Provider.objects.listed()}
        rows = {row.slug: row for row in CatalogEntry.objects.filter(slug__in=self._wanted)}
        for slug, model in self._wanted.items():
            for name, sections in model.offers.items():
                for number, section in enumerate(sections):
                    with self._at("models", slug, "offers", name, number):
                        self._save_offer(rows[slug], providers[name], section)

    def _save_offer(self, entry: CatalogEntry, provider: Provider, section: OfferSection) -> None:
        same = Offer.objects.filter(entry=entry, provider=provider, upstream_id=section.id)
        offer = same.select_related("entry", "provider").first()
        if section.withdrawn:
            if offer is not None:
                withdraw_offer(actor=self._actor, offer=offer)
                self._kept.add(offer.pk)
            return
        if offer is None or offer.withdrawn_at is not None:
            offer = add_offer(
                actor=self._actor,
                entry=entry,
                provider=provider,
                upstream_id=section.id,
                rank=100 if section.rank is None else section.rank,
                origin=Origin.DISCOVERED if section.discovered else None,
            )
        if section.discovered and section.rank in (None, offer.rank):
            self._kept.add(offer.pk)
            return
        update_offer(actor=self._actor, offer=offer, rank=section.rank)
        self._kept.add(offer.pk)
        self._save_prices(offer, section)

    def _save_prices(self, offer: Offer, section: OfferSection) -> None:
        """Set the price that the file wants now where it is another, and those it wants later."""
        later = section.later or []
        now = next((each for each in reversed(later) if each.since <= self._now), section)
        planned = offer.prices.filter(effective_from__gt=self._now)
        if now.price() and not _is_price(prices_in_force([offer], self._now)[offer.pk], now):
            self._set_price(offer, now, begins=None)
        for each in later:
            if each.since <= self._now:
                continue
            there = planned.filter(effective_from=each.since).order_by("above_input_tokens")
            if not _is_price(tuple(there), each):
                self._set_price(offer, each, begins=each.since)

    def _set_price(self, offer: Offer, section: PriceSection, *, begins: datetime | None) -> None:
        set_price(
            actor=self._actor,
            offer=offer,
            tiers=section.price(),
            effective_from=begins,
            source=section.source or "",
            checked_on=section.checked,
            meters=texts(section.meters or {}),
        )

    def withdraw_entries(self) -> None:
        """Withdraw the models that the file does not want, whoever wrote them."""
        unwanted = curated().filter(slug__in=self._config.models.keys() - self._wanted)
        for entry in unwanted:
            with self._at("models", entry.slug):
                withdraw_entry(actor=self._actor, entry=entry)

    def save_aliases(self) -> None:
        """Save the aliases of the file, and point those elsewhere that point elsewhere now."""
        there = {row.name_id: row for row in Alias.objects.select_related("entry")}
        for name, slug in self._config.aliases.items():
            with self._at("aliases", name):
                entry = CatalogEntry.objects.get(slug=slug)
                if name in there:
                    move_alias(actor=self._actor, alias=there[name], entry=entry)
                else:
                    add_alias(actor=self._actor, name=name, entry=entry)

    def give_up(self) -> None:
        """Take away what the file had and has no more; bundled models are as they came again."""
        entries = CatalogEntry.objects.filter(origin=Origin.FILE).exclude(slug__in=self._config.models)
        offers = Offer.objects.filter(origin=Origin.FILE).exclude(pk__in=self._kept)
        with self._at():
            give_up(
                actor=self._actor,
                entries=list(entries),
                offers=list(offers.select_related("entry", "provider")),
            )


def curated() -> QuerySet[CatalogEntry]:
    """Return the entries that callers can use; what was only found at a provider is none of them."""
    return CatalogEntry.objects.listed().filter(source=CatalogEntry.Source.CURATED)


def _is_price(there: Sequence[Price], wanted: PriceSection) -> bool:
    """Return whether a price is there as the file says it."""
    return (
        tuple(row.rates for row in there) == wanted.price()
        and wanted.source in (None, there[0].source)
        and wanted.checked in (None, there[0].checked_on)
        and (wanted.meters is None or texts(wanted.meters) == there[0].meters)
    )


def texts(meters: Mapping[str, Decimal]) -> dict[str, str]:
    """Return amounts as prices keep them beside those that are computed with."""
    return {name: format(amount, "f") for name, amount in meters.items()}
