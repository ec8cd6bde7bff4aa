"""Pages for what goes wrong: 403, 404, 500, and a form that came without its token."""

from __future__ import annotations

import sys
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import Resolver404

from llmhub.lib.away import is_away
from llmhub.lib.rest import refusal
from llmhub.navigation import menu

_AWAY = "The database does not answer. Nothing was changed. Try again in a moment."
_BROKEN = (
    "The page could not be made. The log of the console has the details. Try again in a moment; "
    "calls through the gateway are not affected by the console."
)

_FAILED = "llmhub failed here; the log has the details."


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say which right is missing."""
    return _page(request, "hub/403.html", {"reason": str(exception)}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that there is nothing here; in the API, in its own words."""
    if request.path.startswith("/api/"):
        return refusal(404, "not_found", "There is no such endpoint.")
    return _page(request, "hub/404.html", {"reason": _in_words(exception)}, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that this is our fault; no query, so that it also works without a database.

    When it is the database that does not answer: 503, and when to try again. In the API, in its own words.
    """
    away = is_away(sys.exception())
    status, text, headers = (503, _AWAY, {"Retry-After": "2"}) if away else (500, _BROKEN, {})
    if request.path.startswith("/api/"):  # before an endpoint was reached: who signed in is read there
        code, said = ("database_unavailable", _AWAY) if away else ("internal", _FAILED)
        failed = refusal(status, code, said, retryable=True, retry_after=2 if away else None)
        for name, value in headers.items():
            failed[name] = value
        return failed
    context = {"layout": "base.html", "navigation": menu(""), "number": status, "text": text}
    return HttpResponse(render_to_string("hub/500.html", context), status=status, headers=headers)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that the form is too old, or that cookies are off."""
    return _page(request, "hub/403_form.html", {}, status=403)


def _page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int) -> HttpResponse:
    layout = "base.html" if request.user.is_authenticated else "plain.html"
    return render(request, template, {**context, "layout": layout}, status=status)


def _in_words(exception: Exception) -> str:
    """Return what a view said; what Django says for itself names patterns and classes, not things."""
    reason = str(exception)
    ours = not isinstance(exception, Resolver404) and "matches the given query" not in reason
    return reason if ours else ""
