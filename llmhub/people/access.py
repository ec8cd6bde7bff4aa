"""Who is behind a request, and the gate in front of a view."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import resolve, reverse
from django.utils.functional import SimpleLazyObject
from django_htmx.http import HttpResponseClientRedirect

from llmhub.audit.actor import Actor
from llmhub.people import second_factor as factors
from llmhub.people.models import User
from llmhub.people.roles import Action, NotAllowed, allowed

View = Callable[..., HttpResponse]
_ACTOR = "_llmhub_actor"
_NEEDED: dict[str, Action | None] = {}  # by URL name: what its view is behind


def actor_of(request: HttpRequest) -> Actor:
    """Return who is behind `request`. Raises `PermissionDenied` when nobody is signed in."""
    if not request.user.is_authenticated:
        raise PermissionDenied("sign in first")
    return actor_of_person(request.user)


def actor_of_person(user: User) -> Actor:
    """Return a person as who acts; their teams are read when they matter, once of each object."""
    found: Actor | None = getattr(user, _ACTOR, None)
    if found is None:
        teams: Any = SimpleLazyObject(lambda: dict(user.memberships.values_list("team_id", "role")))
        found = Actor(kind="user", label=user.email, role=user.role, id=user.pk, teams=teams)
        setattr(user, _ACTOR, found)
    return found


def may_open(request: HttpRequest, url_name: str, url: str) -> bool:
    """Return whether whoever asks may open a page at all; what it is about is asked by the page itself."""
    if url_name not in _NEEDED:
        _NEEDED[url_name] = getattr(resolve(url).func, "needs", None)
    needed = _NEEDED[url_name]
    return needed is None or (request.user.is_authenticated and allowed(actor_of(request), needed))


def needs(action: Action, *, second_factor: bool = True) -> Callable[[View], View]:
    """Let only people through who may do `action`; others sign in first, or get a 403 page.

    Where everyone needs a second factor, who has none sets it up first, on the page without `second_factor`.

    So does a `NotAllowed` of the functions that the view calls.
    """

    def gate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _sign_in_first(request)
            if second_factor and factors.is_missing(request):
                return _moved(request, reverse("people:second_factor"))
            if not allowed(actor_of(request), action):
                raise PermissionDenied(f"your role does not allow this: it needs the right to {action}")
            try:
                return view(request, *args, **kwargs)
            except NotAllowed as error:
                raise PermissionDenied(str(error)) from error

        guarded.needs = action  # type: ignore[attr-defined]  # read by the test that walks every URL
        return guarded

    return gate


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    """Redirect to the sign-in page; a swap by htmx moves the whole page, back to where it was."""
    if not request.headers.get("HX-Request"):
        return redirect_to_login(request.get_full_path())
    page = urlsplit(request.headers.get("HX-Current-URL", ""))
    here = urlunsplit(page._replace(scheme="", netloc="", fragment=""))
    return HttpResponseClientRedirect(redirect_to_login(here or "/").url)


def _moved(request: HttpRequest, url: str) -> HttpResponse:
    """Redirect to another page, also out of a swap by htmx."""
    return HttpResponseClientRedirect(url) if request.headers.get("HX-Request") else redirect(url)
