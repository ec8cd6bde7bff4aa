"""Which routes the keys of a team may ask for: all of them, unless some are named."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction

from catalog.names import nearest
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.people.models import Team
from llmhub.people.roles import require
from routing.models import Route


@transaction.atomic
def set_team_routes(*, actor: Actor, team: Team, names: Collection[str] | None) -> Team:
    """Let a team's keys ask for these routes only, of none for no route; None: for every route.

    Raises `ValidationError` where a name is that of no route.
    """
    require(actor, "configure")
    return _save(actor, team, None if names is None else _checked(names))


def forget_route(*, actor: Actor, name: str) -> None:
    """Take a route that goes out of the lists of the teams that have it."""
    for team in Team.objects.exclude(allowed_routes=None):
        if name in (team.allowed_routes or ()):
            _save(actor, team, [each for each in team.allowed_routes or () if each != name])


def _save(actor: Actor, team: Team, names: list[str] | None) -> Team:
    before = {"routes": team.allowed_routes}
    if names != team.allowed_routes:
        team.allowed_routes = names
        team.save(update_fields=["allowed_routes"])
        log.record(actor, "team.routes", f"team:{team.slug}", before=before, after={"routes": names})
    return team


def _checked(names: Collection[str]) -> list[str]:
    there = set(Route.objects.values_list("pk", flat=True))
    for name in names:
        if name not in there:
            near = nearest(name, there)
            hint = f"did you mean {', '.join(map(repr, near))}?" if near else "make the route first"
            raise ValidationError({"routes": f"{name!r} is no route: {hint}"})
    return sorted(set(names))
