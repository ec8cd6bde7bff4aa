"""Pages of discovery: how it stands with each provider, a reading now, held lists, promotion."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from catalog import discovery
from catalog.discovery_models import DiscoveryRun
from catalog.discovery_now import discovery_now, discovery_of, pools, told
from catalog.models import CatalogEntry
from catalog.promote import promote
from llmhub.lib.pages import render_page, screen_of
from llmhub.people.access import actor_of, needs
from providers.models import Provider

RUNS_SHOWN = 25
RUNS_IN_PANEL = 5
_BAD = {DiscoveryRun.Outcome.FAILED, DiscoveryRun.Outcome.HELD}


@require_GET
@needs("view")
def discovery_list(request: HttpRequest) -> HttpResponse:
    """How discovery stands with every provider, and the readings so far."""
    return render_page(
        request,
        page="catalog/discovery_list.html",
        partial="catalog/_discovery_runs.html",
        context={**_table(), **_runs(request)},
    )


def _table() -> dict[str, Any]:
    return {"rows": discovery_now()}


def _runs(request: HttpRequest) -> dict[str, Any]:
    rows = DiscoveryRun.objects.filter(provider__removed_at=None).select_related("provider")
    if chosen := request.GET.get("provider", ""):
        rows = rows.filter(provider__slug=chosen)
    screen = screen_of(request, rows, by="-id", limit=RUNS_SHOWN)
    return {
        "runs": [(run, told(run)) for run in screen.rows],
        "next_cursor": screen.next_cursor,
        "chosen": chosen,
    }


@require_GET
@needs("read")
def model_pools(request: HttpRequest) -> HttpResponse:
    """Which lists discovered models are from: a panel of the page of models, and a page of its own."""
    return render_page(
        request,
        page="catalog/model_pools.html",
        partial="catalog/_pools.html",
        context={"rows": pools()},
    )


@require_GET
@needs("view")
def provider_discovery(request: HttpRequest, slug: str) -> HttpResponse:
    """How discovery stands with one provider: a panel of its page, and a page of its own."""
    return render_page(
        request,
        page="catalog/provider_discovery.html",
        partial="catalog/_provider_discovery.html",
        context=_panel(_provider(slug)),
    )


def _provider(slug: str) -> Provider:
    return get_object_or_404(Provider.objects.listed(), slug=slug)


def _panel(provider: Provider) -> dict[str, Any]:
    runs = DiscoveryRun.objects.filter(provider=provider)[:RUNS_IN_PANEL]
    return {
        "provider": provider,
        "row": discovery_of(provider),
        "runs": [(run, told(run)) for run in runs],
    }


@require_POST
@needs("configure")
def discovery_refresh(request: HttpRequest, slug: str) -> HttpResponse:
    """Read a provider's list now; htmx swaps the panel, or the table of all."""
    provider = _provider(slug)
    trigger = DiscoveryRun.Trigger.BUTTON
    run = discovery.refresh(provider, actor=actor_of(request), trigger=trigger)
    return _after(request, provider, f"{provider.name}: {told(run)}", is_bad=run.outcome in _BAD)


@require_POST
@needs("configure")
def discovery_held(request: HttpRequest, slug: str) -> HttpResponse:
    """Believe the list that was held back, or throw it away."""
    provider, actor = _provider(slug), actor_of(request)
    try:
        if request.POST.get("do") == "accept":
            said = told(discovery.accept_held(provider, actor=actor))
        else:
            discovery.discard_held(provider, actor=actor)
            said = "discarded, the list before stays"
    except ValidationError as error:
        return _after(request, provider, " ".join(error.messages), is_bad=True)
    return _after(request, provider, f"{provider.name}: {said}", is_bad=False)


def _after(request: HttpRequest, provider: Provider, said: str, *, is_bad: bool) -> HttpResponse:
    """Answer with what became of it: the part that htmx asked for, else the page before."""
    is_table = request.POST.get("from") == "list"
    if not getattr(request, "htmx", False):
        messages.add_message(request, messages.WARNING if is_bad else messages.SUCCESS, f"{said}.")
        return (
            redirect("catalog:discovery_list")
            if is_table
            else redirect("providers:provider_detail", provider.slug)
        )
    partial = "catalog/_discovery_table.html" if is_table else "catalog/_provider_discovery.html"
    context = _table() if is_table else _panel(provider)
    response = render(request, partial, {**context, "said": said, "is_bad": is_bad})
    patch_vary_headers(response, ["HX-Request"])
    return trigger_client_event(response, "provider-checked")  # the panel of its list listens


@require_POST
@needs("configure")
def model_promote(request: HttpRequest) -> HttpResponse:
    """Take a discovered model into the catalog, under an alias too where one is given."""
    entry = get_object_or_404(CatalogEntry, slug=request.POST.get("model", ""))
    name = request.POST.get("name", "").strip()[:201]
    try:
        promote(actor=actor_of(request), entry=entry, as_name=name)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        also = f" and as {name}" if name else ""
        messages.success(request, f"{entry.slug} can be called{also} within two seconds.")
    return redirect("catalog:model_detail", entry.slug)
