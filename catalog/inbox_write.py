"""Write what an event of the inbox says into the catalog."""

from __future__ import annotations

from contextlib import suppress

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import QuerySet

from catalog.availability import prices_in_force
from catalog.discovered import ARRIVALS, LAST_RANK, PRICES
from catalog.discovery_models import CatalogEvent
from catalog.entry import Facts, update_entry
from catalog.listing_diff import Kind
from catalog.listing_text import day_of, tiers_of
from catalog.models import CatalogEntry, Offer, Origin
from catalog.offer import add_offer, end_price, set_price, withdraw_offer
from catalog.promote import promote
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from providers.adapters import DialectNotServed, adapter_for
from providers.listing import column
from providers.models import Provider
from providers.wire import Target

_CAN = {Kind.CAPABILITY_LOST, Kind.CAPABILITY_GAINED}
_DAYS = ("deprecated_on", "sunset_on")


def write(actor: Actor, event: CatalogEvent, *, by: str = "") -> None:
    """Bring the catalog to what `event` says; call it inside the transaction of the decision.

    Raises `ValidationError` on what cannot be written.
    """
    kind, entry = Kind(event.kind), event.entry
    if entry is None:
        raise ValidationError(
            f"the id {event.upstream_id!r} cannot be a name here: add it on the page of its provider"
        )
    if kind == Kind.NEW and entry.source == CatalogEntry.Source.DISCOVERED:
        promote(actor=actor, entry=entry, by=by)
    elif kind == Kind.VANISHED:
        for offer in _offers(event).filter(withdrawn_at=None):
            withdraw_offer(actor=actor, offer=offer)
    elif entry.withdrawn_at is not None:
        raise ValidationError(f"{entry.slug} is withdrawn: add it again first, or ignore this")
    elif kind in ARRIVALS:
        _offer(actor, event, entry)
    elif kind in PRICES:
        (_end_prices if kind == Kind.PRICE_LOST else _reprice)(actor, event)
    else:
        update_entry(actor=actor, entry=entry, **_facts(event, entry))


def _offers(event: CatalogEvent) -> QuerySet[Offer]:
    rows = Offer.objects.filter(provider=event.provider, upstream_id=event.upstream_id)
    return rows.select_related("entry", "provider")


def _offer(actor: Actor, event: CatalogEvent, entry: CatalogEntry) -> None:
    """Offer a curated model where it is listed, at the price of the list."""
    there = list(_offers(event))
    for gone in (offer for offer in there if offer.withdrawn_at is not None):
        add_offer(
            actor=actor,
            entry=gone.entry,
            provider=gone.provider,
            upstream_id=gone.upstream_id,
            rank=gone.rank,
            params=gone.params,
            origin=Origin.DISCOVERED if gone.origin == Origin.DISCOVERED else None,
        )
    if not there:
        add_offer(
            actor=actor,
            entry=entry,
            provider=event.provider,
            upstream_id=event.upstream_id,
            rank=LAST_RANK,
            origin=Origin.DISCOVERED,
        )
    _reprice(actor, event)


def _reprice(actor: Actor, event: CatalogEvent) -> None:
    """Set the listed price where another is in force; one that the list does not say stays."""
    tiers, meters = tiers_of(event.after), event.after.get("meters") or {}
    if not tiers:
        return
    offers = list(_offers(event).filter(withdrawn_at=None))
    in_force = prices_in_force(offers, clock.now())
    for offer in offers:
        now = in_force[offer.pk]
        if tuple(price.rates for price in now) == tiers and now[0].meters == meters:
            continue
        set_price(
            actor=actor,
            offer=offer,
            tiers=tiers,
            source=list_address(event.provider),
            checked_on=event.found_at.date(),
            meters=meters,
            follows_list=(now[0] if now else offer).origin == Origin.DISCOVERED,
        )


def _end_prices(actor: Actor, event: CatalogEvent) -> None:
    """End the prices in force. Raises `ValidationError` where one was set after the list fell silent."""
    offers = list(_offers(event).filter(withdrawn_at=None))
    in_force = prices_in_force(offers, clock.now())
    for offer in offers:
        if any(price.effective_from > event.found_at for price in in_force[offer.pk]):
            raise ValidationError(
                f"another price of {offer.entry.slug} was set since: ignore this, and that one stays"
            )
        end_price(actor=actor, offer=offer)


def list_address(provider: Provider) -> str:
    """Return where a provider's list is read; "" where that is no address that a price can name."""
    with suppress(ValidationError, DialectNotServed):
        target = Target(provider.base_url, "")
        url = adapter_for(provider.kind, provider.dialect).models_call(target).url
        URLValidator(schemes=["https", "http"])(url)
        return url if len(url) <= 300 else ""
    return ""


def _facts(event: CatalogEvent, entry: CatalogEntry) -> Facts:
    """Return the facts of an event; of capabilities only the words that it names change."""
    kind, after = Kind(event.kind), event.after
    if kind == Kind.CONTEXT:
        return {"context_tokens": column(after["context_tokens"])}
    if kind == Kind.OUTPUT_LIMIT:
        return {"output_limit_tokens": column(after["output_limit_tokens"])}
    if kind in _CAN:
        return {"capabilities": _words(event, entry)}
    if kind == Kind.RENAMED:
        return {"name": after["name"] or entry.slug.rpartition("/")[2]}
    found: Facts = {}
    for name in _DAYS:
        if name in after:
            found[name] = day_of(after, name)  # type: ignore[literal-required]
    return found


def _words(event: CatalogEvent, entry: CatalogEntry) -> list[str]:
    was, now = (set(fields["capabilities"] or ()) for fields in (event.before, event.after))
    kept = [word for word in entry.capabilities if word not in was - now]
    return [*kept, *sorted(now - was - set(kept))]
