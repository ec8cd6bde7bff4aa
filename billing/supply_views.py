"""What billing knows of a provider and of a model's offers: panels of their pages, and pages of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from billing.attempts_read import SHOWN, recent_attempts
from billing.callers import DAYS, callers
from billing.offer_figures import OfferFigures, offer_figures
from catalog.models import CatalogEntry
from llmhub.lib import clock
from llmhub.lib.pages import render_page
from llmhub.people.access import actor_of, needs
from llmhub.people.roles import reach
from providers.evidence_models import KeptScore
from providers.models import Provider
from providers.score_read import of_offers

CALLERS_SHOWN = 3  # in a cell of a table; its page has all


@dataclass(frozen=True)
class ProviderPart:
    """What one provider had of the calls of a model; offers under several ids there count together."""

    provider: Provider
    upstream_ids: tuple[str, ...]  # () where it offers the model no more
    figures: OfferFigures
    score: KeptScore | None = None  # None: it had no calls in the last hours


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
    found = offer_figures(entry.pk, now=clock.now())
    context = {
        "entry": entry,
        "rows": _parts(entry, found),
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


def _parts(entry: CatalogEntry, found: dict[int, OfferFigures]) -> list[ProviderPart]:
    """Return the providers in the order in which they are tried, then those that offer it no more."""
    current = entry.offers.filter(withdrawn_at=None, provider__removed_at=None).select_related("provider")
    upstream_ids: dict[int, list[str]] = {}
    providers: dict[int, Provider] = {}
    current = current.order_by("rank", "id")
    for offer in current:
        upstream_ids.setdefault(offer.provider_id, []).append(offer.upstream_id)
        providers[offer.provider_id] = offer.provider
    gone = Provider.objects.in_bulk(found.keys() - providers.keys())
    scores = _scores([offer.pk for offer in current])
    return [
        ProviderPart(
            provider, tuple(upstream_ids.get(id_, ())), found.get(id_, OfferFigures()), scores.get(id_)
        )
        for id_, provider in {**providers, **gone}.items()
    ]


def _scores(offers: Sequence[int]) -> dict[int, KeptScore]:
    """Return the scores of a model's offers by provider: of several there that of the busiest."""
    kept = sorted(of_offers(offers).values(), key=lambda row: row.calls)
    return {row.provider_id: row for row in kept}
