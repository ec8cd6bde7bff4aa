"""What is said in calls, in the management API: the switch of a team, and the content of one call."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router
from pydantic import Field

from billing import record
from billing.content_consent import switch_off, switch_on
from billing.content_read import Content, NotKept, open_content
from billing.content_state import TeamContent, of_team, switched_on
from llmhub.lib import clock, ids
from llmhub.lib.rest import REFUSALS, Input, Output, Page
from llmhub.lib.secrets import Undecryptable
from llmhub.people.api_access import caller
from llmhub.people.models import Team
from llmhub.people.roles import reach

router = Router()
Word = Annotated[str, Field(max_length=200)]


class TeamContentIn(Input):
    """Have what is said in a team's calls kept, through a last day by the organisation's time zone."""

    until: Annotated[date, Field(description="the last day, at most 90 days ahead")]
    reason: Annotated[str, Field(min_length=1, max_length=300)]


class TeamContentOut(Output):
    """Whether what is said in a team's calls is kept."""

    team: str
    on: bool
    until: date | None
    reason: str
    by: str
    since: datetime | None
    kept: Annotated[int, Field(description="calls whose content is there")]


class ContentOff(Output):
    """What became of what was kept."""

    deleted: Annotated[int, Field(description="calls whose content was deleted")]


class ContentOut(Output):
    """What was said in one call; up to 256 KiB of each side are kept."""

    id: str
    kept_until: datetime
    request: str
    request_bytes: int
    request_is_cut: bool
    answer: Annotated[str, Field(description="as the caller got it: of a stream, its events")]
    answer_bytes: int
    answer_is_cut: bool


def team_content_out(state: TeamContent) -> TeamContentOut:
    """Return how it is with a team as programs read it."""
    return TeamContentOut(
        team=state.team.slug,
        on=state.is_on,
        until=state.last_day,
        reason=state.reason,
        by=state.by,
        since=state.since,
        kept=state.kept,
    )


def content_out(content: Content) -> ContentOut:
    """Return what was said in a call as programs read it."""
    return ContentOut(
        id=ids.request_id(content.id),
        kept_until=content.kept_until,
        request=content.request,
        request_bytes=content.request_bytes,
        request_is_cut=content.request_is_cut,
        answer=content.answer,
        answer_bytes=content.answer_bytes,
        answer_is_cut=content.answer_is_cut,
    )


@router.get("/contents", response={200: Page[TeamContentOut], **REFUSALS})
def list_switched_on(request: HttpRequest) -> Page[TeamContentOut]:
    """List the teams of whose calls what is said is kept, the first to end first."""
    now, teams = clock.now(), reach(caller(request, "read"))
    found = switched_on(now=now, teams=teams)
    return Page(data=[team_content_out(of_team(each.team, now=now)) for each in found])


@router.get("/teams/{slug}/content", response={200: TeamContentOut, **REFUSALS})
def show_team_content(request: HttpRequest, slug: str) -> TeamContentOut:
    """Show whether what is said in a team's calls is kept."""
    team = get_object_or_404(Team.objects.seen_by(caller(request, "read")), slug=slug)
    return team_content_out(of_team(team, now=clock.now()))


@router.put("/teams/{slug}/content", response={200: TeamContentOut, **REFUSALS})
def keep_team_content(request: HttpRequest, slug: str, body: TeamContentIn) -> TeamContentOut:
    """Have what is said in a team's calls kept, encrypted, through a last day; or change that day."""
    actor = caller(request, "own")
    team = get_object_or_404(Team, slug=slug)
    switch_on(actor=actor, team=team, until=body.until, reason=body.reason)
    return team_content_out(of_team(team, now=clock.now()))


@router.delete("/teams/{slug}/content", response={200: ContentOff, **REFUSALS})
def end_team_content(request: HttpRequest, slug: str, keep: bool = False) -> ContentOff:
    """Keep nothing more, and delete what was kept at once; `keep` leaves it until its day."""
    actor = caller(request, "own")
    return ContentOff(deleted=switch_off(actor=actor, team=get_object_or_404(Team, slug=slug), keeps=keep))


@router.get("/usage/{request_id}/content", response={200: ContentOut, **REFUSALS})
def show_content(request: HttpRequest, request_id: Word) -> ContentOut:
    """Show what was said in one call; that somebody looked is written to the audit log."""
    actor = caller(request, "read")
    row_id = ids.parse_request_id(request_id)
    if row_id is None or record.request(row_id, teams=reach(actor)) is None:
        raise Http404(f"no request {request_id!r}")
    try:
        return content_out(open_content(actor=actor, row_id=row_id))
    except NotKept as error:
        raise Http404(str(error)) from error
    except Undecryptable as error:
        raise ValidationError(str(error)) from error
