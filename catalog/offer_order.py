"""In which order the offers of a model are tried."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from django.db import transaction

from catalog.models import CatalogEntry, Offer
from catalog.offer import update_offer
from llmhub.audit.actor import Actor
from llmhub.people.roles import require

STEP = 10  # between two ranks, where all of them are given anew


@transaction.atomic
def move_offer(*, actor: Actor, offer: Offer, places: int) -> None:
    """Try an offer so many places later, or earlier where `places` is negative.

    As few ranks as possible change: who changes one owns the offer, and updates of the bundled
    catalog then leave it alone.
    """
    require(actor, "configure")
    CatalogEntry.objects.select_for_update().get(pk=offer.entry_id)
    current = Offer.objects.filter(entry=offer.entry_id, withdrawn_at=None, provider__removed_at=None)
    rows = list(current.select_related("entry", "provider").order_by("rank", "id"))
    here = next(place for place, row in enumerate(rows) if row.pk == offer.pk)
    there = min(max(0, here + places), len(rows) - 1)
    if there == here:
        return
    rows.insert(there, moved := rows.pop(here))
    for row, rank in zip(rows, _ranks(rows, moved), strict=True):
        update_offer(actor=actor, offer=row, rank=rank)


def _ranks(rows: Sequence[Offer], moved: Offer) -> list[int]:
    """Return ranks that say this order; only the moved one changes where there is room for it."""
    place = rows.index(moved)
    ranks = [row.rank for row in rows]
    low = ranks[place - 1] if place else max(0, ranks[place + 1] - STEP)
    high = ranks[place + 1] if place + 1 < len(rows) else low + STEP
    for ranks[place] in ((low + high) // 2, low, high):
        if all(earlier < later for earlier, later in pairwise(zip(ranks, (r.pk for r in rows), strict=True))):
            return ranks
    return [STEP * number for number in range(1, len(rows) + 1)]
