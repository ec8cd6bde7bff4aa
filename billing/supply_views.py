"""What billing knows of a provider and of a model's offers: panels of their pages, and pages of their own."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from billing.attempts_read import SHOWN, recent_attempts
from billing.callers import DAYS, callers
from billing.offer_figures import offer_figures
from billing.supply import parts_of
from catalog.models import CatalogEntry
from llmhub.lib import clock
from llmhub.lib.pages import render_page
from llmhub.people.access import actor_of, needs
from llmhub.people.roles import reach
from providers.models import Provider

CALLERS_SHOWN = 3  # in a cell of a table; its page has all


@require_GET
@needs("view")
def provider_attempts(request: HttpRequest, slug: str) -> HttpResponse:
    """The last attempts at one provider, each with its request."""
    provider = get_object_or_404(Provider.objects.listed(), slug=slug)
    context = {
        "provider": provider,
        "rows": recent_attempts(provider, now=clock.now()),
        "most": SHOWN,
    }
    return render_page(
        request,
        page="billing/provider_attempts.html",
        partial="billing/_provider_attempts.html",
        context=context,
    )


@require_GET
@needs("view")
def model_offers(request: HttpRequest, slug: str) -> HttpResponse:
    """How the offers of one model did in the last 7 days, side by side."""
    entry = get_object_or_404(CatalogEntry, slug=slug)
    now = clock.now()
    found = offer_figures(entry.pk, now=now)
    context = {
        "entry": entry,
        "rows": parts_of(entry, found, now=now),
        "requests": sum(each.requests for each in found.values()),
    }
    return render_page(
        request, page="billing/model_offers.html", partial="billing/_model_offers.html", context=context
    )


@require_GET
@needs("read")
def model_callers(request: HttpRequest, slug: str) -> HttpResponse:
    """Who called one model in the last 30 days."""
    entry = get_object_or_404(CatalogEntry, slug=slug)
    found = callers(entry.pk, now=clock.now(), teams=reach(actor_of(request)))
    context = {"entry": entry, "rows": found, "first": found[:CALLERS_SHOWN], "days": DAYS}
    return render_page(
        request, page="billing/model_callers.html", partial="billing/_model_callers.html", context=context
    )
