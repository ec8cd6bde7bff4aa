"""Fill the discovered pool from the list of the price library, until the first real list is read.

The library is https://github.com/pydantic/genai-prices; it is read offline, and named as the source.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version
from typing import Any

from django.db import transaction

from catalog.discovered import Writer
from catalog.discovery_models import DiscoveryRun
from catalog.listing_diff import Change, Kind
from llmhub.audit import log
from llmhub.audit.actor import SYSTEM
from llmhub.lib import clock
from providers.listing import Listing
from providers.models import Provider
from providers.rates import Rates

DATED = {"0.2.3": date(2026, 11, 10)}  # the day of each release of the library that was looked at
_AMOUNTS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
}


def list_date() -> date:
    """Return the day of the list that is installed."""
    return DATED[version("genai-prices")]


def fill() -> int:
    """Take the bundled list in for each provider that has no list yet; return how many models it added.

    It is done once: a provider that has any run, or that a person made, is left alone.
    """
    added = 0
    for provider in Provider.objects.listed().filter(discovery_runs=None, listed_at=None):
        listings = list(_listings(provider.kind))
        if listings and provider.slug == provider.kind:
            added += _take(provider, listings)
    return added


@transaction.atomic
def _take(provider: Provider, listings: list[Listing]) -> int:
    now = clock.now()
    began = datetime.combine(list_date(), datetime.min.time(), UTC)
    Writer(provider, None, began).write([Change(Kind.NEW, row.upstream_id, listing=row) for row in listings])
    DiscoveryRun.objects.create(
        provider=provider,
        trigger=DiscoveryRun.Trigger.BUNDLED,
        outcome=DiscoveryRun.Outcome.FIRST,
        started_at=now,
        listed=len(listings),
        counts={Kind.NEW.value: len(listings)},
        said=f"list of the price library genai-prices of {list_date()}",
    )
    told = {"new": len(listings), "list": str(list_date())}
    log.record(SYSTEM, "catalog.bundled_list", f"provider:{provider.slug}", after=told)
    return len(listings)


def _listings(kind: str) -> Iterator[Listing]:
    from genai_prices import data

    moment = datetime.combine(list_date(), datetime.min.time(), UTC)
    for provider in data.providers:
        if provider.id == kind:
            for model in provider.models:
                yield Listing(
                    upstream_id=model.id[:200],
                    name=(model.name or "")[:200],
                    description=model.description or "",
                    context_tokens=model.context_window,
                    tiers=_tiers(model.get_prices(moment)),
                )


def _tiers(price: Any) -> tuple[Rates, ...]:
    """Return a price of the library as ours; () where it does not say what tokens cost."""
    amounts = {ours: getattr(price, theirs) for ours, theirs in _AMOUNTS.items()}
    if amounts["input"] is None or amounts["output"] is None:
        return ()
    starts = {0} | {tier.start for value in amounts.values() for tier in getattr(value, "tiers", ())}
    return tuple(
        Rates(
            **{name: _at(value, start) for name, value in amounts.items() if value is not None},
            above_input_tokens=start,
        )
        for start in sorted(starts)
    )


def _at(value: Any, start: int) -> Decimal:
    """Return an amount for inputs greater than `start`: a number, or the highest tier that has begun."""
    if isinstance(value, Decimal):
        return value
    begun = [tier for tier in value.tiers if tier.start <= start]
    price: Decimal = max(begun, key=lambda tier: tier.start).price if begun else value.base
    return price
