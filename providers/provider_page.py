"""The page of one provider, as every view answers with it: whole, or with a form that was refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from llmhub.lib import clock
from providers import health
from providers.adapters import KINDS, DialectNotServed, adapter_for
from providers.check import scheduled_call
from providers.credential_now import credentials_now
from providers.forms import CredentialForm, PauseForm, ProviderChangeForm, WeightForm
from providers.models import Provider
from providers.status import Status, status_of
from providers.support import support_of
from providers.wire import Target

CHANGES_SHOWN = 5


def found(slug: str) -> Provider:
    """Return the provider of this short name, with its numbers of credentials. Raises `Http404`."""
    return get_object_or_404(Provider.objects.listed().counted(), slug=slug)


def status(provider: Provider) -> Status:
    """Return the status of a provider that was read with its numbers of credentials."""
    return status_of(provider, usable=provider.usable, out=provider.out)


def show(slug: str, part: str = "") -> HttpResponseRedirect:
    """Go to the page of a provider, and there to a part of it."""
    if not part:
        return redirect("providers:provider_detail", slug)
    return HttpResponseRedirect(f"{reverse('providers:provider_detail', args=[slug])}#{part}")


def parts(provider: Provider, **forms: Any) -> dict[str, Any]:
    """Return what the status and the credentials of a provider show."""
    credentials = credentials_now(provider.credentials.all())
    labels = [each.row.label for each in credentials]
    spans = health.last_day(provider, clock.now())
    return {
        "provider": provider,
        "status": status(provider),
        "credentials": credentials,
        "several": len(credentials) > 1,
        "credential_form": CredentialForm(initial={"label": _next_label(labels), "weight": 1}),
        "support": support_of(provider),
        "asks": _asks(provider),
        "interval_ms": health.interval() / timedelta(milliseconds=1),
        "spans": spans if any(span.checks for span in spans) else [],
        "failing": sum(span.kind == "bad" for span in spans),
        "next_check": health.next_check(provider),
        "status_changes": provider.status_changes.all()[:CHANGES_SHOWN],
        **forms,
    }


def detail(request: HttpRequest, provider: Provider, code: int = 200, **forms: Any) -> HttpResponse:
    """Answer with the page; `forms` are those that were refused, in the place of fresh ones."""
    context = {
        "kind": KINDS.get(provider.kind),
        "change_form": ProviderChangeForm(initial={"name": provider.name, "base_url": provider.base_url}),
        "pause_form": PauseForm(),
        "weight_form": WeightForm(),
        **parts(provider, **forms),
    }
    return render(request, "providers/provider_detail.html", context, status=code)


def _next_label(labels: list[str]) -> str:
    """Return a label that is free, so that one more never replaces another by mistake."""
    if "default" not in labels:
        return "default"
    return next(name for n in range(2, len(labels) + 3) if (name := f"key-{n}") not in labels)


def _asks(provider: Provider) -> str:
    """Return the free call that the schedule makes, "" where it makes none."""
    if provider.paused_reason or (provider.needs_credential and not provider.usable):
        return ""
    try:
        adapter = adapter_for(provider.kind, provider.dialect)
    except DialectNotServed:
        return ""
    call = scheduled_call(Target(provider.base_url, "", "held" if provider.usable else ""), adapter)
    return f"{call.method} {call.url}"
