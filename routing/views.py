"""Pages of `routing`: test a key without a call, what an event of the inbox touches, who uses an alias."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from billing.callers import DAYS as CALLER_DAYS
from billing.models import ApiKey
from catalog.event_rows import event_rows, events
from catalog.models import Alias
from llmhub.lib import clock
from llmhub.lib.pages import render_page
from llmhub.people.access import actor_of, needs
from llmhub.people.roles import reach
from routing.alias_callers import alias_callers
from routing.key_check import check_key, check_one
from routing.key_verdict import Verdict
from routing.touches import DAYS, touches

KEYS_SHOWN = 20
CALLERS_SHOWN = 3  # in a cell of a table; its page has all


class KeyTestForm(forms.Form):
    """The text of a key; it is looked up by its digest and never given back."""

    key = forms.CharField(
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "placeholder": "llmh_…"}),
        help_text="It is compared by its fingerprint, and neither kept nor shown again.",
    )


@never_cache
@sensitive_post_parameters("key")
@require_http_methods(["GET", "POST"])
@needs("read")
def key_test(request: HttpRequest) -> HttpResponse:
    """Say what a key can do now; nothing is sent to a provider. htmx swaps only the verdict."""
    form = KeyTestForm(request.POST or None)
    verdict = check_key(form.cleaned_data["key"], by=actor_of(request)) if form.is_valid() else None
    failed = form.is_bound and verdict is None
    if failed:
        verdict = Verdict("Paste the key first.")
    return render_page(
        request,
        page="routing/key_test.html",
        partial="routing/_key_verdict.html",
        context={"form": form, "verdict": verdict},
        status=422 if failed else 200,
    )


@require_GET
@needs("read")
def key_models(request: HttpRequest, key_id: int) -> HttpResponse:
    """What a key can call now, and what keeps it from the rest: a panel of its page."""
    key = get_object_or_404(ApiKey.objects.seen_by(actor_of(request)), pk=key_id)
    return render_page(
        request,
        page="routing/key_models.html",
        partial="routing/_key_models.html",
        context={"verdict": check_one(key), "key": key},
    )


@require_GET
@needs("view")
def event_touches(request: HttpRequest, event_id: int) -> HttpResponse:
    """What an event touches: a panel of the inbox, and a page of its own."""
    event = get_object_or_404(events(), pk=event_id)
    found = touches(event, now=clock.now())
    context = {
        "row": event_rows([event])[0],
        "event": event,
        "found": found,
        "keys": found.keys[:KEYS_SHOWN],
        "more": max(0, len(found.keys) - KEYS_SHOWN),
        "days": DAYS,
    }
    return render_page(
        request, page="routing/event_touches.html", partial="routing/_event_touches.html", context=context
    )


@require_GET
@needs("read")
def alias_callers_page(request: HttpRequest, name: str) -> HttpResponse:
    """Who asked for an alias in the last 30 days: a cell of the list of aliases, and a page of its own."""
    alias = get_object_or_404(Alias.objects.select_related("entry"), pk=name)
    found = alias_callers(name, now=clock.now(), teams=reach(actor_of(request)))
    context = {"alias": alias, "rows": found, "first": found[:CALLERS_SHOWN], "days": CALLER_DAYS}
    return render_page(
        request, page="routing/alias_callers.html", partial="routing/_alias_callers.html", context=context
    )
