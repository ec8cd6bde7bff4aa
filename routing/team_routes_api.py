"""Which routes a team may ask for, in the management API."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router
from pydantic import Field

from llmhub.lib.rest import REFUSALS, Input, Output
from llmhub.people.api_access import caller
from llmhub.people.models import Team
from routing.team_routes import set_team_routes

router = Router()
Slug = Annotated[str, Field(min_length=1, max_length=64)]
Name = Annotated[str, Field(max_length=200)]


class TeamRoutesIn(Input):
    """The routes that a team's keys may ask for; null: every route."""

    routes: Annotated[list[Name], Field(max_length=1000)] | None


class TeamRoutesOut(Output):
    """The routes that a team's keys may ask for; null: every route."""

    team: str
    routes: list[str] | None


@router.get("/teams/{slug}/routes", response={200: TeamRoutesOut, **REFUSALS})
def show_team_routes(request: HttpRequest, slug: Slug) -> TeamRoutesOut:
    """Show which routes a team's keys may ask for."""
    return _out(get_object_or_404(Team.objects.seen_by(caller(request, "read")), slug=slug))


@router.put("/teams/{slug}/routes", response={200: TeamRoutesOut, **REFUSALS})
def put_team_routes(request: HttpRequest, slug: Slug, body: TeamRoutesIn) -> TeamRoutesOut:
    """Let a team's keys ask for these routes only; null: for every route."""
    actor = caller(request, "configure")
    team = get_object_or_404(Team, slug=slug)
    return _out(set_team_routes(actor=actor, team=team, names=body.routes))


def _out(team: Team) -> TeamRoutesOut:
    return TeamRoutesOut(team=team.slug, routes=team.allowed_routes)
