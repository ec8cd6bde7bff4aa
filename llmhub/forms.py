"""The forms of the Settings page."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from django import forms


@cache  # it reads a folder of 500 files
def _zones() -> list[tuple[str, str]]:
    """Return the time zones people choose from: UTC first, then every place by name."""
    places = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    return [("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in places)]


class OrganisationForm(forms.Form):
    """How the organisation is called, and where its day begins."""

    name = forms.CharField(label="Name", max_length=100)
    time_zone = forms.ChoiceField(
        label="Time zone", choices=_zones, help_text="Times on every page, and where a day and a month begin."
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
