"""What a person says to have a team's content kept, and to end it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms

from billing.content_consent import MOST_DAYS, zone
from billing.content_state import TeamContent

_USUAL = timedelta(days=7)


class ContentForm(forms.Form):
    """Until when, and what for."""

    until = forms.DateField(
        label="Last day",
        help_text=f"At most {MOST_DAYS} days ahead. After it what was kept is deleted, and no more is.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    reason = forms.CharField(
        max_length=300,
        label="What for",
        help_text="The team reads this, and it stands in the audit log.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class EndForm(forms.Form):
    """What becomes of what was kept."""

    kept = forms.ChoiceField(
        label="What was kept",
        initial="delete",
        choices=[("delete", "Delete it now"), ("keep", "Keep it until its day")],
        widget=forms.RadioSelect,
    )


def now_as_form(state: TeamContent, now: datetime) -> dict[str, Any]:
    """Return how it stands as the form shows it, or a week to begin with."""
    if state.is_on:
        return {"until": state.last_day, "reason": state.reason}
    return {"until": (now + _USUAL).astimezone(zone()).date()}
