"""Leave to the bundled data again what a file had made its own."""

from __future__ import annotations

from django.db import transaction

from catalog.curated import CuratedOffer
from catalog.entry import withdraw_entry
from catalog.models import CatalogEntry, Offer, Origin, Price
from catalog.offer import withdraw_offer
from catalog.seed import bundled, seed
from catalog.seed_offers import bundled_prices
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.people.roles import require


@transaction.atomic
def give_up(*, actor: Actor, entries: list[CatalogEntry], offers: list[Offer]) -> None:
    """Withdraw entries and offers; those that come with llmhub are as they came instead, withdrawn or not.

    Raises `ValidationError` when an alias stands for an entry that would be gone.
    """
    require(actor, "configure")
    if not entries and not offers:
        return
    models = {entry.slug: entry for entry in bundled()}
    known = {
        (slug, offer.provider, offer.upstream_id): offer
        for slug, entry in models.items()
        for offer in entry.offers
    }
    given_back = 0
    for offer in offers:
        wanted = known.get((offer.entry.slug, offer.provider.slug, offer.upstream_id))
        if wanted is None:
            withdraw_offer(actor=actor, offer=offer)
        else:
            _give_back_offer(actor, offer, wanted)
            given_back += 1
    for entry in entries:
        if entry.slug in models:
            entry.origin = Origin.BUNDLED
            entry.save(update_fields=["origin"])
            log.record(actor, "model.given_back", f"model:{entry.slug}")
            given_back += 1
        else:
            withdraw_entry(actor=actor, entry=entry)
    if given_back:
        seed()


def _give_back_offer(actor: Actor, offer: Offer, wanted: CuratedOffer) -> None:
    """Make an offer the bundled one again; a price that was set for it is succeeded, not erased."""
    offer.origin, offer.rank, offer.withdrawn_at = Origin.BUNDLED, wanted.rank, None
    offer.save(update_fields=["origin", "rank", "withdrawn_at"])
    newest = offer.prices.order_by("-effective_from").first()
    if newest is not None and newest.origin != Origin.BUNDLED:
        Price.objects.bulk_create(bundled_prices(offer, wanted, clock.now()))
    log.record(
        actor, "offer.given_back", f"model:{offer.entry.slug}", after={"provider": offer.provider.slug}
    )
