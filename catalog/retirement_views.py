"""The retirement desk: what is leaving, when, and what takes its place."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from catalog.entry import update_entry
from catalog.forms import RetirementForm
from catalog.models import CatalogEntry
from catalog.retirement import leaving, marks
from catalog.retirement_calendar import beyond, calendar_file, months
from llmhub.lib import clock
from llmhub.lib.forms import refuse
from llmhub.people.access import actor_of, needs


@require_GET
@needs("read")
def retirement_list(request: HttpRequest) -> HttpResponse:
    """Every model that is leaving, the next to end first."""
    return _desk(request)


@require_GET
@needs("read")
def retirement_file(request: HttpRequest) -> HttpResponse:
    """The same days as a file for a calendar."""
    now = clock.now()
    text = calendar_file(
        marks(leaving(now.date(), discovered=request.GET.get("discovered") == "yes")),
        at=now,
        address=settings.PUBLIC_URL + reverse("catalog:retirement_list"),
    )
    headers = {"Content-Disposition": 'attachment; filename="llmhub-retirements.ics"'}
    return HttpResponse(text, content_type="text/calendar; charset=utf-8", headers=headers)


@require_POST
@needs("configure")
def retirement_set(request: HttpRequest) -> HttpResponse:
    """Say when a model ends and what to use instead."""
    form = RetirementForm(request.POST)
    if form.is_valid():
        entry = get_object_or_404(CatalogEntry.objects.listed(), slug=form.cleaned_data["model"])
        try:
            update_entry(actor=actor_of(request), entry=entry, **form.facts())
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, f"Saved for {entry.slug}.")
            return redirect("catalog:retirement_list")
    return _desk(request, form=form, status=422)


def _desk(request: HttpRequest, *, form: RetirementForm | None = None, status: int = 200) -> HttpResponse:
    discovered = request.GET.get("discovered") == "yes"
    today = clock.now().date()
    rows = leaving(today, discovered=discovered)
    days = list(marks(rows))
    calendar = months(days, today)
    context = {
        "rows": rows,
        "calendar": calendar,
        "has_days": any(month.marks for month in calendar),
        "beyond": beyond(days, calendar),
        "discovered": discovered,
        "form": form or RetirementForm(initial=_dates(request.GET.get("model", ""))),
    }
    return render(request, "catalog/retirements.html", context, status=status)


def _dates(slug: str) -> dict[str, object]:
    """Return what is said of a model already: an empty field would take it back."""
    entry = CatalogEntry.objects.listed().filter(slug=slug).first()
    if entry is None:
        return {"model": slug}
    return {"model": slug, **{name: getattr(entry, name) for name in RetirementForm.FACTS}}
