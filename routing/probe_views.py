"""Billed probes on the page of a provider: a panel, and their switch."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from llmhub.lib import clock
from llmhub.lib.forms import refuse
from llmhub.lib.pages import render_page
from llmhub.people.access import actor_of, needs
from providers.models import Provider
from providers.probe_amount import OFF
from providers.probe_ceiling import set_ceiling
from routing.probe_read import probes_of


class CeilingForm(forms.Form):
    """What billed probes may cost in a day."""

    ceiling = forms.CharField(
        label="USD a day, at most",
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "inputmode": "decimal", "placeholder": "0.50", "class": "num"}
        ),
    )


@require_GET
@needs("view")
def provider_probes(request: HttpRequest, slug: str) -> HttpResponse:
    """Whether billed probes of one provider are on, and what they cost today: a panel of its page."""
    return _panel(request, _found(slug))


@require_POST
@needs("configure")
def provider_probes_set(request: HttpRequest, slug: str) -> HttpResponse:
    """Switch the billed probes of a provider on with a ceiling, or off."""
    provider, form = _found(slug), CeilingForm(request.POST)
    if "off" in request.POST:
        set_ceiling(actor=actor_of(request), provider=provider, ceiling=OFF)
        messages.success(request, f"No billed probe of {provider.name} is made any more.")
        return redirect("providers:provider_detail", provider.slug)
    if form.is_valid():
        try:
            set_ceiling(actor=actor_of(request), provider=provider, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, f"Models of {provider.name} without calls are probed from now on.")
            return redirect("providers:provider_detail", provider.slug)
    return _panel(request, provider, form, 422)


def _panel(
    request: HttpRequest, provider: Provider, form: CeilingForm | None = None, code: int = 200
) -> HttpResponse:
    probes = probes_of(provider, clock.now())
    form = form or CeilingForm(initial={"ceiling": probes.ceiling or ""})
    answer = render_page(
        request,
        page="routing/provider_probes.html",
        partial="routing/_provider_probes.html",
        context={"provider": provider, "probes": probes, "form": form},
    )
    answer.status_code = code
    return answer


def _found(slug: str) -> Provider:
    return get_object_or_404(Provider.objects.listed(), slug=slug)
