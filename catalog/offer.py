"""Offer entries at providers, and say what they cost there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from catalog.availability import prices_in_force
from catalog.entry import claims, origin_of
from catalog.models import CatalogEntry, Offer, Origin, Price
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.people.roles import require
from providers.models import Provider
from providers.rates import AMOUNTS, Rates, faults


@transaction.atomic
def add_offer(
    *,
    actor: Actor,
    entry: CatalogEntry,
    provider: Provider,
    upstream_id: str,
    rank: int = 100,
    params: dict[str, Any] | None = None,
    origin: Origin | None = None,
) -> Offer:
    """Save that `provider` offers `entry` as `upstream_id`; a lower `rank` is tried first.

    It is the actor's unless `origin` says whose: a discovered one is priced by the provider's next
    list. A withdrawn offer of the same comes back. Raises `ValidationError` when it is offered already.
    """
    require(actor, "configure")
    same = Offer.objects.filter(entry=entry, provider=provider, upstream_id=upstream_id).first()
    if same is not None and same.withdrawn_at is None:
        raise ValidationError(
            {"upstream_id": f"{provider.name} offers {entry.slug} as {upstream_id} already"}
        )
    offer = same or Offer(entry=entry, provider=provider, upstream_id=upstream_id)
    offer.withdrawn_at = None
    _save(offer, origin or origin_of(actor), rank, params or {})
    log.record(actor, "offer.added", f"model:{entry.slug}", after=_plain(offer))
    return offer


@transaction.atomic
def update_offer(
    *, actor: Actor, offer: Offer, rank: int | None = None, params: dict[str, Any] | None = None
) -> Offer:
    """Save another rank or other parameters; None leaves a value as it is.

    Nothing is written when nothing differs; but a file owns whatever it says something about.
    """
    require(actor, "configure")
    rank = offer.rank if rank is None else rank
    params = offer.params if params is None else params
    if (rank, params) != (offer.rank, offer.params) or claims(actor, offer.origin):
        before = _plain(offer)
        _save(offer, origin_of(actor), rank, params)
        log.record(actor, "offer.changed", f"model:{offer.entry.slug}", before=before, after=_plain(offer))
    return offer


@transaction.atomic
def withdraw_offer(*, actor: Actor, offer: Offer) -> None:
    """Take an offer out of use; its row and its prices stay, because records point at them."""
    require(actor, "configure")
    if offer.withdrawn_at is not None:
        return
    offer.withdrawn_at = clock.now()
    offer.origin = origin_of(actor)
    offer.save(update_fields=["withdrawn_at", "origin"])
    log.record(actor, "offer.withdrawn", f"model:{offer.entry.slug}", before=_plain(offer))


@transaction.atomic
def set_price(
    *,
    actor: Actor,
    offer: Offer,
    tiers: Sequence[Rates],
    effective_from: datetime | None = None,
    source: str = "",
    checked_on: date | None = None,
    meters: Mapping[str, str] | None = None,
    follows_list: bool = False,
) -> list[Price]:
    """Save what an offer costs from a moment on (now), the base price first, then its tiers.

    The price before stays: a record keeps the price of its day. One that follows the list is
    succeeded by what discovery reads there. Prices planned for other moments stay planned; one
    for the same moment is replaced. Raises `ValidationError` when the tiers do not fit together,
    or when they would begin before a price that was in force already.
    """
    require(actor, "configure")
    if wrong := faults(tiers):
        raise ValidationError({"tiers": wrong})
    now = clock.now()
    begins = effective_from or now
    newest = offer.prices.begun(now).first()
    if newest is not None and begins <= newest.effective_from:
        since = f"{newest.effective_from:%Y-%m-%d %H:%M} UTC"
        raise ValidationError({"effective_from": f"a price holds from {since}: begin after it"})
    offer.prices.filter(effective_from=begins).delete()  # it was planned, and never in force
    prices = [
        Price(
            offer=offer,
            effective_from=begins,
            origin=Origin.DISCOVERED if follows_list else origin_of(actor),
            source=source,
            checked_on=checked_on,
            meters=dict(meters or {}) if rates.above_input_tokens == 0 else {},
            **vars(rates),
        )
        for rates in tiers
    ]
    for price in prices:
        price.save()
    after = {"provider": offer.provider.slug, "from": begins.isoformat(), "tiers": list(map(_texts, tiers))}
    log.record(actor, "price.set", f"model:{offer.entry.slug}", after=after)
    return prices


@transaction.atomic
def end_price(*, actor: Actor, offer: Offer) -> None:
    """Let what an offer costs be unknown from now on, until a price is set; the one before stays on record.

    Nothing is written where no price is in force.
    """
    require(actor, "configure")
    now = clock.now()
    prices = prices_in_force([offer], now)[offer.pk]
    if not prices:
        return
    Price.objects.filter(pk__in=[price.pk for price in prices]).update(ends_at=now)
    before = {"provider": offer.provider.slug, "tiers": [_texts(price.rates) for price in prices]}
    after = {"provider": offer.provider.slug, "ends": now.isoformat()}
    log.record(actor, "price.ended", f"model:{offer.entry.slug}", before=before, after=after)


def _save(offer: Offer, origin: Origin, rank: int, params: dict[str, Any]) -> None:
    offer.rank, offer.params, offer.origin = rank, params, origin
    offer.full_clean()
    offer.save()


def _plain(offer: Offer) -> dict[str, Any]:
    return {
        "provider": offer.provider.slug,
        "upstream_id": offer.upstream_id,
        "rank": offer.rank,
        "params": offer.params,
        "origin": offer.origin,
    }


def _texts(rates: Rates) -> dict[str, str]:
    amounts = {name: getattr(rates, name) for name in AMOUNTS}
    shown = {name: format(value, "f") for name, value in amounts.items() if value is not None}
    return {"above_input_tokens": str(rates.above_input_tokens), **shown}
