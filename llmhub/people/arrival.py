"""Somebody has proved who they are: let them in, or ask for their second factor first.

Every way in ends here: password, one-time link, single sign-on. Until the second factor is there
nobody is signed in; the session only remembers for ten minutes who is waiting.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme

from llmhub.lib import clock
from llmhub.people import second_factor, sessions, sign_in_log
from llmhub.people.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"
BY_LINK = "signed_in_by_link"  # in the session: a new password may be set without the old one
_WAITING = "waiting_for_second_factor"
_PATIENCE = 600  # seconds
FRESH = 600  # seconds


@dataclass(frozen=True)
class Waiting:
    """Who has passed the first step, and where they go after the second."""

    user: int
    proof: str  # ends the wait when the password is changed meanwhile
    by: str
    target: str
    until: int  # Unix seconds


def arrive(request: HttpRequest, user: User, *, by: str, target: str) -> str:
    """Sign `user` in and return where to go; with a second factor first to the page that asks for it."""
    request.session.flush()  # nothing of who was here before, or of who planted the cookie
    if not second_factor.has_one(user):
        return _let_in(request, user, by=by, second="", target=target)
    until = clock.unix_ms() // 1000 + _PATIENCE
    request.session[_WAITING] = asdict(Waiting(user.pk, user.get_session_auth_hash(), by, target, until))
    return reverse("people:second_factor_code")


def waiting(request: HttpRequest) -> tuple[User, Waiting] | None:
    """Return who waits for their second step, None when nobody does or it took too long."""
    told = request.session.get(_WAITING)
    if told is None:
        return None
    found = Waiting(**told)
    user = User.objects.filter(pk=found.user, is_active=True).first()
    if user is None or found.until < clock.unix_ms() // 1000:
        return None
    return (user, found) if constant_time_compare(found.proof, user.get_session_auth_hash()) else None


def go_on(request: HttpRequest, user: User, found: Waiting, *, second: str) -> str:
    """Sign in who has passed the second step, by `second`, and return where to go."""
    request.session.flush()
    return _let_in(request, user, by=found.by, second=second, target=found.target)


def forget(request: HttpRequest) -> None:
    """Let nobody wait any more."""
    request.session.pop(_WAITING, None)


def _let_in(request: HttpRequest, user: User, *, by: str, second: str, target: str) -> str:
    login(request, user, backend=BACKEND)
    sessions.remember(request, by=by, second_factor=second)
    if by == "link":
        request.session[BY_LINK] = True
    sign_in_log.signed_in(request, user, by=by, second_factor=second)
    return target


def is_fresh(request: HttpRequest) -> bool:
    """Return whether somebody signed in just now: they need not say the password again."""
    since = request.session.get(sessions.SINCE)
    return isinstance(since, int) and clock.unix_ms() // 1000 - since < FRESH


def after(request: HttpRequest) -> str:
    """Return where to go after the sign-in: the page that was asked for, if it is one of ours."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if ours else settings.LOGIN_REDIRECT_URL
