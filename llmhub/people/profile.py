"""What people change about themselves: their name, their time zone and their password."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import zones
from llmhub.people.models import User


@transaction.atomic
def rename(*, actor: Actor, user: User, name: str) -> None:
    """Save how a person is called. Raises `ValidationError` on a name that is too long."""
    before, user.name = user.name, name.strip()
    if user.name == before:
        return
    user.clean_fields(exclude=["email", "password", "role"])
    user.save(update_fields=["name"])
    log.record(
        actor, "user.renamed", f"user:{user.email}", before={"name": before}, after={"name": user.name}
    )


@transaction.atomic
def set_time_zone(*, actor: Actor, user: User, time_zone: str) -> None:
    """Save by which clock a person sees times and days; "" is the organisation's.

    Raises `ValidationError` on what is no time zone.
    """
    if time_zone and (wrong := zones.fault(time_zone)):
        raise ValidationError({"time_zone": wrong})
    before, user.time_zone = user.time_zone, time_zone
    if time_zone == before:
        return
    user.save(update_fields=["time_zone"])
    log.record(
        actor, "user.time_zone_set", f"user:{user.email}", before={"time_zone": before},
        after={"time_zone": time_zone},
    )  # fmt: skip


@transaction.atomic
def set_password(*, actor: Actor, user: User, password: str) -> None:
    """Save a new password; other sessions of the person end. Raises `ValidationError` on a weak one."""
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    log.record(actor, "user.password_set", f"user:{user.email}")
