"""What the catalog knows about a model that a provider lists: its facts, and what it costs elsewhere.

A proposal is for a person to look at: nothing is priced by it until somebody saves it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from catalog.availability import prices_in_force
from catalog.models import CatalogEntry, Offer, Price
from providers.rates import Rates


@dataclass(frozen=True)
class Proposal:
    """The entry that a listed model seems to be, and a price that is known for it."""

    slug: str
    name: str
    tiers: tuple[Rates, ...] = ()  # the base price first; () where none is known
    price_of: str = ""  # the name of the provider that asks it
    is_same_provider: bool = False  # of the same kind: the price is of this very offer
    source: str = ""
    checked_on: date | None = None

    @property
    def rates(self) -> Rates | None:
        """The base price; None when it is unknown."""
        return self.tiers[0] if self.tiers else None


def proposals(kind: str, upstream_ids: Collection[str], now: datetime) -> dict[str, Proposal]:
    """Return what is known about models by the ids that a provider of this kind gives them.

    An offer of the same kind with this id counts first, then an entry of this id, then the only
    entry whose id ends in it. It takes at most four queries, however many models there are.
    """
    wanted = set(upstream_ids)
    offers = _offers().filter(provider__kind=kind, upstream_id__in=wanted)
    same = {offer.upstream_id: offer for offer in offers.order_by("-rank", "-id")}
    entries = _entries(wanted - same.keys())
    others = _first_offers(entries.values())
    prices = prices_in_force([*same.values(), *others.values()], now)
    found = {id_: _of_offer(offer, prices[offer.pk], is_same_provider=True) for id_, offer in same.items()}
    for id_, entry in entries.items():
        offer = others.get(entry.pk)
        found[id_] = (
            _of_offer(offer, prices[offer.pk], is_same_provider=False)
            if offer
            else Proposal(entry.slug, entry.name)
        )
    return found


def _offers() -> QuerySet[Offer]:
    listed = {"withdrawn_at": None, "entry__withdrawn_at": None, "provider__removed_at": None}
    curated = Offer.objects.filter(**listed, entry__source=CatalogEntry.Source.CURATED)
    return curated.select_related("entry", "provider")


def _entries(ids: Collection[str]) -> dict[str, CatalogEntry]:
    """Return the entry of each id: of the same id, else the only one whose id ends in it."""
    if not ids:
        return {}
    exact: dict[str, CatalogEntry] = {}
    by_tail: dict[str, list[CatalogEntry]] = defaultdict(list)
    for entry in CatalogEntry.objects.listed().filter(source=CatalogEntry.Source.CURATED):
        exact[entry.slug] = entry
        by_tail[entry.slug.rpartition("/")[2]].append(entry)
    only = {tail: entries[0] for tail, entries in by_tail.items() if len(entries) == 1}
    return {id_: (exact.get(id_) or only[id_]) for id_ in ids if id_ in exact or id_ in only}


def _first_offers(entries: Iterable[CatalogEntry]) -> dict[int, Offer]:
    """Return the offer of each entry that is tried first."""
    offers = _offers().filter(entry__in=[entry.pk for entry in entries])
    return {offer.entry_id: offer for offer in offers.order_by("-rank", "-id")}


def _of_offer(offer: Offer, prices: tuple[Price, ...], *, is_same_provider: bool) -> Proposal:
    return Proposal(
        slug=offer.entry.slug,
        name=offer.entry.name,
        tiers=tuple(price.rates for price in prices),
        price_of=offer.provider.name if prices else "",
        is_same_provider=is_same_provider,
        source=prices[0].source if prices else "",
        checked_on=prices[0].checked_on if prices else None,
    )


def proposed_slug(provider_slug: str, upstream_id: str) -> str:
    """Return the id for callers of a model that the catalog does not know."""
    return upstream_id if "/" in upstream_id else f"{provider_slug}/{upstream_id}"
