"""The page of what a provider lists."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from catalog.listed import listings_with, rows_of
from llmhub.lib.pages import render_page, screen_of
from llmhub.people.access import needs
from providers.models import Provider

LISTINGS_SHOWN = 25  # on one screen


@require_GET
@needs("view")
def provider_listings(request: HttpRequest, slug: str) -> HttpResponse:
    """What one provider lists by its last check: a panel of its page, and a page of its own."""
    provider = get_object_or_404(Provider.objects.listed(), slug=slug)
    query = request.GET.get("q", "")
    rows = listings_with(provider, query)
    screen = screen_of(request, rows, by="upstream_id", limit=LISTINGS_SHOWN)
    context = {
        "provider": provider,
        "query": query,
        "rows": rows_of(provider, list(screen.rows)),
        "next_cursor": screen.next_cursor,
        "total": provider.listings.count(),
    }
    return render_page(
        request,
        page="catalog/provider_listings.html",
        partial="catalog/_provider_listings.html",
        context=context,
    )
