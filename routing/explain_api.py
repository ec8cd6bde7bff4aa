"""Where a call goes and why, in the management API."""

from __future__ import annotations

from typing import Annotated

from django.http import Http404, HttpRequest
from ninja import Router
from pydantic import Field

from billing import record
from billing.shapes import RequestWhole, request_whole
from llmhub.lib import ids
from llmhub.lib.rest import REFUSALS
from llmhub.people.api_access import caller
from llmhub.people.roles import reach
from routing.explain_read import of_request
from routing.explain_values import Explained

router = Router()


class RequestPlanned(RequestWhole):
    """One request with its upstream calls, and with why it went there; null: that is not known."""

    plan: Explained | None


@router.get("/usage/{request_id}", response={200: RequestPlanned, **REFUSALS})
def show_usage(request: HttpRequest, request_id: Annotated[str, Field(max_length=200)]) -> RequestPlanned:
    """Show one request: its upstream calls, their tokens and prices, and why it went where it went."""
    teams = reach(caller(request, "read"))
    row_id = ids.parse_request_id(request_id)
    found = None if row_id is None else record.request(row_id, teams=teams)
    if found is None:
        raise Http404(f"no request {request_id!r}")
    return planned(found)


def planned(found: record.Request) -> RequestPlanned:
    """Return a request as programs read it."""
    return RequestPlanned(**request_whole(found).model_dump(), plan=of_request(found))
