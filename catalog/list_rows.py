"""Keep the rows of a provider's list of models: what the next list is compared with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from catalog.listing_diff import Change, Kind
from catalog.models import CatalogEntry, Offer, Origin
from providers.listing import Listing, column
from providers.models import ListedModel, Provider

_KEPT = ("name", "context_tokens", "raw", "missing_since", "vanished_at")


def keep_rows(provider: Provider, changes: Sequence[Change], now: datetime) -> None:
    """Bring the rows of the models that changed to what the list says now."""
    latest = {change.upstream_id: change for change in changes}
    rows = {row.upstream_id: row for row in provider.listings.filter(upstream_id__in=latest)}
    new = []
    for upstream_id, change in latest.items():
        row = rows.get(upstream_id)
        if row is None:
            row = ListedModel(provider=provider, upstream_id=upstream_id, first_seen_at=now)
            new.append(row)
        if change.kind == Kind.VANISHED:
            row.vanished_at = now
        elif change.listing is not None:
            _fill(row, change.listing)
    ListedModel.objects.bulk_create(new)
    ListedModel.objects.bulk_update(rows.values(), _KEPT, batch_size=100)
    Provider.objects.filter(pk=provider.pk).update(listed_at=now)


def _fill(row: ListedModel, listing: Listing) -> None:
    row.name = listing.name
    row.context_tokens = column(listing.context_tokens)
    row.raw = _without_nul(dict(listing.raw))
    row.missing_since = row.vanished_at = None


def _without_nul(value: Any) -> Any:
    """Return JSON without the one letter that Postgres keeps in no text; readers of it leave it out too."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return list(map(_without_nul, value))
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(inner) for key, inner in value.items()}
    return value


def forget_others(provider: Provider, listed: Collection[str], now: datetime) -> list[Offer]:
    """Drop what was taken for this provider's list before its first real one, and is not in it.

    Returns the offers of curated models that are not in it: a person decides on those.
    """
    provider.listings.exclude(upstream_id__in=listed).delete()
    offers = Offer.objects.filter(provider=provider, origin=Origin.DISCOVERED, withdrawn_at=None)
    guessed = offers.exclude(upstream_id__in=listed)
    guessed.filter(entry__source=CatalogEntry.Source.DISCOVERED).update(withdrawn_at=now)
    unoffered = CatalogEntry.objects.listed().filter(source=CatalogEntry.Source.DISCOVERED)
    unoffered.exclude(offers__in=Offer.objects.filter(withdrawn_at=None)).update(withdrawn_at=now)
    return list(guessed.filter(entry__source=CatalogEntry.Source.CURATED).select_related("entry"))
