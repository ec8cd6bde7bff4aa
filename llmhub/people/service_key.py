"""Make and revoke the keys with which programs use the management API."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock, expiry, secrets
from llmhub.people.models import Role, ServiceKey
from llmhub.people.roles import require


@transaction.atomic
def create_service_key(
    *, actor: Actor, name: str, role: str = Role.VIEWER, expires_at: datetime | None = None
) -> tuple[ServiceKey, str]:
    """Save a new key and return it with its text, which is never seen again.

    Raises `NotAllowed` unless an owner asks, `ValidationError` on an empty name, an unknown role or
    an expiry that makes no sense.
    """
    require(actor, "own")
    if wrong := expiry.fault(expires_at, now=clock.now()):
        raise ValidationError({"expires_at": wrong})
    token = secrets.new_token(secrets.SERVICE_KEY)
    key = ServiceKey(
        name=name.strip(),
        prefix=secrets.hint(token),
        digest=secrets.digest(token),
        role=role,
        created_by=actor.label,
        expires_at=expires_at,
    )
    key.full_clean()
    key.save()
    log.record(actor, "service_key.created", f"service_key:{key.pk}", after={"name": key.name, "role": role})
    return key, token


@transaction.atomic
def revoke_service_key(*, actor: Actor, key: ServiceKey) -> None:
    """End a key for good; a second time changes nothing."""
    require(actor, "own")
    if ServiceKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=clock.now()):
        log.record(actor, "service_key.revoked", f"service_key:{key.pk}", before={"name": key.name})
