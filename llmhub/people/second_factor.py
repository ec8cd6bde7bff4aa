"""The second factor of a person: an authenticator app, and ten codes for the day it is lost."""

from __future__ import annotations

import base64
import logging
import secrets as chance

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock, secrets
from llmhub.people import guesses, organisation, sessions, totp
from llmhub.people.models import User
from llmhub.people.roles import require
from llmhub.people.sign_in_models import RecoveryCode, SecondFactor

logger = logging.getLogger(__name__)

RECOVERY_CODES = 10
_RECOVERY_BYTES = 10  # 80 random bits: no slow hash is needed, and 16 letters can be typed
APP, RECOVERY_CODE = "app", "recovery code"  # what a person proved themselves with
_WRONG = "This is not the code that the app shows now. Codes change every 30 seconds and work once."


def has_one(user: User) -> bool:
    """Return whether a person is asked for a second factor."""
    return SecondFactor.objects.of(user.pk).exists()


def is_missing(request: HttpRequest) -> bool:
    """Return whether somebody signed in without the second factor that everyone needs here."""
    return organisation.of(request).requires_second_factor and not request.session.get(sessions.SECOND_FACTOR)


@transaction.atomic
def begin(user: User) -> None:
    """Draw a new secret for a person who has no second factor; one that is in use stays."""
    sealed = secrets.encrypt(totp.as_text(chance.token_bytes(totp.SECRET_BYTES)))
    if not has_one(user):
        SecondFactor.objects.update_or_create(user=user, defaults={"sealed": sealed, "last_step": 0})


def draft_of(user: User) -> bytes | None:
    """Return the secret that a person is about to give their app; None when there is none."""
    row = SecondFactor.objects.filter(user=user, confirmed_at=None).first()
    return _secret(row) if row else None


@transaction.atomic
def confirm(*, actor: Actor, user: User, code: str) -> list[str]:
    """Ask for the second factor from now on and return the recovery codes, which are shown this once.

    Raises `ValidationError` on a wrong code and `TooManyTries`.
    """
    row = SecondFactor.objects.select_for_update().filter(user=user, confirmed_at=None).first()
    if row is None:
        raise ValidationError({"code": "There is nothing to confirm: begin anew."})
    counts = _counts(user)
    guesses.take(counts)
    if not _fits(row, _bare(code)):
        raise ValidationError({"code": _WRONG})
    guesses.take_back(counts)
    row.refresh_from_db()
    row.confirmed_at = clock.now()
    row.save()
    log.record(actor, "user.second_factor_set_up", f"user:{user.email}")
    return _draw_codes(user)


def check(user: User, typed: str) -> str:
    """Return what `typed` proves, "app" or "recovery code", or "" when it is neither. Raises `TooManyTries`.

    Each code works once.
    """
    counts = _counts(user)
    guesses.take(counts)
    found = _proof(user, _bare(typed))
    if found:
        guesses.take_back(counts)
        guesses.CODES.forget(counts[0][1])
    return found


@transaction.atomic
def new_codes(*, actor: Actor, user: User) -> list[str]:
    """Return new recovery codes, shown this once; the old ones no longer work."""
    log.record(actor, "user.recovery_codes_made", f"user:{user.email}")
    return _draw_codes(user)


@transaction.atomic
def remove(*, actor: Actor, user: User) -> None:
    """Take a person's own second factor off. Raises `ValidationError` where everyone needs one."""
    if organisation.current().requires_second_factor:
        raise ValidationError(
            "Everyone needs a second factor here. An owner can take yours off when it is lost."
        )
    _remove(actor, user)


@transaction.atomic
def remove_for(*, actor: Actor, user: User) -> bool:
    """Take the second factor off that somebody lost, sign them out, and return whether there was one."""
    require(actor, "own")
    if not has_one(user):
        return False
    _remove(actor, user)
    sessions.end_all(actor=actor, user=user)
    return True


def codes_left(user: User) -> int:
    """Return how many recovery codes still work."""
    return RecoveryCode.objects.filter(user=user).count()


def _remove(actor: Actor, user: User) -> None:
    SecondFactor.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()
    log.record(actor, "user.second_factor_removed", f"user:{user.email}")


def _proof(user: User, typed: str) -> str:
    row = SecondFactor.objects.of(user.pk).first()
    if row is None:
        return ""
    if len(typed) == totp.DIGITS:
        return APP if _fits(row, typed) else ""
    used, _ = RecoveryCode.objects.filter(user=user, digest=secrets.digest(typed)).delete()
    return RECOVERY_CODE if used else ""


def _fits(row: SecondFactor, typed: str) -> bool:
    """Return whether this is a code of now that was not used yet, and use it up."""
    if (secret := _secret(row)) is None:
        return False
    step = totp.matching_step(secret, typed, now=clock.unix_ms() / 1000, after=row.last_step)
    unused = SecondFactor.objects.filter(pk=row.pk, sealed=row.sealed, last_step__lt=step or 0)
    return step is not None and unused.update(last_step=step) == 1


def _secret(row: SecondFactor) -> bytes | None:
    try:
        return totp.as_bytes(secrets.decrypt(row.sealed))
    except secrets.Undecryptable:
        logger.exception("the second factor of person %s cannot be read", row.user_id)
        return None


def _draw_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    drawn = [
        base64.b32encode(chance.token_bytes(_RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)
    ]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=secrets.digest(each)) for each in drawn)
    return ["-".join(each[at : at + 4] for at in range(0, len(each), 4)) for each in drawn]


def _bare(typed: str) -> str:
    """Return a code without what people put between its letters."""
    return "".join(letter for letter in typed.lower() if letter.isascii() and letter.isalnum())


def _counts(user: User) -> guesses.Counts:
    return (guesses.CODES, str(user.pk)), (guesses.CODES_A_DAY, str(user.pk))
