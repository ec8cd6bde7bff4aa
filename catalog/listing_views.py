"""The models that a provider lists, beside what of it the catalog offers already."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from catalog.models import Offer
from catalog.proposal import Proposal, proposals
from llmhub.lib import clock
from llmhub.lib.pages import render_page, screen_of
from llmhub.people.access import needs
from providers.models import ListedModel, Provider

LISTINGS_SHOWN = 25  # on one screen


@dataclass(frozen=True)
class ListedRow:
    """A listed model: the ids under which callers reach it here, else what the catalog knows of it."""

    listing: ListedModel
    models: tuple[str, ...]
    proposal: Proposal | None


@require_GET
@needs("view")
def provider_listings(request: HttpRequest, slug: str) -> HttpResponse:
    """What one provider lists by its last check: a panel of its page, and a page of its own."""
    provider = get_object_or_404(Provider.objects.listed(), slug=slug)
    query = request.GET.get("q", "")
    rows = provider.listings.all()
    for word in query.split()[:8]:
        rows = rows.filter(Q(upstream_id__icontains=word) | Q(name__icontains=word))
    screen = screen_of(request, rows, by="upstream_id", limit=LISTINGS_SHOWN)
    context = {
        "provider": provider,
        "query": query,
        "rows": _rows(provider, list(screen.rows)),
        "next_cursor": screen.next_cursor,
        "total": provider.listings.count(),
    }
    return render_page(
        request,
        page="catalog/provider_listings.html",
        partial="catalog/_provider_listings.html",
        context=context,
    )


def _rows(provider: Provider, listings: list[ListedModel]) -> list[ListedRow]:
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
