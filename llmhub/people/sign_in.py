"""Sign people in by password, and slow down who guesses.

The counts live in this process: with several consoles each counts for itself. A one-time link
(`llmhub user link EMAIL`) always works, so nobody can be locked out by someone else's guesses.
"""

from __future__ import annotations

import math

from django.contrib.auth import authenticate
from django.http import HttpRequest

from llmhub.lib import clock
from llmhub.lib.limiter import Limiter
from llmhub.lib.security import client_address
from llmhub.people.models import User

WINDOW = 300.0  # seconds
PER_PERSON_AND_PLACE = Limiter(limit=5, window=WINDOW)
PER_PLACE = Limiter(limit=20, window=WINDOW)
PER_PERSON = Limiter(limit=50, window=WINDOW)


class TooManyTries(Exception):
    """Too many wrong passwords; `wait` says for how many seconds."""

    def __init__(self, wait: float) -> None:
        self.wait = math.ceil(wait)
        super().__init__(f"Too many tries. Wait {self.minutes}, or ask an owner for a sign-in link.")

    @property
    def minutes(self) -> str:
        """The wait in words."""
        minutes = math.ceil(self.wait / 60)
        return "a minute" if minutes == 1 else f"{minutes} minutes"


def by_password(request: HttpRequest, *, email: str, password: str) -> User | None:
    """Return the person with this address and password, or None. Raises `TooManyTries`."""
    now = clock.unix_ms() / 1000
    counts = _counts(email.strip().lower(), client_address(request))
    wait = max(limiter.wait(subject, now) for limiter, subject in counts)
    if wait > 0:
        raise TooManyTries(wait)
    user = authenticate(request, username=email.strip(), password=password)
    if isinstance(user, User):
        PER_PERSON_AND_PLACE.forget(counts[0][1])
        return user
    for limiter, subject in counts:
        limiter.fail(subject, now)
    return None


def _counts(email: str, place: str) -> tuple[tuple[Limiter, str], ...]:
    return (PER_PERSON_AND_PLACE, f"{place} {email}"), (PER_PLACE, place), (PER_PERSON, email)
