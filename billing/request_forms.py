"""The filters of the list of requests, as they stand in its address."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from billing.models import ApiKey, UsageRecord
from billing.record import WASTED
from billing.request_filter import FAILED, RequestFilter
from billing.span import day_start
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.people.models import Team, User
from llmhub.people.roles import reach
from providers.models import Provider

_DAY = {"type": "date"}
_WASTED = {
    "retried": "Paid for more than one attempt",
    "failed": "Failed, and paid for",
    "cut": "Cut at the limit",
    "overshot": "Cost more than was held",
    "repeated": "Repeated without a cache",
}
_FIRST, _LAST = date(2000, 1, 1), date(9000, 1, 1)  # before and after every call; a zone's day still fits


class RequestFilterForm(forms.Form):
    """Which requests to list; everything may be empty."""

    model = forms.CharField(
        label="Model",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Model, exactly as called"}),
    )
    team = forms.ModelChoiceField(
        Team.objects.none(), to_field_name="slug", required=False, empty_label="Every team"
    )
    person = forms.ModelChoiceField(
        User.objects.none(),
        to_field_name="email",
        required=False,
        empty_label="Everybody",
    )
    key = forms.ModelChoiceField(ApiKey.objects.none(), required=False, widget=forms.HiddenInput)
    status = forms.ChoiceField(
        choices=[("", "Every status"), *UsageRecord.Status.choices, (FAILED, "Error or interrupted")],
        required=False,
    )
    hours = forms.IntegerField(min_value=1, max_value=744, required=False, widget=forms.HiddenInput)
    code = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    provider = forms.ModelChoiceField(
        Provider.objects.all(), to_field_name="slug", required=False, widget=forms.HiddenInput
    )
    cost_centre = forms.CharField(max_length=20, required=False, widget=forms.HiddenInput)
    source = forms.CharField(max_length=12, required=False, widget=forms.HiddenInput)
    tag = forms.CharField(max_length=300, required=False, widget=forms.HiddenInput)
    wasted = forms.ChoiceField(
        choices=[("", ""), *((word, word) for word in WASTED)], required=False, widget=forms.HiddenInput
    )
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs=_DAY))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs=_DAY))

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = reach(actor)
        keys = ApiKey.objects.within(self.teams)
        owners = User.objects.filter(pk__in=keys.exclude(person=None).values("person_id"))
        choices: dict[str, QuerySet[Any]] = {
            "team": Team.objects.within(self.teams),
            "person": owners.order_by("email"),
            "key": keys,
        }
        for name, rows in choices.items():
            self.fields[name].queryset = rows  # type: ignore[attr-defined]  # a ModelChoiceField

    def clean(self) -> dict[str, Any]:
        """Refuse a range that ends before it begins."""
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("since", "begins after its end")
        return cleaned

    def words(self) -> list[str]:
        """Return the filters that are on and have no field to be seen in."""
        asked = self.cleaned_data
        found = [asked["provider"] and f"Provider {asked['provider']}", asked["code"], asked["tag"]]
        found += [asked["key"] and f"Key {asked['key']}", asked["source"] and f"Cost {asked['source']}"]
        found += [asked["hours"] and f"Last {asked['hours']} hours"]
        found += [asked["cost_centre"] and f"Cost centre {asked['cost_centre']}"]
        return [*filter(None, found), *([_WASTED[asked["wasted"]]] if asked["wasted"] else [])]

    def filter(self) -> RequestFilter:
        """Return what was asked for; days are those of the viewer's time zone."""
        asked, hours = self.cleaned_data, self.cleaned_data["hours"]
        return RequestFilter(
            teams=self.teams,
            team_id=asked["team"] and asked["team"].pk,
            person_id=asked["person"] and asked["person"].pk,
            key_id=asked["key"] and asked["key"].pk,
            model=asked["model"],
            status=asked["status"],
            code=asked["code"],
            provider_id=asked["provider"] and asked["provider"].pk,
            cost_centre=asked["cost_centre"],
            source=asked["source"],
            tag=asked["tag"],
            wasted=asked["wasted"],
            since=_start(asked["since"]) or (hours and clock.now() - timedelta(hours=hours)),
            until=_start(asked["until"], later=timedelta(days=1)),
        )


def _start(day: date | None, *, later: timedelta = timedelta()) -> datetime | None:
    if day is None:
        return None
    return day_start(min(max(day, _FIRST), _LAST) + later, timezone.get_current_timezone())
