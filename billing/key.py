"""Make, pause and revoke gateway keys."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from billing.models import ApiKey
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock, secrets
from llmhub.people.models import Team
from llmhub.people.roles import require

PREFIX = "llmh"


@transaction.atomic
def create_key(
    *, actor: Actor, team: Team, name: str, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Save a new key and return it with its text, which is never seen again.

    Raises `ValidationError` on an empty name or an expiry that has passed.
    """
    require(actor, "configure")
    if expires_at is not None and expires_at <= clock.now():
        raise ValidationError({"expires_at": "this moment has passed: choose a later one"})
    token = secrets.new_token(PREFIX)
    key = ApiKey(
        team=team,
        name=name.strip(),
        prefix=secrets.hint(token),
        digest=secrets.digest(token),
        created_by=actor.label,
        expires_at=expires_at,
    )
    key.full_clean()
    key.save()
    log.record(actor, "key.created", f"key:{key.pk}", after={"team": team.slug, "name": key.name})
    return key, token


@transaction.atomic
def revoke_key(*, actor: Actor, key: ApiKey) -> None:
    """End a key for good; a second time changes nothing."""
    require(actor, "configure")
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=clock.now()):
        log.record(actor, "key.revoked", f"key:{key.pk}", before={"name": key.name})


@transaction.atomic
def pause_key(*, actor: Actor, key: ApiKey, reason: str) -> None:
    """Refuse calls of a key with `reason`; an empty reason lets them through again."""
    require(actor, "configure")
    ApiKey.objects.filter(pk=key.pk).update(paused_reason=reason.strip()[:200])
    action = "key.paused" if reason.strip() else "key.resumed"
    log.record(actor, action, f"key:{key.pk}", after={"reason": reason.strip()[:200]})
