"""The breakers of a provider's offers: a panel of its page, and a page of its own; closing one by hand."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from catalog.breakers import breakers_of, close_breaker, offers_with_breakers
from llmhub.lib import clock
from llmhub.lib.pages import render_page, screen_of
from llmhub.people.access import actor_of, needs
from providers.breaker_models import BreakerEvent
from providers.models import Provider

EVENTS_IN_PANEL = 5
EVENTS_SHOWN = 50


@require_GET
@needs("view")
def provider_breakers(request: HttpRequest, slug: str) -> HttpResponse:
    """How the breakers of a provider's offers stand, and what they did."""
    provider = get_object_or_404(Provider.objects.listed(), slug=slug)
    offers = {offer.pk: offer for offer in offers_with_breakers(provider)}
    is_panel = bool(request.htmx) and not request.GET.get("cursor")  # type: ignore[attr-defined]
    rows = BreakerEvent.objects.filter(target_id__in=list(offers))
    screen = screen_of(request, rows, by="-id", limit=EVENTS_IN_PANEL if is_panel else EVENTS_SHOWN)
    context = {
        "provider": provider,
        "rows": breakers_of(offers.values(), clock.now()),
        "several": len({offer.entry_id for offer in offers.values()}) > 1,
        "events": [(event, offers[event.target_id]) for event in screen.rows],
        "next_cursor": "" if is_panel else screen.next_cursor,
        "more": is_panel and screen.next_cursor,
    }
    return render_page(
        request,
        page="catalog/provider_breakers.html",
        partial="catalog/_provider_breakers.html",
        context=context,
    )


@require_POST
@needs("configure")
def breaker_close(request: HttpRequest, offer_id: int) -> HttpResponse:
    """Let calls go to an offer again."""
    offer = get_object_or_404(offers_with_breakers(), pk=offer_id)
    try:
        close_breaker(actor=actor_of(request), offer=offer)
    except ValidationError as error:
        messages.info(request, f"{offer.entry.slug}: {' '.join(error.messages)}.")
    else:
        messages.success(
            request, f"Calls of {offer.entry.slug} go to {offer.provider.name} again, within seconds."
        )
    return redirect("providers:provider_detail", offer.provider.slug)
