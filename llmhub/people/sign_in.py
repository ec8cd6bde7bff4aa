"""Sign people in by password, and slow down who guesses.

Nobody can be locked out by somebody else's guesses: a one-time link (`llmhub user link EMAIL`) works
all the same, and the count that stops a person soonest is kept by address as well.
"""

from __future__ import annotations

from django.contrib.auth import authenticate
from django.http import HttpRequest

from llmhub.people import guesses, sign_in_log
from llmhub.people.models import User


def by_password(request: HttpRequest, *, email: str, password: str) -> User | None:
    """Return the person with this address and password, or None. Raises `TooManyTries`."""
    email, place = email.strip(), guesses.place_of(request)
    counts = (
        (guesses.PER_PERSON_AND_PLACE, f"{place} {email.lower()}"),
        (guesses.PER_PLACE, place),
        (guesses.PER_PERSON, email.lower()),
    )
    guesses.take(counts)
    user = authenticate(request, username=email, password=password)
    if not isinstance(user, User):
        sign_in_log.failed(request, by="password", email=email)
        return None
    guesses.take_back(counts)
    guesses.PER_PERSON_AND_PLACE.forget(counts[0][1])
    return user
