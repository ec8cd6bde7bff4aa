"""How people sign in, in the management API: what they have, and its end when it is lost."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status

from llmhub.lib.rest import REFUSALS, Output
from llmhub.people import second_factor, sessions
from llmhub.people.api_access import caller
from llmhub.people.models import User

router = Router()


class SessionOut(Output):
    """One browser in which a person is signed in."""

    browser: str
    address: str
    by: str
    since: datetime | None
    seen: datetime | None


class SignInOut(Output):
    """How a person signs in, and where they are signed in now."""

    has_password: bool
    has_second_factor: bool
    recovery_codes_left: int
    sessions: list[SessionOut]


@router.get("/people/{person_id}/sign-in", response={200: SignInOut, **REFUSALS})
def show_sign_in(request: HttpRequest, person_id: int) -> SignInOut:
    """Show how a person signs in, and where they are signed in now."""
    caller(request, "own")
    person = get_object_or_404(User, pk=person_id)
    return SignInOut(
        has_password=person.has_usable_password(),
        has_second_factor=second_factor.has_one(person),
        recovery_codes_left=second_factor.codes_left(person),
        sessions=[
            SessionOut.model_validate(each, from_attributes=True) for each in sessions.sessions_of(person)
        ],
    )


@router.delete("/people/{person_id}/sessions", response={204: None, **REFUSALS})
def end_sessions(request: HttpRequest, person_id: int) -> Status[None]:
    """Sign a person out everywhere."""
    actor = caller(request, "own")
    sessions.end_all(actor=actor, user=get_object_or_404(User, pk=person_id))
    return Status(204, None)


@router.delete("/people/{person_id}/second-factor", response={204: None, **REFUSALS})
def end_second_factor(request: HttpRequest, person_id: int) -> Status[None]:
    """Take off the second factor that a person lost, and sign them out; a second time changes nothing."""
    actor = caller(request, "own")
    second_factor.remove_for(actor=actor, user=get_object_or_404(User, pk=person_id))
    return Status(204, None)
