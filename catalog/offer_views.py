"""Pages of offers: what a provider offers, one more model there, its price."""

from __future__ import annotations

from dataclasses import replace

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from catalog.availability import offers_of, prices_in_force
from catalog.forms import ModelForm, PriceForm
from catalog.models import CatalogEntry, Offer
from catalog.new_model import add_model
from catalog.offer import set_price, withdraw_offer
from catalog.offer_order import move_offer
from catalog.proposal import proposals, proposed_slug
from llmhub.lib import clock
from llmhub.lib.forms import refuse
from llmhub.lib.pages import render_page
from llmhub.people.access import actor_of, needs
from providers.models import Provider


@require_GET
@needs("view")
def provider_offers(request: HttpRequest, slug: str) -> HttpResponse:
    """What one provider offers, with prices: a panel of its page, and a page of its own."""
    provider = get_object_or_404(Provider.objects.listed(), slug=slug)
    context = {"provider": provider, "rows": offers_of(provider, clock.now())}
    return render_page(
        request, page="catalog/provider_offers.html", partial="catalog/_provider_offers.html", context=context
    )


@require_http_methods(["GET", "POST"])
@needs("configure")
def model_new(request: HttpRequest, slug: str) -> HttpResponse:
    """The form of one more model at a provider; what a check found fills it in."""
    provider = get_object_or_404(Provider.objects.listed(), slug=slug)
    form = ModelForm(request.POST or None, initial=_suggested(request, provider))
    if form.is_valid():
        values = form.cleaned_data
        try:
            offer = add_model(
                actor=actor_of(request),
                provider=provider,
                upstream_id=values["upstream_id"],
                slug=values["slug"],
                rates=form.rates(),
                context_tokens=values["context_tokens"],
                capabilities=values["capabilities"],
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, f"{offer.entry.slug} can be called at {provider.name}.")
            return redirect("catalog:model_detail", offer.entry.slug)
    context = {"form": form, "provider": provider}
    return render(request, "catalog/model_new.html", context, status=422 if form.is_bound else 200)


def _suggested(request: HttpRequest, provider: Provider) -> dict[str, object]:
    """Return what the form begins with: what the address says, and what is known of such a model."""
    upstream_id = request.GET.get("upstream_id", "")
    known = proposals(provider.kind, [upstream_id], clock.now()).get(upstream_id)
    listed = provider.listings.filter(upstream_id=upstream_id).first()
    slug = known.slug if known else proposed_slug(provider.slug, upstream_id)
    return {
        "upstream_id": upstream_id,
        "slug": request.GET.get("slug") or slug,
        "context_tokens": request.GET.get("context_tokens") or (listed.context_tokens if listed else None),
        "capabilities": ["stream"],
        **(vars(known.rates) if known and known.rates else {}),
    }


def _get(offer_id: int) -> Offer:
    return get_object_or_404(Offer.objects.select_related("entry", "provider"), pk=offer_id)


@require_http_methods(["GET", "POST"])
@needs("configure")
def offer_price(request: HttpRequest, offer_id: int) -> HttpResponse:
    """Say what a model costs at a provider from now on.

    Earlier prices stay on record; long-context tiers go on as they are.
    """
    offer = _get(offer_id)
    prices = prices_in_force([offer], clock.now())[offer.pk]
    form = PriceForm(request.POST or None, initial=vars(prices[0]) if prices else None)
    if form.is_valid() and (rates := form.rates()) is not None:
        try:
            tiers = [replace(price.rates, web_search=rates.web_search) for price in prices[1:]]
            set_price(actor=actor_of(request), offer=offer, tiers=[rates, *tiers])
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(
                request, f"Calls to {offer.entry.slug} at {offer.provider.name} cost this from now on."
            )
            return redirect("catalog:model_detail", offer.entry.slug)
    context = {"form": form, "offer": offer, "prices": prices}
    return render(request, "catalog/offer_price.html", context, status=422 if form.is_bound else 200)


@require_POST
@needs("configure")
def offer_withdraw(request: HttpRequest, offer_id: int) -> HttpResponse:
    """Call a model no more at this provider."""
    offer = _get(offer_id)
    withdraw_offer(actor=actor_of(request), offer=offer)
    messages.success(request, f"{offer.entry.slug} is not called at {offer.provider.name} any more.")
    return redirect("catalog:model_detail", offer.entry.slug)


@require_POST
@needs("configure")
def offer_move(request: HttpRequest, offer_id: int) -> HttpResponse:
    """Try an offer one place earlier or later."""
    offer = get_object_or_404(Offer.objects.filter(withdrawn_at=None), pk=offer_id)
    earlier = request.POST.get("to") == "earlier"
    move_offer(actor=actor_of(request), offer=offer, places=-1 if earlier else 1)
    return redirect("catalog:model_detail", offer.entry.slug)


@require_GET
@needs("configure")
def offer_new(request: HttpRequest) -> HttpResponse:
    """Go on to the form of one more offer of a model, at the provider that was chosen."""
    entry = get_object_or_404(CatalogEntry.objects.listed(), slug=request.GET.get("model", ""))
    provider = get_object_or_404(Provider.objects.listed(), slug=request.GET.get("provider", ""))
    address = reverse("catalog:model_new", args=[provider.slug])
    return redirect(f"{address}?{urlencode({'slug': entry.slug})}")
