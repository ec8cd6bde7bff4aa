"""Make and revoke the keys with which programs use the management API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock, expiry, secrets
from llmhub.people import scopes as areas
from llmhub.people.invitation import maker_of
from llmhub.people.models import Role, ServiceKey, Team, TeamRole
from llmhub.people.roles import require, require_role, require_team_role

_OF_ORGANISATION = [role for role in Role.values if role != Role.MEMBER]  # it would reach nothing


@transaction.atomic
def create_service_key(
    *,
    actor: Actor,
    name: str,
    role: str = Role.VIEWER,
    team: Team | None = None,
    scopes: Sequence[str] = (),
    expires_at: datetime | None = None,
) -> tuple[ServiceKey, str]:
    """Save a new key and return it with its text, which is never seen again.

    `role` is one of the organisation, or with a `team` one in it: admins make keys up to their own role,
    managers of a team keys of that team. `scopes` cut it down further; none: all that its role allows.
    Raises `NotAllowed` on a role above the actor's, `ValidationError` on an empty name, an unknown role
    or scope, and an expiry that makes no sense.
    """
    _require_reach(actor, role, team)
    if wrong := expiry.fault(expires_at, now=clock.now()):
        raise ValidationError({"expires_at": wrong})
    wanted = sorted(set(scopes))
    if wrong := areas.faults(wanted, given_by=actor.scopes):
        raise ValidationError({"scopes": wrong})
    if role not in (_OF_ORGANISATION if team is None else TeamRole.values):
        raise ValidationError({"role": f"{role[:20]!r} is no role of {'a team' if team else 'such a key'}"})
    token = secrets.new_token(secrets.SERVICE_KEY)
    key = ServiceKey(
        name=name.strip(),
        prefix=secrets.hint(token),
        digest=secrets.digest(token),
        role=role if team is None else Role.MEMBER,
        team=team,
        team_role="" if team is None else role,
        scopes=wanted,
        maker=maker_of(actor),
        created_by=actor.label,
        expires_at=expires_at,
    )
    key.full_clean()
    key.save()
    log.record(actor, "service_key.created", f"service_key:{key.pk}", after=_facts(key))
    return key, token


def _require_reach(actor: Actor, role: str, team: Team | None) -> None:
    if team is None:
        require(actor, "configure")
        require_role(actor, role)
    else:
        require_team_role(actor, role, team=team.pk)


def _facts(key: ServiceKey) -> dict[str, object]:
    facts: dict[str, object] = {"name": key.name, "role": key.team_role or key.role}
    if key.team is not None:
        facts["team"] = key.team.slug
    return {**facts, "scopes": key.scopes} if key.scopes else facts


@transaction.atomic
def revoke_service_key(*, actor: Actor, key: ServiceKey) -> None:
    """End a key for good; a second time changes nothing. Raises `NotAllowed` as making it would."""
    _require_reach(actor, key.team_role or key.role, key.team)
    if ServiceKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=clock.now()):
        log.record(actor, "service_key.revoked", f"service_key:{key.pk}", before={"name": key.name})
