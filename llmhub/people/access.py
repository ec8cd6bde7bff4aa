"""Who is behind a request, and the gate in front of a view."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from llmhub.audit.actor import Actor
from llmhub.people.roles import Action, allowed

View = Callable[..., HttpResponse]


def actor_of(request: HttpRequest) -> Actor:
    """Return who is behind `request`. Raises `PermissionDenied` when nobody is signed in."""
    if not request.user.is_authenticated:
        raise PermissionDenied("sign in first")
    user = request.user
    return Actor(kind="user", label=user.email, role=user.role, id=user.pk)


def needs(action: Action) -> Callable[[View], View]:
    """Let only people through who may do `action`; others sign in first, or get a 403 page."""

    def gate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not allowed(actor_of(request), action):
                raise PermissionDenied(f"your role does not allow this: it needs the right to {action}")
            return view(request, *args, **kwargs)

        guarded.needs = action  # type: ignore[attr-defined]  # read by the test that walks every URL
        return guarded

    return gate
