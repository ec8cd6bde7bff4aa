"""What the parameters of a model may be: a panel of its page, and a page of its own that checks a body."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from catalog.availability import EntryNow, entries_now, offers_with_providers
from catalog.forms import ParametersForm
from catalog.models import CatalogEntry
from catalog.parameter_check import check, corrected
from catalog.parameter_table import parameters_of
from llmhub.lib import clock
from llmhub.lib.pages import render_page
from llmhub.people.access import needs


@require_http_methods(["GET", "POST"])
@needs("read")
def model_parameters(request: HttpRequest, slug: str) -> HttpResponse:
    """Every parameter of a model; a body that is sent is checked, and htmx swaps only what was found."""
    rows = CatalogEntry.objects.filter(slug=slug).select_related("described_by")
    entry = get_object_or_404(rows.prefetch_related(offers_with_providers()))
    form = ParametersForm(request.POST or None)
    found = _checked(form, entry) if form.is_bound else {}
    return render_page(
        request,
        page="catalog/model_parameters.html",
        partial="catalog/_parameter_result.html",
        context={**panel(entries_now([entry], clock.now())[0], form), **found},
        status=422 if "trouble" in found else 200,
    )


def panel(row: EntryNow, form: ParametersForm | None = None) -> dict[str, Any]:
    """Return what the panel shows."""
    return {
        "entry": row.entry,
        "table": parameters_of(row),
        "parameter_form": form or ParametersForm(),
    }


def _checked(form: ParametersForm, entry: CatalogEntry) -> dict[str, Any]:
    if not form.is_valid():
        return {"trouble": " ".join(map(str, form.errors["body"]))}
    body, limit = form.cleaned_data["body"], entry.output_limit_tokens
    findings = check(body, entry.parameters, output_limit=limit)
    right = corrected(body, entry.parameters, output_limit=limit) if findings else None
    return {
        "checked": True,
        "findings": findings,
        "corrected": None if right is None else json.dumps(right, indent=2, ensure_ascii=False),
    }
