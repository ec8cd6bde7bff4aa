"""The forms of the Settings page."""

from __future__ import annotations

from django import forms

from llmhub.people.forms import ZoneSelect, zones


class OrganisationForm(forms.Form):
    """How the organisation is called, and where its day begins."""

    name = forms.CharField(label="Name", max_length=100)
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=zones,
        widget=ZoneSelect,
        help_text="Times on every page, and where a day and a month begin.",
    )
    requires_second_factor = forms.BooleanField(
        label="Everyone needs a second factor",
        required=False,
        help_text="People without one set it up before they see anything else. Programs are not asked.",
    )


class PauseForm(forms.Form):
    """Why everything stops."""

    reason = forms.CharField(
        label="Reason",
        max_length=200,
        help_text="Callers read it in the 503 that answers their calls.",
        widget=forms.TextInput(attrs={"placeholder": "Cost spike, looking into it", "autocomplete": "off"}),
    )
