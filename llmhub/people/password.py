"""Ask somebody who is signed in for the password again, and slow down who guesses it."""

from __future__ import annotations

from llmhub.people import guesses
from llmhub.people.models import User


def is_current(user: User, password: str) -> bool:
    """Return whether this is the person's password. Raises `TooManyTries`."""
    counts = ((guesses.CURRENT_PASSWORDS, str(user.pk)),)
    guesses.take(counts)
    if not user.check_password(password):
        return False
    guesses.CURRENT_PASSWORDS.forget(counts[0][1])
    return True
