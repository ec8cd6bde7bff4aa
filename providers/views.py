"""Pages of providers: find them, add one, change, check, pause and remove it."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from llmhub.lib.forms import refuse
from llmhub.lib.pages import render_page, screen_of
from llmhub.people.access import actor_of, needs
from providers.adapters import KINDS, Kind
from providers.evidence_models import KeptScore
from providers.forms import PauseForm, ProviderChangeForm
from providers.models import Provider
from providers.provider import pause_provider, remove_provider, update_provider
from providers.provider_page import detail, found, parts, show, status
from providers.saved_check import check_and_save
from providers.score_read import of_providers
from providers.status import Status


@dataclass(frozen=True)
class ProviderRow:
    """A provider as the list shows it."""

    provider: Provider
    kind: str
    status: Status
    offers: int
    score: KeptScore | None  # None: no calls in the last hours


def _counted() -> QuerySet[Provider]:
    offers = Count("offers", filter=Q(offers__withdrawn_at=None), distinct=True)
    return Provider.objects.listed().counted().annotate(offered=offers)


def _kind(name: str) -> Kind | None:
    return KINDS.get(name)


@require_GET
@needs("view")
def provider_list(request: HttpRequest) -> HttpResponse:
    """Every provider with its one-word status."""
    screen = screen_of(request, _counted(), by="slug")
    scores = of_providers([each.pk for each in screen.rows])
    rows = [
        ProviderRow(
            each,
            kind.label if (kind := _kind(each.kind)) else each.kind,
            status(each),
            each.offered,  # type: ignore[attr-defined]  # annotated
            scores.get(each.pk),
        )
        for each in screen.rows
    ]
    context = {"rows": rows, "next_cursor": screen.next_cursor}
    return render_page(
        request,
        page="providers/provider_list.html",
        partial="providers/_provider_table.html",
        context=context,
    )


@require_GET
@needs("view")
def provider_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One provider: its status, address, credentials and offers."""
    return detail(request, found(slug))


@require_POST
@needs("configure")
def provider_check(request: HttpRequest, slug: str) -> HttpResponse:
    """Check a provider now by a free call; htmx swaps only its status."""
    check = check_and_save(found(slug))
    if not getattr(request, "htmx", False):
        level = messages.SUCCESS if check.answered else messages.WARNING
        messages.add_message(request, level, f"{check.outcome.label}: {check.message}")
        return show(slug)
    response = render(request, "providers/_checked.html", {"found": check, **parts(found(slug))})
    return trigger_client_event(response, "provider-checked")  # the panel of its list listens


@require_POST
@needs("configure")
def provider_change(request: HttpRequest, slug: str) -> HttpResponse:
    """Save name and address; a new address clears the credentials."""
    provider = found(slug)
    form = ProviderChangeForm(request.POST)
    if form.is_valid():
        try:
            after = update_provider(actor=actor_of(request), provider=provider, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            moved = after.base_url != provider.base_url and provider.usable
            messages.success(request, "Saved. Its credentials were cleared." if moved else "Saved.")
            return show(slug)
    return detail(request, provider, 422, change_form=form)


@require_POST
@needs("configure")
def provider_pause(request: HttpRequest, slug: str) -> HttpResponse:
    """Send no call to a provider, for a reason."""
    provider, form = found(slug), PauseForm(request.POST)
    if not form.is_valid():
        return detail(request, provider, 422, pause_form=form)
    pause_provider(actor=actor_of(request), provider=provider, reason=form.cleaned_data["reason"])
    messages.warning(request, f"{provider.name} is paused: its models go to their other providers.")
    return show(slug)


@require_POST
@needs("configure")
def provider_resume(request: HttpRequest, slug: str) -> HttpResponse:
    """Let calls to a provider through again."""
    provider = found(slug)
    pause_provider(actor=actor_of(request), provider=provider, reason="")
    messages.success(request, f"{provider.name} is called again.")
    return show(slug)


@require_POST
@needs("configure")
def provider_remove(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a provider out of service."""
    provider = found(slug)
    try:
        remove_provider(actor=actor_of(request), provider=provider)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("providers:provider_detail", provider.slug)
    messages.success(request, f"{provider.name} was removed. Its requests stay on record.")
    return redirect("providers:provider_list")
