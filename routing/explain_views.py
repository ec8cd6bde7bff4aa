"""Pages that say where a call goes and why: of a request that was made."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from billing import record
from llmhub.lib import ids
from llmhub.lib.pages import render_page
from llmhub.people.access import actor_of, needs
from llmhub.people.roles import reach
from routing.explain_read import of_request


@require_GET
@needs("read")
def request_plan(request: HttpRequest, request_id: str) -> HttpResponse:
    """Say why a request went where it went: a panel of its page, and a page of its own."""
    row_id = ids.parse_request_id(request_id)
    found = None if row_id is None else record.request(row_id, teams=reach(actor_of(request)))
    if found is None:
        raise Http404(f"There is no request {request_id[:40]!r}.")
    return render_page(
        request,
        page="routing/request_plan.html",
        partial="routing/_plan.html",
        context={"plan": of_request(found), "row": found.row, "is_made": True},
    )
