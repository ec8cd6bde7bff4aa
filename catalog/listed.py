"""The models that a provider lists by its last check, beside what of it the catalog offers already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from catalog.models import Offer
from catalog.proposal import Proposal, proposals
from llmhub.lib import clock
from providers.models import ListedModel, Provider

_WORDS = 8  # of a search; more are left out


@dataclass(frozen=True)
class ListedRow:
    """A listed model: the ids under which callers reach it here, else what the catalog knows of it."""

    listing: ListedModel
    models: tuple[str, ...]
    proposal: Proposal | None


def listings_with(provider: Provider, words: str) -> QuerySet[ListedModel]:
    """Return what a provider lists that has every one of some words in its id or name."""
    rows = provider.listings.all()
    for word in words.split()[:_WORDS]:
        rows = rows.filter(Q(upstream_id__icontains=word) | Q(name__icontains=word))
    return rows


def rows_of(provider: Provider, listings: Sequence[ListedModel]) -> list[ListedRow]:
    """Return listed models with what the catalog says of each, in a handful of queries."""
    ids = [row.upstream_id for row in listings]
    here = Offer.objects.filter(provider=provider, withdrawn_at=None, entry__withdrawn_at=None)
    offered: dict[str, list[str]] = defaultdict(list)
    for upstream_id, model in here.filter(upstream_id__in=ids).values_list("upstream_id", "entry__slug"):
        offered[upstream_id].append(model)
    known = proposals(provider.kind, [id_ for id_ in ids if id_ not in offered], clock.now())
    return [
        ListedRow(row, tuple(sorted(offered.get(row.upstream_id, ()))), known.get(row.upstream_id))
        for row in listings
    ]
