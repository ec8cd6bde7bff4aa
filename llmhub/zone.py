"""Show every time on a page in the organisation's time zone."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from llmhub.people import organisation
from llmhub.people.models import Organisation

Answer = Callable[[HttpRequest], HttpResponse]
_ORGANISATION = "_llmhub_organisation"


def organisation_of(request: HttpRequest) -> Organisation:
    """Return the organisation, read once a request."""
    found = getattr(request, _ORGANISATION, None)
    if found is None:
        found = organisation.current()
        setattr(request, _ORGANISATION, found)
    return cast("Organisation", found)


def in_time_zone(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, after authentication: people who are signed in see their organisation's time."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return get_response(request)
        with timezone.override(ZoneInfo(organisation_of(request).time_zone)):
            return get_response(request)

    return middleware
