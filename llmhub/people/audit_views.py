"""Pages of the audit log: who changed what, and whether the log itself is whole."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from llmhub.audit.read import MOST_CHECKED, AuditFilter, check_chain, events
from llmhub.lib.pages import render_page
from llmhub.people.access import needs

_WORD = {"autocomplete": "off"}
_YEARS = range(2000, 9000)


class AuditFilterForm(forms.Form):
    """Which changes to list; everything may be empty."""

    actor = forms.CharField(max_length=200, required=False, label="Who")
    action = forms.CharField(max_length=60, required=False, label="What")
    object = forms.CharField(max_length=250, required=False, label="Where")
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def clean(self) -> dict[str, Any]:
        """Refuse a range that ends before it begins, and years that no clock has."""
        cleaned: dict[str, Any] = super().clean() or {}
        days = [day for name in ("since", "until") if (day := cleaned.get(name))]
        if any(day.year not in _YEARS for day in days):
            self.add_error("since", "choose a day of this century")
        elif len(days) == 2 and days[0] > days[1]:
            self.add_error("since", "begins after its end")
        return cleaned

    def filter(self) -> AuditFilter:
        """Return what was asked for; days are those of the organisation's time zone."""
        asked, zone = self.cleaned_data, timezone.get_current_timezone()
        since, until = asked["since"], asked["until"]
        return AuditFilter(
            actor=asked["actor"].strip(),
            action=asked["action"].strip(),
            subject=asked["object"].strip(),
            since=since and datetime.combine(since, time(), tzinfo=zone),
            until=until and datetime.combine(until + timedelta(days=1), time(), tzinfo=zone),
        )


@require_GET
@needs("view")
def audit_list(request: HttpRequest) -> HttpResponse:
    """Every change of configuration, newest first; a filter swaps only the table."""
    form, found = AuditFilterForm(request.GET), None
    if form.is_valid():
        try:
            found = events(form.filter(), after=request.GET.get("cursor", ""))
        except ValueError as error:
            raise Http404(str(error)) from error
    context = {"form": form, "found": found, "filtered": any(request.GET.values())}
    return render_page(
        request,
        page="people/audit_list.html",
        partial="people/_audit_table.html",
        context=context,
        status=200 if found else 422,
    )


@require_GET
@needs("view")
def audit_chain(request: HttpRequest) -> HttpResponse:
    """Whether the newest events still have the hashes they were written with."""
    chain = check_chain(most=MOST_CHECKED)
    return render_page(
        request, page="people/audit_chain.html", partial="people/_audit_chain.html", context={"chain": chain}
    )
