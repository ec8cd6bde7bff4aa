"""Bring the models, offers, prices and aliases of llmhub.toml into the database."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from catalog.alias import add_alias, move_alias, remove_alias
from catalog.availability import prices_in_force
from catalog.entry import Facts, create_entry, update_entry
from catalog.give_back import give_up
from catalog.models import Alias, CatalogEntry, Offer, Origin
from catalog.offer import add_offer, set_price, update_offer
from llmhub.audit.actor import Actor
from llmhub.config.schema import Config, ModelSection, OfferSection
from providers.models import Provider

At = Callable[..., AbstractContextManager[None]]  # at("models", slug): refusals become findings there

_FACTS = {  # key of the file → field of the entry
    "name": "name",
    "family": "family",
    "description": "description",
    "context": "context_tokens",
    "output_limit": "output_limit_tokens",
    "takes": "input_modalities",
    "gives": "output_modalities",
    "capabilities": "capabilities",
    "knowledge": "knowledge_on",
    "released": "released_on",
    "deprecated": "deprecated_on",
    "sunset": "sunset_on",
    "replacement": "replacement",
}


class ModelApplier:
    """Writes the catalog's part of the file; the methods are called in their order here."""

    def __init__(self, config: Config, actor: Actor, at: At) -> None:
        self._config = config
        self._actor = actor
        self._at = at
        self._kept: set[int] = set()  # offers that the file names

    def remove_aliases(self) -> None:
        """Take away the aliases that the file had and has no more: a model may need the name."""
        for alias in Alias.objects.filter(origin=Origin.FILE).exclude(name__in=self._config.aliases):
            remove_alias(actor=self._actor, alias=alias)

    def save_entries(self) -> None:
        """Make the entries that are missing, then say the facts of all: one may replace another."""
        there = set(CatalogEntry.objects.listed().values_list("slug", flat=True))
        for slug in sorted(self._config.models.keys() - there):
            with self._at("models", slug):
                facts = facts_of(self._config.models[slug])
                facts.pop("replacement", None)  # it may not be there yet
                create_entry(actor=self._actor, slug=slug, **facts)
        rows = {row.slug: row for row in CatalogEntry.objects.filter(slug__in=self._config.models)}
        for slug, section in self._config.models.items():
            with self._at("models", slug):
                update_entry(actor=self._actor, entry=rows[slug], **facts_of(section))

    def save_offers(self) -> None:
        """Save the offers of each model; other offers of a model are left alone."""
        providers = {row.slug: row for row in Provider.objects.listed()}
        rows = {row.slug: row for row in CatalogEntry.objects.filter(slug__in=self._config.models)}
        for slug, model in self._config.models.items():
            for name, section in model.offers.items():
                with self._at("models", slug, "offers", name):
                    self._save_offer(rows[slug], providers[name], section)

    def _save_offer(self, entry: CatalogEntry, provider: Provider, section: OfferSection) -> None:
        same = Offer.objects.filter(entry=entry, provider=provider, upstream_id=section.id)
        offer = same.filter(withdrawn_at=None).select_related("entry", "provider").first()
        if offer is None:
            rank = 100 if section.rank is None else section.rank
            offer = add_offer(
                actor=self._actor, entry=entry, provider=provider, upstream_id=section.id, rank=rank
            )
        update_offer(actor=self._actor, offer=offer, rank=section.rank)
        self._kept.add(offer.pk)
        wanted = section.price()
        newest = prices_in_force([offer], datetime.max.replace(tzinfo=UTC))[offer.pk]
        if wanted and tuple(row.rates for row in newest) != wanted:
            set_price(actor=self._actor, offer=offer, tiers=wanted)

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
        ours = CatalogEntry.objects.listed().filter(origin=Origin.FILE)
        offers = Offer.objects.filter(origin=Origin.FILE, withdrawn_at=None).exclude(pk__in=self._kept)
        with self._at():
            give_up(
                actor=self._actor,
                entries=list(ours.exclude(slug__in=self._config.models)),
                offers=list(offers.select_related("entry", "provider")),
            )


def facts_of(section: ModelSection) -> Facts:
    """Return the facts that the section gives, by the names of the entry's fields."""
    given = section.model_dump(include=section.model_fields_set & _FACTS.keys(), exclude_none=True)
    facts: Facts = {}
    for key, value in given.items():
        facts[_FACTS[key]] = value  # type: ignore[literal-required]
    return facts
