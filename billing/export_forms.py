"""What a person chooses for an export."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from billing.export_models import Export
from billing.span import day_start
from billing.spend_range import FIRST

_DAY = {"type": "date"}


class ExportForm(forms.Form):
    """Which calls, as what, in which columns."""

    since = forms.DateField(label="From", widget=forms.DateInput(attrs=_DAY))
    until = forms.DateField(label="To, that day included", widget=forms.DateInput(attrs=_DAY))
    of = forms.ChoiceField(choices=Export.Of, initial=Export.Of.REQUESTS, label="One row for each of the")
    columns = forms.ChoiceField(choices=Export.Columns, initial=Export.Columns.NATIVE)
    format = forms.ChoiceField(choices=Export.Format, initial=Export.Format.CSV, label="As")

    def clean(self) -> dict[str, Any]:
        """Refuse a range that ends before it begins, or lies before everything."""
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and (since > until or until < FIRST):
            self.add_error("since", "The range ends before it begins: choose an earlier start.")
        return cleaned

    def values(self) -> dict[str, Any]:
        """Return what `create_export` takes; days are those of the organisation's zone."""
        asked = self.cleaned_data
        zone = ZoneInfo(timezone.get_current_timezone_name())
        since, until = moments(asked["since"], asked["until"], zone)
        return {
            "since": since, "until": until, "of": asked["of"], "columns": asked["columns"],
            "file_format": asked["format"],
        }  # fmt: skip


def moments(since: date, until: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return where days of a zone begin and end, in UTC."""
    first, last = (min(max(day, FIRST), date(9000, 1, 1)) for day in (since, until))
    return day_start(first, zone), day_start(last + timedelta(days=1), zone)
