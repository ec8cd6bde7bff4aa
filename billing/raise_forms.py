"""What a person types to raise a budget for a while, to ask for it, and to decide."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from billing import amount
from billing.budget import unit_of
from billing.models import Budget
from billing.raise_models import RaiseRequest

_LOCAL = "%Y-%m-%dT%H:%M"  # as a browser's field of date and time writes it


class RaiseForm(forms.Form):
    """Another cap until an end."""

    cap = forms.CharField(
        max_length=60,
        label="Cap for a while",
        help_text="What may be spent in all, not what is added to it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    until = forms.DateTimeField(
        required=False,
        input_formats=[_LOCAL],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_LOCAL),
    )

    def __init__(self, *args: Any, budget: Budget, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._zone = ZoneInfo(budget.time_zone)
        ends = budget.per != Budget.Per.TOTAL
        self.fields["until"].required = not ends
        otherwise = f" The end of the {budget.get_per_display().lower()} if left empty." if ends else ""
        self.fields["until"].help_text = f"By the clock of {budget.time_zone}.{otherwise}"

    def clean_until(self) -> datetime | None:
        """Return the end by the clock of the budget, not of the server."""
        typed: datetime | None = self.cleaned_data["until"]
        return None if typed is None else typed.replace(tzinfo=self._zone)


class AskForm(RaiseForm):
    """A raise that somebody asks for."""

    reason = forms.CharField(
        max_length=300, label="What for", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class DecisionForm(forms.Form):
    """Yes or no, with a word about it."""

    verdict = forms.ChoiceField(choices=[("approve", "Approve"), ("refuse", "Refuse")])
    note = forms.CharField(max_length=300, required=False)


def asked_now(row: RaiseRequest | None) -> dict[str, Any]:
    """Return one's own open question as its form shows it."""
    if row is None:
        return {}
    until = datetime.fromtimestamp(row.until, ZoneInfo(row.budget.time_zone))
    cap = amount.show(row.cap, unit_of(row.budget))
    return {"cap": cap, "until": until.strftime(_LOCAL), "reason": row.reason}
