"""A model that its provider no longer knows, as calls find out: an event of the inbox, no illness."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from catalog.discovery_models import CatalogEvent
from catalog.listing_diff import Kind
from catalog.models import Offer
from llmhub.lib import clock

_QUIET = timedelta(days=7)  # after a person has decided


@transaction.atomic
def tell_gone(offer_id: int, *, status: int) -> bool:
    """Put into the inbox that calls of an offer are answered as if its model were not there.

    Once until a person decides, and not again for a week: the offer goes on being tried. Accepting
    withdraws the offer. Returns whether it was told.
    """
    rows = Offer.objects.select_for_update(of=("self",)).select_related("entry", "provider")
    offer = rows.filter(pk=offer_id, withdrawn_at=None, provider__removed_at=None).first()
    if offer is None:
        return False
    now = clock.now()
    told = CatalogEvent.objects.filter(
        provider=offer.provider, upstream_id=offer.upstream_id, kind=Kind.VANISHED.value
    )
    is_open = told.filter(state=CatalogEvent.State.OPEN)
    if is_open.exists() or told.filter(decided_at__gt=now - _QUIET).exists():
        return False
    CatalogEvent.objects.create(
        provider=offer.provider,
        upstream_id=offer.upstream_id,
        kind=Kind.VANISHED.value,
        entry=offer.entry,
        is_curated=True,
        after={"status": status},
        found_at=now,
    )
    return True
