"""The page of models side by side."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from catalog.compare import MOST_COMPARED, compare
from catalog.model_search import models
from llmhub.people.access import needs


@require_GET
@needs("read")
def model_compare(request: HttpRequest) -> HttpResponse:
    """Up to four models side by side: `?id=a&id=b`."""
    wanted = list(dict.fromkeys(request.GET.getlist("id")))
    rows = models(wanted[:MOST_COMPARED])
    there = {row.entry.slug for row in rows}
    context = {
        "comparison": compare(rows),
        "missing": [slug for slug in wanted[:MOST_COMPARED] if slug not in there],
        "too_many": len(wanted) > MOST_COMPARED,
        "most": MOST_COMPARED,
    }
    return render(request, "catalog/model_compare.html", context)
