"""Who uses the management API: a signed-in person (with CSRF) or a program with a service key."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from ninja.security import HttpBearer, SessionAuth

from llmhub.audit.actor import Actor
from llmhub.lib import clock, secrets
from llmhub.people.access import actor_of
from llmhub.people.models import ServiceKey
from llmhub.people.roles import Action, require


class Session(SessionAuth):
    """The session of the console; a change needs the CSRF token as well."""

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        """Return the signed-in person, or None."""
        return actor_of(request) if request.user.is_authenticated else None


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


def caller(request: HttpRequest, action: Action) -> Actor:
    """Return who calls, having checked that this one may do `action`. Raises `NotAllowed`."""
    ninja_request: Any = request
    actor: Actor = ninja_request.auth
    require(actor, action)
    return actor
