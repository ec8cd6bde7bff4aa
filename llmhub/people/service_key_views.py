"""Pages of service keys, with which programs use the management API."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from llmhub.audit.actor import Actor
from llmhub.lib import clock, expiry
from llmhub.lib.forms import refuse
from llmhub.lib.pages import screen_of
from llmhub.people.access import actor_of, needs
from llmhub.people.models import Role, ServiceKey, Team, TeamRole
from llmhub.people.roles import allowed, reach
from llmhub.people.scopes import SCOPES
from llmhub.people.service_key import create_service_key, revoke_service_key

_OF_ORGANISATION = [(role.value, role.label) for role in Role if role != Role.MEMBER]
_OF_TEAM = [(role.value, f"{role.label} of a team") for role in TeamRole if role != TeamRole.VIEWER]


class ServiceKeyForm(forms.Form):
    """A new service key."""

    name = forms.CharField(
        max_length=100,
        help_text="The program that will use it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    team = forms.ModelChoiceField(
        Team.objects.none(),
        to_field_name="slug",
        required=False,
        empty_label="The whole organisation",
        label="Of",
        help_text="A key of a team sees and changes nothing of other teams.",
    )
    role = forms.ChoiceField(
        choices=[*_OF_ORGANISATION, *_OF_TEAM],
        initial=Role.VIEWER,
        help_text="A viewer reads. A manager manages a team, an admin the hub, an owner also lets people in. "
        "Never more than you hold yourself.",
    )
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in SCOPES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Only for",
        help_text="Nothing ticked: all that its role allows. To manage holds to read.",
    )
    expires_on = forms.DateField(
        label="Last day",
        required=False,
        help_text="Empty: it works until it is revoked.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team: Any = self.fields["team"]
        team.queryset = Team.objects.within(reach(actor, "manage"))
        if not allowed(actor, "configure"):
            team.required, team.empty_label = True, None
            self.fields["role"] = forms.ChoiceField(
                choices=TeamRole, initial=TeamRole.VIEWER, help_text="A viewer reads, a manager also changes."
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
@needs("manage")
def service_key_list(request: HttpRequest) -> HttpResponse:
    """Every service key that one may see, newest first."""
    keys = ServiceKey.objects.seen_by(actor_of(request)).select_related("team", "maker")
    screen = screen_of(request, keys, by="-id")
    context = {"keys": screen.rows, "next_cursor": screen.next_cursor, "now": clock.now()}
    return render(request, "people/service_key_list.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@needs("manage")
def service_key_new(request: HttpRequest) -> HttpResponse:
    """The form of a new service key; its answer shows the key, once."""
    actor = actor_of(request)
    form = ServiceKeyForm(request.POST or None, actor=actor)
    if form.is_valid():
        values = form.cleaned_data
        try:
            key, token = create_service_key(
                actor=actor,
                name=values["name"],
                role=values["role"],
                team=values["team"],
                scopes=values["scopes"],
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
@needs("manage")
def service_key_revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    """End a service key for good."""
    actor = actor_of(request)
    key = get_object_or_404(ServiceKey.objects.seen_by(actor), pk=key_id)
    revoke_service_key(actor=actor, key=key)
    messages.success(request, f"{key.name} no longer opens the API.")
    return redirect("people:service_key_list")
