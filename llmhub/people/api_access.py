"""Who uses the management API: a signed-in person (with CSRF) or a program with a service key."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from ninja.security import HttpBearer, SessionAuth

from llmhub.audit.actor import Actor
from llmhub.lib import clock, rest, secrets
from llmhub.people import second_factor
from llmhub.people.access import View, actor_of, actor_of_person, needs
from llmhub.people.models import ServiceKey
from llmhub.people.roles import Action, NotAllowed, lower, require
from llmhub.people.scopes import area_of, lets_through, verb_of


class Session(SessionAuth):
    """The session of the console; a change needs the CSRF token as well."""

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        """Return the signed-in person, or None; who lacks the second factor that all need is none yet."""
        if not request.user.is_authenticated or second_factor.is_missing(request):
            return None
        return actor_of(request)


class ServiceKeyBearer(HttpBearer):
    """`Authorization: Bearer llms_…`."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """Return the program of this key, or None when the key is unknown, revoked, expired or stopped."""
        key = (
            ServiceKey.objects.filter(digest=secrets.digest(token), revoked_at=None)
            .filter(Q(expires_at=None) | Q(expires_at__gt=clock.now()))
            .filter(Q(maker=None) | Q(maker__is_active=True))
            .select_related("maker")
            .first()
        )
        return None if key is None else actor_of_key(key)


def actor_of_key(key: ServiceKey) -> Actor:
    """Return a program as who acts: with no more than its key says, and its maker may do by now."""
    actor = Actor(
        kind="service_key",
        label=key.name,
        role=key.role,
        id=key.pk,
        teams={} if key.team_id is None else {key.team_id: key.team_role},
        scopes=frozenset(key.scopes) or None,
    )
    return actor if key.maker is None else lower(actor, actor_of_person(key.maker))


def documented(view: View) -> View:
    """Show the schema and its pages to whoever may read the API; others sign in first.

    A program with a key that is not valid learns that: it cannot sign in.
    """
    gated = needs("read")(view)
    by_key = ServiceKeyBearer()

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if by_key(request) is not None:
            return view(request, *args, **kwargs)
        if "Authorization" in request.headers:
            return rest.refusal(401, "not_signed_in", "This service key is unknown, revoked or expired.")
        return gated(request, *args, **kwargs)

    return shown


def caller(request: HttpRequest, action: Action) -> Actor:
    """Return who calls, having checked that this one may do `action`. Raises `NotAllowed`.

    What is of a team is asked again by whoever finds it: `action` of a team means any team here.
    """
    ninja_request: Any = request
    actor: Actor = ninja_request.auth
    _within_scopes(actor, request)
    require(actor, action)
    return actor


def _within_scopes(actor: Actor, request: HttpRequest) -> None:
    """Raise `NotAllowed` where a key was cut down to other areas of the API than this."""
    area, verb = area_of(request.path), verb_of(request.method or "", request.path)
    if not lets_through(actor.scopes, area, verb):
        raise NotAllowed(
            f"{actor.label} is a key for {', '.join(sorted(actor.scopes or ()))}; this is {area}:{verb}"
        )
