"""Read models, offers, prices and aliases as llmhub.toml would say them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from catalog.availability import last_prices
from catalog.curated import CuratedEntry
from catalog.models import Alias, CatalogEntry, Offer, Origin, Price
from catalog.pricing import has_ended
from catalog.seed import bundled
from llmhub.config.fields import FACTS
from llmhub.config.schema_models import ONE_PARAMETER
from llmhub.config.things import Thing, known
from providers.rates import AMOUNTS


def read_models(now: datetime) -> Iterator[Thing]:
    """Yield every model that can be called, each before its offers; of withdrawn ones, the bundled."""
    ours = {entry.slug: entry for entry in bundled()}
    curated = CatalogEntry.objects.filter(source=CatalogEntry.Source.CURATED)
    wanted = Q(withdrawn_at=None) | Q(slug__in=ours) & ~Q(origin=Origin.BUNDLED)
    rows = list(curated.filter(wanted).order_by("slug"))
    listed = {row.slug for row in rows if row.withdrawn_at is None}
    offers = _offers(ours, now)
    for row in rows:
        path = ("models", row.slug)
        if row.withdrawn_at is not None:
            yield Thing(path, {"withdrawn": True}, owner=row.origin)
            continue
        yield _model(path, row, ours.get(row.slug), listed)
        yield from offers[row.pk]


def read_aliases() -> Iterator[Thing]:
    """Yield every alias whose model can be called."""
    callable_now = Alias.objects.filter(entry__withdrawn_at=None, entry__source=CatalogEntry.Source.CURATED)
    for alias in callable_now.select_related("entry").order_by("name"):
        yield Thing(("aliases", alias.name_id), {"model": alias.entry.slug}, owner=alias.origin)


def _model(path: tuple[str, ...], row: CatalogEntry, ours: CuratedEntry | None, listed: set[str]) -> Thing:
    values = known({fact.key: getattr(row, fact.field) or None for fact in FACTS})
    if row.replacement not in listed:
        values.pop("replacement", None)  # no file could name it
    parameters = values.pop("parameters", {})
    values |= {ONE_PARAMETER + name: each for name, each in parameters.items()}
    bundled_keys = [fact.key for fact in FACTS if getattr(ours, fact.field, None)]
    empty = [fact.key for fact in FACTS if not getattr(row, fact.field)]
    lost = sorted(ours.parameters.keys() - parameters.keys()) if ours and parameters else []
    return Thing(
        path,
        values,
        owner=row.origin,
        is_bundled=row.origin == Origin.BUNDLED,
        unset=(*(key for key in empty if key in bundled_keys), *(ONE_PARAMETER + name for name in lost)),
    )


def _offers(ours: dict[str, CuratedEntry], now: datetime) -> dict[int, list[Thing]]:
    """Return the offers of each entry, in the order in which they are tried."""
    known_offers = [(slug, each.provider, each.upstream_id) for slug in ours for each in ours[slug].offers]
    rows = Offer.objects.filter(entry__withdrawn_at=None, provider__removed_at=None)
    rows = rows.filter(entry__source=CatalogEntry.Source.CURATED).select_related("entry", "provider")
    offers = list(rows.order_by("rank", "id"))
    prices = last_prices(offers, now)
    planned: dict[int, list[Price]] = defaultdict(list)
    for price in Price.objects.filter(effective_from__gt=now).order_by(
        "effective_from", "above_input_tokens"
    ):
        planned[price.offer_id].append(price)
    found: dict[int, list[Thing]] = defaultdict(list)
    for offer in offers:
        path = ("models", offer.entry.slug, "offers", offer.provider.slug)
        if offer.withdrawn_at is None:
            found[offer.entry_id].append(_offer(path, offer, prices[offer.pk], planned[offer.pk], now))
        elif (
            offer.origin in (Origin.FILE, Origin.PERSON) and (*path[1::2], offer.upstream_id) in known_offers
        ):
            gone = {"id": offer.upstream_id, "withdrawn": True}
            found[offer.entry_id].append(Thing(path, gone, key=offer.upstream_id, owner=offer.origin))
    return found


def _offer(
    path: tuple[str, ...], offer: Offer, last: Sequence[Price], planned: Sequence[Price], now: datetime
) -> Thing:
    if _follows_the_list(offer, last, planned):
        values = {"id": offer.upstream_id, "rank": offer.rank, "discovered": True}
        return Thing(path, values, key=offer.upstream_id, owner=offer.origin)
    moments = sorted({price.effective_from for price in planned})
    later = [
        {"since": moment, **_price([row for row in planned if row.effective_from == moment])}
        for moment in moments
    ]
    in_force = [price for price in last if not has_ended(price.ends_at, now)]
    values = known({"id": offer.upstream_id, "rank": offer.rank, **_price(in_force), "later": later})
    origins = {offer.origin, *(price.origin for price in (*last, *planned))}
    return Thing(
        path, values, key=offer.upstream_id, owner=offer.origin, is_bundled=origins == {Origin.BUNDLED}
    )


def _follows_the_list(offer: Offer, last: Sequence[Price], planned: Sequence[Price]) -> bool:
    """Whether discovery keeps the price: it is no configuration then."""
    origins = [price.origin for price in (*last, *planned)] or [offer.origin]
    return set(origins) == {Origin.DISCOVERED}


def _price(rows: Sequence[Price]) -> dict[str, Any]:
    """Return one price, the base first, with where it was read."""
    if not rows:
        return {}
    base, *tiers = rows
    return known(
        {
            **_amounts(base),
            "source": base.source,
            "checked": base.checked_on,
            "meters": base.meters or None,
            "tiers": [{"above": tier.above_input_tokens, **_amounts(tier)} for tier in tiers],
        }
    )


def _amounts(row: Price) -> dict[str, Any]:
    amounts = {name: getattr(row, name) for name in AMOUNTS}
    return {name: format(amount, "f") for name, amount in amounts.items() if amount is not None}
