"""Pages that narrow a key, and give it a new text."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from billing.key import require_revocable
from billing.key_reach import set_reach
from billing.key_reach_forms import ReachForm, RotateForm, reach_now
from billing.key_rotation import end_old_text, rotate_key
from billing.key_views import first_call
from billing.models import ApiKey
from llmhub.lib import forms
from llmhub.people.access import actor_of, needs
from llmhub.people.roles import require


def _seen(request: HttpRequest, key_id: int) -> ApiKey:
    """Return a key that whoever asks may see."""
    rows = ApiKey.objects.seen_by(actor_of(request)).select_related("team")
    return get_object_or_404(rows, pk=key_id)


@require_http_methods(["GET", "POST"])
@needs("manage")
def key_reach(request: HttpRequest, key_id: int) -> HttpResponse:
    """The form of what a key may use."""
    key = _seen(request, key_id)
    require(actor_of(request), "manage", team=key.team_id)
    form = ReachForm(request.POST or None, initial=reach_now(key))
    if request.method == "POST" and form.is_valid():
        named = form.cleaned_data
        try:
            set_reach(
                actor=actor_of(request), key=key,
                models=named["allowed_models"], providers=named["allowed_providers"],
            )  # fmt: skip
        except ValidationError as error:
            forms.refuse(form, error)
        else:
            messages.success(request, "Saved. The next call goes by it.")
            return redirect("billing:key_detail", key_id)
    status = 422 if form.is_bound else 200
    return render(request, "billing/key_reach.html", {"form": form, "key": key}, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@needs("call")
def key_rotate(request: HttpRequest, key_id: int) -> HttpResponse:
    """The form that gives a key a new text; its answer is the only page that ever shows it."""
    key = _seen(request, key_id)
    require_revocable(actor_of(request), key)
    form = RotateForm(request.POST or None)
    if form.is_valid():
        try:
            row, text = rotate_key(actor=actor_of(request), key=key, **form.cleaned_data)
        except ValidationError as error:
            forms.refuse(form, error)
        else:
            context = {"key": row, "key_text": text, "is_rotated": True, **first_call()}
            return render(request, "billing/key_made.html", context)
    status = 422 if form.is_bound else 200
    return render(request, "billing/key_rotate.html", {"form": form, "key": key}, status=status)


@require_POST
@needs("call")
def key_end_old(request: HttpRequest, key_id: int) -> HttpResponse:
    """End the text from before the last rotation."""
    end_old_text(actor=actor_of(request), key=_seen(request, key_id))
    messages.success(request, "The old text no longer works. Calls with it are refused within seconds.")
    return redirect("billing:key_detail", key_id)
