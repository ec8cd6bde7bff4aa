"""What a model cost over time and what its sources say: a panel of its page, and a page of its own."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from catalog.models import CatalogEntry
from catalog.price_history import figure, history, sources
from llmhub.lib import clock
from llmhub.lib.pages import render_page
from llmhub.people.access import needs

STEPS_SHOWN = 50


@require_GET
@needs("read")
def model_prices(request: HttpRequest, slug: str) -> HttpResponse:
    """Every price of the offers of a model, with its source; a chart, and the table behind it."""
    entry, now = get_object_or_404(CatalogEntry, slug=slug), clock.now()
    steps = history(entry)
    context = {
        "entry": entry,
        "steps": steps[:STEPS_SHOWN],
        "more": max(0, len(steps) - STEPS_SHOWN),
        "figure": figure(steps, now) if steps else None,
        "sources": sources(entry, now),
    }
    return render_page(
        request, page="catalog/model_prices.html", partial="catalog/_model_prices.html", context=context
    )
