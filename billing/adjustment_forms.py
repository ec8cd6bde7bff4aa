"""What a person types to correct what was charged."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from billing import reprice
from billing.adjustment import MAX_ONCE
from billing.export_forms import moments
from llmhub.people.models import Team
from providers.models import Provider

_DAY = {"type": "date"}
_PLAIN = {"autocomplete": "off"}


class OnceForm(forms.Form):
    """A form that counts once, however often it is sent."""

    once = forms.CharField(max_length=MAX_ONCE, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["once"].initial = secrets.token_hex(16)


class AdjustmentForm(OnceForm):
    """A correction of a request, or of a team or provider in a month."""

    amount = forms.CharField(
        max_length=40,
        label="USD",
        help_text="What is added to what was charged; -1.20 gives 1.20 back.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    reason = forms.CharField(
        max_length=300,
        label="What for",
        help_text="It stands in lists, reports and exports.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    request = forms.CharField(
        max_length=40,
        required=False,
        help_text="Its id, req_…. It has its team and provider.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    team = forms.ModelChoiceField(
        Team.objects.all(), to_field_name="slug", required=False, empty_label="No team"
    )
    provider = forms.ModelChoiceField(
        Provider.objects.all(), to_field_name="slug", required=False, empty_label="No provider"
    )
    month = forms.CharField(
        max_length=7,
        required=False,
        help_text="A month that has ended changes only if you name it: 2026-03.",
        widget=forms.TextInput(attrs=_PLAIN),
    )

    def values(self) -> dict[str, str]:
        """Return what `adjustment.post` takes."""
        asked = self.cleaned_data
        slugs = {name: asked[name].slug if asked[name] else "" for name in ("team", "provider")}
        return {**asked, **slugs}


class SpanForm(forms.Form):
    """Which calls were priced wrong."""

    provider = forms.ModelChoiceField(Provider.objects.all(), to_field_name="slug", empty_label=None)
    model = forms.CharField(max_length=200, label="Model", widget=forms.TextInput(attrs=_PLAIN))
    since = forms.DateField(label="From", widget=forms.DateInput(attrs=_DAY))
    until = forms.DateField(label="To, that day included", widget=forms.DateInput(attrs=_DAY))

    def span(self) -> reprice.Span:
        """Return the calls. Raises `ValidationError` where there is no such offer."""
        asked = self.cleaned_data
        since, until = self._moments()
        return reprice.span_of(
            provider=asked["provider"].slug, model=asked["model"], since=since, until=until
        )

    def _moments(self) -> tuple[datetime, datetime]:
        zone = ZoneInfo(timezone.get_current_timezone_name())
        return moments(self.cleaned_data["since"], self.cleaned_data["until"], zone)


class RepricingForm(OnceForm):
    """Why, and whether months that have ended change."""

    reason = forms.CharField(max_length=300, label="What for", widget=forms.TextInput(attrs=_PLAIN))
    in_their_months = forms.BooleanField(
        required=False,
        label="Change months that have ended",
        help_text="Else corrections of their calls count today.",
    )
