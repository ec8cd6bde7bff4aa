"""Requests and spending in the management API."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router
from pydantic import AwareDatetime, Field

from billing import record
from billing.in_flight import in_flight
from billing.in_flight_shapes import InFlightOut, in_flight_out
from billing.request_filter import RequestFilter
from billing.shapes import OverviewOut, RequestOut, overview_out, request_out
from billing.spend import overview
from llmhub.lib import clock
from llmhub.lib.rest import REFUSALS, BadQuery, Cursor, Limit, Page
from llmhub.people import organisation
from llmhub.people.api_access import caller
from llmhub.people.models import Team, User
from llmhub.people.roles import reach
from providers.models import Provider

router = Router()
Word = Annotated[str, Field(max_length=200)]


@router.get("/usage", response={200: Page[RequestOut], **REFUSALS})
def list_usage(
    request: HttpRequest,
    team: Word = "",
    person: Word = "",
    key: Annotated[int | None, Field(ge=0, lt=2**63)] = None,
    model: Word = "",
    status: Word = "",
    code: Word = "",
    provider: Word = "",
    source: Word = "",
    tag: Annotated[str, Field(max_length=300, pattern="^$|^[^=]+=.*", description="name=value")] = "",
    wasted: Literal["", "retried", "failed", "cut", "repeated", "overshot"] = "",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[RequestOut]:
    """List requests, newest first: of the last 7 days unless `since` says more, at most 31 days."""
    actor = caller(request, "read")
    people = User.objects.seen_by(actor)
    filters = RequestFilter(
        teams=reach(actor),
        team_id=get_object_or_404(Team.objects.seen_by(actor), slug=team).pk if team else None,
        person_id=get_object_or_404(people, email=person.lower()).pk if person else None,
        key_id=key,
        model=model,
        status=status,
        code=code,
        provider_id=get_object_or_404(Provider, slug=provider).pk if provider else None,
        source=source,
        tag=tag,
        wasted=wasted,
        since=since,
        until=until,
    )
    try:
        screen = record.requests(filters, now=clock.now(), after=cursor, limit=limit)
    except ValueError as refusal:
        raise BadQuery(str(refusal)) from refusal
    return Page(data=[request_out(row) for row in screen.rows], next_cursor=screen.next_cursor)


@router.get("/usage/in-flight", response={200: InFlightOut, **REFUSALS})
def list_in_flight(request: HttpRequest, limit: Annotated[int, Field(ge=1, le=500)] = 100) -> InFlightOut:
    """List the calls that run now, the oldest first, with what each holds; `count` is of all of them."""
    return in_flight_out(in_flight(reach(caller(request, "read")), now=clock.now(), limit=limit))


@router.get("/reports/overview", response={200: OverviewOut, **REFUSALS})
def show_overview(request: HttpRequest, team: Word = "") -> OverviewOut:
    """Return the front page in numbers: spend of today and this month, requests, errors, latency.

    `team` keeps those of one; who sees only some teams gets the figures of those.
    """
    actor = caller(request, "read")
    teams = reach(actor)
    if team:
        teams = frozenset({get_object_or_404(Team.objects.seen_by(actor), slug=team).pk})
    zone = ZoneInfo(organisation.current().time_zone)
    return overview_out(overview(clock.now(), zone, teams=teams))
