"""GET /v1/models: what a key may call, with context, capabilities and price."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from catalog.pricing import PriceValue, price_for
from llmhub.lib import clock
from routing.gateway.errors import Refusal
from routing.gateway.exchange import Exchange
from routing.gateway.hub import Hub
from routing.plan import standing
from routing.reach import Reach, refuse_out_of_reach
from routing.resolve import is_retired, resolve
from routing.snapshot import Caller, EntryValue, OfferValue, RouteValue, Snapshot, TargetValue

_PRICES = ("input", "output", "cache_read", "cache_write", "cache_write_1h")


async def list_models(hub: Hub, exchange: Exchange, caller: Caller, content: bytes) -> None:
    """Answer with every name that can be called."""
    snapshot, now = hub.watch.snapshot, clock.now()
    rows = [
        describe(snapshot, name, now=now, reach=caller.reach)
        for name in snapshot.names()
        if _is_callable(snapshot, name, now, caller.reach)
    ]
    ends = (
        {"first_id": rows[0]["id"], "last_id": rows[-1]["id"]}
        if rows
        else {"first_id": None, "last_id": None}
    )
    await exchange.answer(msgspec.json.encode({"object": "list", "data": rows, "has_more": False, **ends}))


async def show_model(hub: Hub, exchange: Exchange, caller: Caller, content: bytes) -> None:
    """Answer with one model, whose id may hold slashes."""
    snapshot, now = hub.watch.snapshot, clock.now()
    name = exchange.path.removeprefix("/v1/models/")
    found = resolve(snapshot, name, now=now)
    name = found.asked  # without `:floor`
    if found.route is None:
        refuse_out_of_reach(caller.reach, name, found.name, key_name=caller.key_name)
    if not _is_callable(snapshot, name, now, caller.reach):
        raise Refusal(
            "no_candidate",
            f"{name!r} has no offer that can be called: see why on its page in the console",
            param="model",
        )
    await exchange.answer(msgspec.json.encode(describe(snapshot, name, now=now, reach=caller.reach)))


def describe(snapshot: Snapshot, name: str, *, now: datetime, reach: Reach) -> dict[str, Any]:
    """Return a model as the SDKs of both dialects read one, with what llmhub knows besides."""
    route = snapshot.routes.get(name)
    return _route(route, now, reach) if route else _model(snapshot, name, now, reach)


def _route(route: RouteValue, now: datetime, reach: Reach) -> dict[str, Any]:
    """Return a route as a model: what any target can do, in the smallest context of them."""
    targets = [target for target in route.targets if _is_open(target, route.name, now, reach)]
    entries = [target.entry for target in targets]
    slugs = [offer.provider.slug for target in targets for offer in _offers(target, reach)]
    created = max((entry.created_at for entry in entries), default=0)
    return {
        "id": route.name,
        "object": "model",
        "type": "model",
        "created": created,
        "created_at": datetime.fromtimestamp(created, UTC),
        "owned_by": "route",
        "name": route.name,
        "display_name": route.name,
        "policy": route.policy,
        "targets": [entry.slug for entry in entries],
        "context_length": min(
            (entry.context_tokens for entry in entries if entry.context_tokens), default=None
        ),
        "max_output_tokens": min(
            (entry.output_limit_tokens for entry in entries if entry.output_limit_tokens), default=None
        ),
        "capabilities": sorted({word for entry in entries for word in entry.capabilities}),
        "input_modalities": sorted({word for entry in entries for word in entry.input_modalities}),
        "output_modalities": sorted({word for entry in entries for word in entry.output_modalities}),
        "providers": list(dict.fromkeys(slugs)),
    }


def _is_open(target: TargetValue, route: str, now: datetime, reach: Reach) -> bool:
    may = reach.has_target(route, target.entry.slug)
    return may and not is_retired(target.entry, now) and bool(_offers(target, reach))


def _offers(target: TargetValue, reach: Reach) -> list[OfferValue]:
    return [
        offer
        for offer in standing(target.entry)
        if reach.has_provider(offer.provider.slug) and target.provider in ("", offer.provider.slug)
    ]


def _model(snapshot: Snapshot, name: str, now: datetime, reach: Reach) -> dict[str, Any]:
    entry = _entry(snapshot, name)
    offers = [offer for offer in standing(entry) if reach.has_provider(offer.provider.slug)]
    return {
        "id": name,
        "object": "model",
        "type": "model",
        "created": entry.created_at,
        "created_at": datetime.fromtimestamp(entry.created_at, UTC),
        "owned_by": entry.slug.partition("/")[0],
        "name": entry.name,
        "display_name": entry.name,
        "alias_of": entry.slug if name != entry.slug else None,
        "family": entry.family or None,
        "context_length": entry.context_tokens,
        "max_output_tokens": entry.output_limit_tokens,
        "capabilities": entry.capabilities,
        "input_modalities": entry.input_modalities,
        "output_modalities": entry.output_modalities,
        "sunset_on": entry.sunset_on,
        "pricing": next((price for offer in offers if (price := _price(offer, now))), None),
        "providers": [offer.provider.slug for offer in offers],
    }


def _entry(snapshot: Snapshot, name: str) -> EntryValue:
    return snapshot.entries[snapshot.aliases.get(name, name)]


def _is_callable(snapshot: Snapshot, name: str, now: datetime, reach: Reach) -> bool:
    if route := snapshot.routes.get(name):
        return any(_is_open(target, name, now, reach) for target in route.targets)
    entry = _entry(snapshot, name)
    if not reach.has_model(name, entry.slug) or is_retired(entry, now):
        return False
    return any(reach.has_provider(offer.provider.slug) for offer in standing(entry))


def _price(offer: OfferValue, now: datetime) -> dict[str, Any] | None:
    """Return the base price of an offer, and its long-context tiers, in USD per million tokens."""
    base = price_for(offer.prices, input_tokens=0, at=now)
    if base is None:
        return None
    tiers = [
        {"above_input_tokens": price.above_input_tokens, **_amounts(price)}
        for price in offer.prices
        if price.effective_from == base.effective_from and price.above_input_tokens
    ]
    return {"unit": "USD per million tokens", **_amounts(base), "tiers": tiers}


def _amounts(price: PriceValue) -> dict[str, str]:
    return {name: format(value, "f") for name in _PRICES if (value := getattr(price, name)) is not None}
