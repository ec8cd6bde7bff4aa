"""Pages of service keys, with which programs use the management API; for owners."""

from __future__ import annotations

from datetime import datetime, time

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from llmhub.lib import clock, expiry
from llmhub.lib.forms import refuse
from llmhub.lib.pages import screen_of
from llmhub.people.access import actor_of, needs
from llmhub.people.models import Role, ServiceKey
from llmhub.people.service_key import create_service_key, revoke_service_key


class ServiceKeyForm(forms.Form):
    """A new service key."""

    name = forms.CharField(
        max_length=100,
        help_text="The program that will use it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(
        choices=Role.choices,
        initial=Role.VIEWER,
        help_text="A viewer reads, an admin also changes the hub, an owner also lets people in.",
    )
    expires_on = forms.DateField(
        label="Last day",
        required=False,
        help_text="Empty: it works until it is revoked.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def clean_expires_on(self) -> datetime | None:
        """Return the end of the last day."""
        day = self.cleaned_data["expires_on"]
        if day is None:
            return None
        end = timezone.make_aware(datetime.combine(day, time.max))
        if wrong := expiry.fault(end, now=clock.now()):
            raise ValidationError(wrong)
        return end


@require_GET
@needs("own")
def service_key_list(request: HttpRequest) -> HttpResponse:
    """Every service key, newest first."""
    screen = screen_of(request, ServiceKey.objects.all(), by="-id")
    context = {"keys": screen.rows, "next_cursor": screen.next_cursor, "now": clock.now()}
    return render(request, "people/service_key_list.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@needs("own")
def service_key_new(request: HttpRequest) -> HttpResponse:
    """The form of a new service key; its answer shows the key, once."""
    form = ServiceKeyForm(request.POST or None)
    if form.is_valid():
        values = form.cleaned_data
        try:
            key, token = create_service_key(
                actor=actor_of(request),
                name=values["name"],
                role=values["role"],
                expires_at=values["expires_on"],
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            return render(request, "people/service_key_made.html", {"key": key, "token": token})
    return render(
        request, "people/service_key_new.html", {"form": form}, status=422 if form.is_bound else 200
    )


@require_POST
@needs("own")
def service_key_revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    """End a service key for good."""
    key = get_object_or_404(ServiceKey, pk=key_id)
    revoke_service_key(actor=actor_of(request), key=key)
    messages.success(request, f"{key.name} no longer opens the API.")
    return redirect("people:service_key_list")
