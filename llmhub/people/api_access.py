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
from llmhub.people.access import View, actor_of, needs
from llmhub.people.models import ServiceKey
from llmhub.people.roles import Action, require


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
        """Return the program of this key, or None when the key is unknown, revoked or expired."""
        key = (
            ServiceKey.objects.filter(digest=secrets.digest(token), revoked_at=None)
            .filter(Q(expires_at=None) | Q(expires_at__gt=clock.now()))
            .first()
        )
        if key is None:
            return None
        return Actor(kind="service_key", label=key.name, role=key.role, id=key.pk)


def documented(view: View) -> View:
    """Show the schema and its pages to whoever may read the API; others sign in first.

    A program with a key that is not valid learns that: it cannot sign in.
    """
    gated = needs("view")(view)
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
    """Return who calls, having checked that this one may do `action`. Raises `NotAllowed`."""
    ninja_request: Any = request
    actor: Actor = ninja_request.auth
    require(actor, action)
    return actor
