"""What a person types to make or pause a gateway key."""

from __future__ import annotations

from datetime import MAXYEAR, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from billing.key import MAX_RATE
from llmhub.people.models import Team, User


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
        User.objects.filter(is_active=True).order_by("email"),
        to_field_name="email",
        required=False,
        empty_label="Nobody: a key of a service",
        help_text="Their budgets count its calls, in every team. It stops when they are deactivated.",
    )


class KeyForm(PersonForm, RatesForm):
    """A new key."""

    team = forms.ModelChoiceField(
        Team.objects.all(),
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
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
