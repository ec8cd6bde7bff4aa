"""Pages of requests: the list, and one of them with all that it cost."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from billing import record, refusals_read
from billing.attempts_read import usage_of
from billing.content_consent import may_read
from billing.content_read import kept_until
from billing.content_state import of_team
from billing.cost_lines import CostLine, cost_lines, unpriced_uses
from billing.in_flight import in_flight
from billing.models import UsageRecord
from billing.request_forms import RequestFilterForm
from llmhub.lib import clock, ids
from llmhub.lib.pages import render_page
from llmhub.people.access import actor_of, needs
from llmhub.people.roles import allowed, reach

# What the page says about where a cost comes from.
SOURCES = {
    "reported": "The provider reported this cost; it counts more than ours.",
    "computed": "Computed from the provider's token counts and the price in force at the call.",
    "estimated": "Estimated: the provider did not count to the end, or billed something that has no price.",
    "reconciled": "Corrected to what the provider's bill says.",
    "adjusted": "Posted by a person: it corrects what was charged.",
    "unpriced": "Not known: no price was known at the call.",
}
_REFUSED = "Refused before it was sent: nothing was spent."


@dataclass(frozen=True)
class AttemptPart:
    """One attempt as the page shows it: what it did, and the lines of its computed cost."""

    row: record.AttemptRow
    lines: list[CostLine]
    source: str
    unpriced: str = ""  # what was billed and is in none of the lines


@require_GET
@needs("read")
def request_list(request: HttpRequest) -> HttpResponse:
    """List requests, newest first; a filter swaps only the table."""
    form = RequestFilterForm(request.GET, actor=actor_of(request))
    found, refusals, content = None, {}, None
    if form.is_valid():
        asked = form.filter()
        if form.cleaned_data["team"]:
            content = of_team(form.cleaned_data["team"], now=clock.now())
        try:
            found = record.requests(asked, now=clock.now(), after=request.GET.get("cursor", ""))
        except ValueError as error:
            raise Http404(str(error)) from error
        if asked.status == UsageRecord.Status.REFUSED:
            refusals = refusals_read.refusals(asked, found.span)
    return render_page(
        request,
        page="billing/request_list.html",
        partial="billing/_request_table.html",
        context={
            "form": form,
            "found": found,
            "refusals": refusals,
            "content": content,
            "filtered": any(request.GET.values()),
        },
        status=200 if found else 422,
    )


@require_GET
@needs("read")
def request_in_flight(request: HttpRequest) -> HttpResponse:
    """The calls that run now, the oldest first; it refreshes itself."""
    return render_page(
        request,
        page="billing/request_in_flight.html",
        partial="billing/_request_in_flight.html",
        context={"found": in_flight(reach(actor_of(request)), now=clock.now())},
    )


@require_GET
@needs("read")
def request_detail(request: HttpRequest, request_id: str) -> HttpResponse:
    """Show one request: its facts, its attempts, and how its cost comes about."""
    row_id = ids.parse_request_id(request_id)
    found = None if row_id is None else record.request(row_id, teams=reach(actor_of(request)))
    if found is None:
        raise Http404(
            f"There is no request {request_id[:40]!r}. A call appears here when it has ended; "
            "of requests that were refused, the first of its key, code and minute."
        )
    actor, team_id = actor_of(request), found.row.record.team_id
    context = {
        "content_until": kept_until(found.row.record.pk, now=clock.now()),
        "may_read": team_id is not None and may_read(actor, team_id),
        "row": found.row,
        "record": found.row.record,
        "source": _REFUSED if found.row.record.refusals else SOURCES.get(found.row.record.cost_source, ""),
        "attempts": [_part(row) for row in found.attempts],
        "adjustments": found.adjustments,
        "corrected": found.corrected_nano,
        "overshoot": found.overshoot,
        "may_correct": allowed(actor, "configure")
        and not (found.row.adjustment or found.row.record.refusals),
    }
    return render(request, "billing/request_detail.html", context)


def _part(row: record.AttemptRow) -> AttemptPart:
    attempt = row.attempt
    usage = usage_of(attempt)
    source = SOURCES.get(attempt.cost_source, "")
    if row.price is None:
        return AttemptPart(row, [], source)
    price = row.price.value()
    return AttemptPart(row, cost_lines(usage, price), source, unpriced_uses(usage, price))
