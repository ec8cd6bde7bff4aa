"""What a person types to make or pause a gateway key."""

from __future__ import annotations

from datetime import MAXYEAR, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from billing.key import MAX_RATE
from llmhub.audit.actor import Actor
from llmhub.people.models import Team, User
from llmhub.people.roles import allowed, reach


class RatesForm(forms.Form):
    """How much a key may call in a minute."""

    requests_per_minute = forms.IntegerField(
        min_value=1, max_value=MAX_RATE, required=False, label="Requests a minute"
    )
    tokens_per_minute = forms.IntegerField(
        min_value=1, max_value=MAX_RATE, required=False, label="Tokens a minute"
    )


class PersonForm(forms.Form):
    """Whose key it is."""

    person = forms.ModelChoiceField(
        User.objects.none(),
        to_field_name="email",
        required=False,
        empty_label="Nobody: a key of a service",
        help_text="Their budgets count its calls, in every team. It stops when they are deactivated.",
    )

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = people  # type: ignore[attr-defined]  # a ModelChoiceField


def people_for(actor: Actor, *teams: Team) -> QuerySet[User]:
    """Return whose a key of these teams may be, of those that `actor` may give it to."""
    people = User.objects.filter(is_active=True).order_by("email")
    if allowed(actor, "configure"):
        return people
    managed = [team.pk for team in teams if allowed(actor, "manage", team=team.pk)]
    of_teams = Q(memberships__team_id__in=managed)
    own = Q(pk=actor.id) if actor.kind == "user" else Q(pk=None)
    return people.filter(of_teams | own).distinct()


class KeyForm(PersonForm, RatesForm):
    """A new key."""

    team = forms.ModelChoiceField(
        Team.objects.none(),
        to_field_name="slug",
        empty_label=None,
        help_text="Who pays for its calls.",
    )
    name = forms.CharField(
        max_length=100,
        help_text="What will use it, for example “checkout service, production”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    expires_at = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        teams = Team.objects.within(reach(actor, "call"))
        super().__init__(*args, people=people_for(actor, *teams), **kwargs)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]  # a ModelChoiceField
        if not allowed(actor, "manage"):  # a member's keys are their own
            self.fields["person"].required = True
            self.fields["person"].empty_label = None  # type: ignore[attr-defined]  # the same
        zone = timezone.get_current_timezone_name()
        self.fields["expires_at"].help_text = f"The key works until this day ends in {zone}."

    def clean_expires_at(self) -> datetime | None:
        """Return the moment after the last day, or None for a key without end."""
        day: date | None = self.cleaned_data["expires_at"]
        if day is None:
            return None
        if day.year == MAXYEAR:
            raise forms.ValidationError("Choose an earlier day, or none for a key without end.")
        return datetime.combine(day + timedelta(days=1), time(), tzinfo=timezone.get_current_timezone())


class PauseForm(forms.Form):
    """Why calls are refused for a while."""

    reason = forms.CharField(
        max_length=200,
        help_text="Callers read this in the error they get.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
