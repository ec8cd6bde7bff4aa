"""The configuration as a file, in the console."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from llmhub.config import export, plan, text_of
from llmhub.people.access import needs


@require_GET
@needs("configure")
@never_cache
def configuration_page(request: HttpRequest) -> HttpResponse:
    """Show what differs from the file in use, and the file that would make this configuration anew."""
    context = {"exported": export(), "file": settings.CONFIG_FILE, **_plan(settings.CONFIG_FILE)}
    return render(request, "hub/configuration.html", context)


@require_GET
@needs("configure")
@never_cache
def configuration_file(request: HttpRequest) -> HttpResponse:
    """Send that file."""
    headers = {"Content-Disposition": 'attachment; filename="llmhub.toml"'}
    return HttpResponse(export().text, content_type="application/toml; charset=utf-8", headers=headers)


def _plan(file: str) -> dict[str, Any]:
    """Return the plan of the file in use, or why there is none."""
    if not file:
        return {}
    try:
        return {"plan": plan(text_of(Path(file)), Path(file).name)}
    except ValueError as trouble:
        return {"trouble": str(trouble)}
