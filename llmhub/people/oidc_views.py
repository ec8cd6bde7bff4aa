"""To the provider of single sign-on and back."""

from __future__ import annotations

import hmac
import json
import logging
from dataclasses import asdict

from django.conf import settings
from django.core.signing import BadSignature
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from llmhub.people import guesses, oidc, sign_in_log
from llmhub.people.arrival import after, arrive
from llmhub.people.oidc_person import NotLetIn, person_of
from llmhub.people.oidc_token import Refused
from llmhub.people.views import wait

logger = logging.getLogger(__name__)

_COOKIE = "llmhub_oidc"
_SALT = "llmhub.people.oidc"
_PATIENCE = 600  # seconds
_PATH = "/sign-in/"


@never_cache
@require_GET
def oidc_start(request: HttpRequest) -> HttpResponse:
    """Send the browser to the provider; a signed cookie remembers what its answer must fit to.

    It is a link and no form: the policy lets no form lead to another host.
    """
    _there_is_one()
    attempt = oidc.new_attempt(after(request))
    try:
        response = redirect(oidc.start(attempt))
    except oidc.Unreachable as error:
        return _away(request, error)
    response.set_signed_cookie(
        _COOKIE,
        json.dumps(asdict(attempt)),
        salt=_SALT,
        max_age=_PATIENCE,
        path=_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",  # it has to come along when the provider sends the browser back
    )
    return response


@never_cache
@require_GET
def oidc_return(request: HttpRequest) -> HttpResponse:
    """Let in whom the provider has sent back, once everything fits."""
    _there_is_one()
    place = guesses.place_of(request)
    counts = ((guesses.PER_PLACE, place),)
    try:
        guesses.take(counts)
        attempt = _attempt_of(request)
        proven = oidc.finish(attempt, _code(request))
        user = person_of(proven)
    except guesses.TooManyTries as error:
        return wait(_problem(request, str(error), status=429), error)
    except oidc.Unreachable as error:
        return _away(request, error)
    except Refused as error:
        return _refused(request, f"{oidc.name()} did not prove who you are: {error}.", str(error))
    except NotLetIn as error:
        return _refused(request, str(error), "nobody to let in", email=error.email)
    guesses.take_back(counts)
    response = redirect(arrive(request, user, by="single sign-on", target=attempt.target))
    response.delete_cookie(_COOKIE, path=_PATH, samesite="Lax")
    return response


def _there_is_one() -> None:
    if not oidc.name():
        raise Http404("Single sign-on is not set up here: docs/signing-in.md says how.")


def _attempt_of(request: HttpRequest) -> oidc.Attempt:
    """Return the attempt that this answer belongs to. Raises `Refused`."""
    try:
        told = json.loads(request.get_signed_cookie(_COOKIE, salt=_SALT, max_age=_PATIENCE) or "")
    except (KeyError, BadSignature):
        raise Refused("this sign-in began in another browser, or more than ten minutes ago") from None
    attempt = oidc.Attempt(**told)
    if not hmac.compare_digest(request.GET.get("state", "").encode(), attempt.state.encode()):
        raise Refused("its answer belongs to another sign-in (wrong state)")
    return attempt


def _code(request: HttpRequest) -> str:
    """Return the code to trade for an id_token. Raises `Refused` with what the provider said instead."""
    if error := request.GET.get("error", ""):
        raise Refused(f"it says {error[:100]!r}")
    if not (code := request.GET.get("code", "")):
        raise Refused("it gave no code")
    return code


def _refused(request: HttpRequest, text: str, reason: str, *, email: str = "") -> HttpResponse:
    sign_in_log.failed(request, by="single sign-on", email=email, reason=reason)
    return _problem(request, text, status=403)


def _away(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.warning("single sign-on: %s", error)
    text = (
        f"{oidc.name()} does not answer as it should: {error}. Try again in a minute, or sign in another way."
    )
    return _problem(request, text, status=503)


def _problem(request: HttpRequest, text: str, *, status: int) -> HttpResponse:
    return render(request, "people/oidc_problem.html", {"text": text}, status=status)
