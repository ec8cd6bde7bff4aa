"""A forgotten password: ask for a sign-in link by mail, without learning who has an account."""

from __future__ import annotations

from django.http import HttpRequest
from kombu.exceptions import OperationalError

from llmhub.lib import mail
from llmhub.people import guesses, tasks

can_send = mail.is_set_up


class NotNow(Exception):
    """The work could not be handed on; the message says what to do."""


def ask(request: HttpRequest, email: str) -> None:
    """Have a link mailed to this address if somebody has it; the worker looks, so that nothing shows here.

    Raises `TooManyTries` and `NotNow`.
    """
    place = guesses.place_of(request)
    guesses.take(((guesses.LINKS_ASKED, email.lower()), (guesses.PER_PLACE, place)))
    try:
        tasks.send_link.delay(email)
    except OperationalError as error:
        raise NotNow("The mail cannot be sent just now. Try again in a minute.") from error
