"""The page of spend: who spent what on what, when, and against the time before."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from billing.movers import movers
from billing.spend_dimensions import dimensions
from billing.spend_page import Page
from billing.spend_query import Query, question
from billing.spend_range import PERS
from billing.spend_report import MEASURES, report
from billing.visible import teams_of
from llmhub.lib import clock
from llmhub.lib.pages import render_page
from llmhub.people.access import actor_of, needs
from llmhub.people.models import Team

LABELS = {"spend": "Spend in USD", "tokens": "Tokens", "requests": "Requests", "errors": "Errors"}
_PANEL_ROWS = 5


@require_GET
@needs("read")
def spend(request: HttpRequest) -> HttpResponse:
    """Spend stacked by one dimension; a change of the filter bar swaps only the report."""
    now, known = clock.now(), dimensions()
    query = query_of(request.GET, known)
    zone = ZoneInfo(timezone.get_current_timezone_name())
    context: dict[str, Any] = {
        "query": query,
        "dimensions": known.values(),
        "measures": [(word, LABELS[word]) for word in MEASURES],
        "pers": PERS,
    }
    try:
        found = report(question(query, teams=teams_of(actor_of(request)), now=now, zone=zone), now=now)
    except ValueError as error:
        context["refusal"] = str(error)
    else:
        page = Page(query, found)
        context |= {"page": page, "report": found, "presets": page.presets(now.astimezone(zone).date())}
    return render_page(
        request,
        page="billing/spend.html",
        partial="billing/_spend_report.html",
        context=context,
        status=422 if "refusal" in context else 200,
    )


@require_GET
@needs("read")
def team_spend(request: HttpRequest, slug: str) -> HttpResponse:
    """What one team spent this month so far, by key and by model: a panel, and a page of its own."""
    team = get_object_or_404(Team.objects.seen_by(actor_of(request)), slug=slug)
    now, zone = clock.now(), ZoneInfo(timezone.get_current_timezone_name())
    first = now.astimezone(zone).date().replace(day=1).isoformat()
    pages = []
    for by in ("key", "model"):
        query = Query(by=by, since=first, only={"team": [team.slug]})
        asked = question(query, teams=teams_of(actor_of(request)), now=now, zone=zone, top=_PANEL_ROWS)
        pages.append(Page(query, report(asked, now=now)))
    return render_page(
        request,
        page="billing/team_spend.html",
        partial="billing/_team_spend.html",
        context={"team": team, "pages": pages, "report": pages[0].report, "page": pages[0]},
    )


@require_GET
@needs("read")
def spend_movers(request: HttpRequest) -> HttpResponse:
    """What moved spend most since the month began: a panel of Overview, and a page of its own."""
    zone = ZoneInfo(timezone.get_current_timezone_name())
    found = movers(clock.now(), zone, teams=teams_of(actor_of(request)))
    return render_page(
        request,
        page="billing/spend_movers.html",
        partial="billing/_spend_movers.html",
        context={"movers": found},
    )


def query_of(values: QueryDict, known: Collection[str]) -> Query:
    """Return what an address asks for; a parameter that is nobody's is left to others."""
    default = Query()
    only = {word: [str(text) for text in values.getlist(word) if text] for word in known if word in values}
    return Query(
        by=values.get("by") or default.by,
        measure=values.get("measure") or default.measure,
        per=values.get("per") or default.per,
        since=values.get("since", ""),
        until=values.get("until", ""),
        only={word: texts for word, texts in only.items() if texts},
    )
