"""Pages of providers: find them, add one, change, check, pause and remove it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from llmhub.lib.forms import refuse
from llmhub.lib.pages import render_page, screen_of
from llmhub.people.access import actor_of, needs
from providers.adapters import KINDS, Kind
from providers.check import Check
from providers.credential import set_credential
from providers.forms import PauseForm, ProviderChangeForm, ProviderForm, served_dialects
from providers.models import Provider
from providers.provider import create_provider, pause_provider, remove_provider, update_provider
from providers.provider_page import detail, found, parts, show, status
from providers.saved_check import check_and_save
from providers.status import Status, outcome_kind
from providers.trial import try_connection

LISTINGS_SHOWN = 500  # of the models a check finds


@dataclass(frozen=True)
class ProviderRow:
    """A provider as the list shows it."""

    provider: Provider
    kind: str
    status: Status
    offers: int


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
    rows = [
        ProviderRow(
            each,
            kind.label if (kind := _kind(each.kind)) else each.kind,
            status(each),
            each.offered,  # type: ignore[attr-defined]  # annotated
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


@sensitive_post_parameters("secret")
@require_http_methods(["GET", "POST"])
@needs("configure")
def provider_new(request: HttpRequest) -> HttpResponse:
    """Choose a kind, then fill in the form of that kind."""
    kind = _kind(request.GET.get("kind", ""))
    if kind is None:
        kinds = [(each, bool(served_dialects(each))) for each in KINDS.values()]
        return render(request, "providers/provider_kinds.html", {"kinds": kinds})
    form = ProviderForm(request.POST or None, kind=kind)
    if form.is_valid():
        try:
            provider = _add(request, form)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, f"{provider.name} was added.")
            return redirect("providers:provider_detail", provider.slug)
    return _new_form(request, form, status=422 if form.is_bound else 200)


@transaction.atomic
def _add(request: HttpRequest, form: ProviderForm) -> Provider:
    actor, values = actor_of(request), dict(form.cleaned_data)
    secret = values.pop("secret")
    needs_credential = form.kind.needs_credential or bool(secret)
    provider = create_provider(actor=actor, kind=form.kind.name, needs_credential=needs_credential, **values)
    if secret:
        set_credential(actor=actor, provider=provider, secret=secret)
    return provider


def _new_form(request: HttpRequest, form: ProviderForm, status: int, **extra: Any) -> HttpResponse:
    context = {"form": form, "kind": form.kind, **extra}
    return render(request, "providers/provider_new.html", context, status=status)


@sensitive_post_parameters("secret")
@require_POST
@needs("configure")
def provider_try(request: HttpRequest) -> HttpResponse:
    """Test a connection before it is saved, by a free call; htmx swaps only the verdict."""
    kind = _kind(request.GET.get("kind", ""))
    if kind is None:
        raise Http404("no such kind of provider")
    form = ProviderForm(request.POST, kind=kind)
    form.is_valid()  # its names do not matter yet
    found = _tried(form)
    verdict = Status(outcome_kind(found.outcome), str(found.outcome.label), found.message)
    context = {"form": form, "kind": kind, "verdict": verdict, **_told(found)}
    return render_page(
        request, page="providers/provider_new.html", partial="providers/_check_verdict.html", context=context
    )


def _tried(form: ProviderForm) -> Check:
    values = form.cleaned_data
    return try_connection(
        form.kind,
        base_url=values.get("base_url", ""),
        dialect=values.get("dialect", ""),
        secret=values.get("secret", ""),
    )


def _told(found: Check) -> dict[str, Any]:
    """Return what pages show of a check."""
    return {
        "found": found,
        "listings": found.listings[:LISTINGS_SHOWN],
        "more": max(0, len(found.listings) - LISTINGS_SHOWN),
    }


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
    remove_provider(actor=actor_of(request), provider=provider)
    messages.success(request, f"{provider.name} was removed. Its requests stay on record.")
    return redirect("providers:provider_list")
