"""What the audit log says about who came in, who did not, and who left.

Every event is a new version of the configuration, which the gateway reads anew. So of failures a
flood leaves a bounded number here; the log of the console has all of them. What was typed in the
place of an address is kept only where it is somebody's: people type passwords there.
"""

from __future__ import annotations

import logging

from django.db import transaction
from django.http import HttpRequest

from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.lib.limiter import Limiter
from llmhub.lib.security import client_address
from llmhub.people.models import User

logger = logging.getLogger(__name__)

SIGNED_IN, FAILED, SIGNED_OUT = "session.signed_in", "session.refused", "session.signed_out"
COMINGS_AND_GOINGS = (SIGNED_IN, FAILED, SIGNED_OUT)  # no change of configuration
NOBODY = Actor(kind="system", label="sign-in page")
FAILURES = Limiter(limit=60, window=300.0)


def person(user: User) -> Actor:
    """Return a person as an actor."""
    return Actor(kind="user", label=user.email, role=user.role, id=user.pk)


@transaction.atomic
def signed_in(request: HttpRequest, user: User, *, by: str, second_factor: str) -> None:
    """Record who came in, from where and by what."""
    told = {"by": by, "second_factor": second_factor, "from": client_address(request)}
    log.record(person(user), SIGNED_IN, _subject(user), after=told)


@transaction.atomic
def signed_out(user: User) -> None:
    """Record who left."""
    log.record(person(user), SIGNED_OUT, _subject(user))


def failed(request: HttpRequest, *, by: str, email: str, reason: str = "") -> None:
    """Record who did not come in; an address of nobody is treated alike, so that it takes as long."""
    user, place = User.objects.filter(email__iexact=email).first(), client_address(request)
    logger.warning("sign-in by %s from %s was refused", by, place)
    now = clock.unix_ms() / 1000
    if FAILURES.wait("", now) > 0:
        return
    FAILURES.fail("", now)
    told = {"by": by, "from": place} | ({"reason": reason} if reason else {})
    with transaction.atomic():
        log.record(NOBODY, FAILED, _subject(user) if user else "user:nobody", after=told)


def _subject(user: User) -> str:
    return f"user:{user.email}"
