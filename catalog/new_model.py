"""Make a model callable at a provider in one step: its entry, its offer, its price."""

from __future__ import annotations

from django.db import transaction

from catalog.entry import create_entry
from catalog.models import CatalogEntry, Offer
from catalog.offer import add_offer, set_price
from llmhub.audit.actor import Actor
from providers.models import Provider
from providers.rates import Rates


@transaction.atomic
def add_model(
    *,
    actor: Actor,
    provider: Provider,
    upstream_id: str,
    slug: str,
    rates: Rates | None,  # None: unknown
    context_tokens: int | None = None,
    capabilities: list[str] | None = None,
) -> Offer:
    """Offer a model at `provider`; one that is in the catalog gets one more offer and keeps its facts.

    Raises `ValidationError` when the name is taken by something else or a value is wrong.
    """
    listed = CatalogEntry.objects.listed().filter(source=CatalogEntry.Source.CURATED, slug=slug)
    entry = listed.first() or create_entry(
        actor=actor,
        slug=slug,
        name=slug.rpartition("/")[2],
        context_tokens=context_tokens,
        capabilities=capabilities or [],
        input_modalities=["text"],
        output_modalities=["text"],
    )
    offer = add_offer(actor=actor, entry=entry, provider=provider, upstream_id=upstream_id)
    if rates is not None:
        set_price(actor=actor, offer=offer, tiers=[rates])
    return offer
