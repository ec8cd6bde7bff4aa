"""Make, assign, pause and revoke gateway keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from billing.models import ApiKey
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock, expiry, secrets
from llmhub.people.models import Team, User
from llmhub.people.roles import allowed, require

MAX_RATE = 2**31 - 1


@transaction.atomic
def create_key(
    *,
    actor: Actor,
    team: Team,
    name: str,
    person: User | None = None,
    expires_at: datetime | None = None,
    requests_per_minute: int | None = None,
    tokens_per_minute: int | None = None,
) -> tuple[ApiKey, str]:
    """Save a new key and return it with its text, which is never seen again.

    A key without a person is a service's. Who manages a team makes keys of it for the team's people and
    services, a member only their own. Raises `NotAllowed`, and `ValidationError` on an empty name, an
    expiry that makes no sense, and a person who was deactivated.
    """
    _require_owner(actor, team.pk, person)
    if wrong := expiry.fault(expires_at, now=clock.now()):
        raise ValidationError({"expires_at": wrong})
    _check_person(person)
    token = secrets.new_token(secrets.GATEWAY_KEY)
    key = ApiKey(
        team=team,
        person=person,
        name=name.strip(),
        prefix=secrets.hint(token),
        digest=secrets.digest(token),
        created_by=actor.label,
        expires_at=expires_at,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
    )
    _check_rates(key)
    key.full_clean()
    key.save()
    after = {"team": team.slug, "name": key.name, "person": _email(key), **_rates(key)}
    log.record(actor, "key.created", f"key:{key.pk}", after=after)
    return key, token


@transaction.atomic
def revoke_key(*, actor: Actor, key: ApiKey) -> None:
    """End a key for good; a second time changes nothing."""
    require_revocable(actor, key)
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=clock.now()):
        log.record(actor, "key.revoked", f"key:{key.pk}", before={"name": key.name})


@transaction.atomic
def assign_key(*, actor: Actor, key: ApiKey, person: User | None) -> None:
    """Say whose key it is from now on; None is a service's. Calls that were made stay whose they were.

    Raises `ValidationError` on a person who was deactivated.
    """
    require(actor, "manage", team=key.team_id)
    row = ApiKey.objects.select_for_update(of=("self",)).select_related("person").get(pk=key.pk)
    if row.person == person:
        return
    _require_owner(actor, key.team_id, person)
    _check_person(person)
    before, row.person = _email(row), person
    row.save(update_fields=["person"])
    log.record(
        actor, "key.assigned", f"key:{key.pk}", before={"person": before}, after={"person": _email(row)}
    )


@transaction.atomic
def set_rates(
    *, actor: Actor, key: ApiKey, requests_per_minute: int | None, tokens_per_minute: int | None
) -> None:
    """Save how much a key may call in a minute; None is no limit.

    Raises `ValidationError` on a number out of range.
    """
    require(actor, "manage", team=key.team_id)
    row = ApiKey.objects.select_for_update().get(pk=key.pk)
    before = _rates(row)
    row.requests_per_minute, row.tokens_per_minute = requests_per_minute, tokens_per_minute
    _check_rates(row)
    if (after := _rates(row)) != before:
        row.save(update_fields=["requests_per_minute", "tokens_per_minute"])
        log.record(actor, "key.limited", f"key:{key.pk}", before=before, after=after)


@transaction.atomic
def pause_key(*, actor: Actor, key: ApiKey, reason: str) -> None:
    """Refuse calls of a key with `reason`; an empty reason lets them through again."""
    require(actor, "manage", team=key.team_id)
    ApiKey.objects.filter(pk=key.pk).update(paused_reason=reason.strip()[:200])
    action = "key.paused" if reason.strip() else "key.resumed"
    log.record(actor, action, f"key:{key.pk}", after={"reason": reason.strip()[:200]})


def _email(key: ApiKey) -> str | None:
    return None if key.person is None else key.person.email


def _check_person(person: User | None) -> None:
    """Raise `ValidationError` where a key would not work from the start."""
    if person is not None and not person.is_active:
        raise ValidationError({"person": f"{person.email} was deactivated: their keys do not work"})


def _rates(key: ApiKey) -> dict[str, Any]:
    return {"requests_per_minute": key.requests_per_minute, "tokens_per_minute": key.tokens_per_minute}


def _require_owner(actor: Actor, team_id: int, person: User | None) -> None:
    """Raise `NotAllowed` unless `actor` may make a key of the team that is this person's.

    Raises `ValidationError` on a person who is not in the team, unless `actor` manages every team.
    """
    own = actor.kind == "user" and person is not None and person.pk == actor.id
    require(actor, "call" if own else "manage", team=team_id)
    if person is not None and not own and not _may_own(actor, team_id, person):
        raise ValidationError({"person": f"{person.email} is not in this team: invite them first"})


def _may_own(actor: Actor, team_id: int, person: User) -> bool:
    """Return whether a key of the team may be this person's; who manages every team gives it to anybody."""
    return allowed(actor, "configure") or person.memberships.filter(team_id=team_id).exists()


def may_revoke(actor: Actor, key: ApiKey) -> bool:
    """Return whether `actor` may end this key: their own, or any of a team that they manage."""
    own = actor.kind == "user" and actor.id is not None and key.person_id == actor.id
    return allowed(actor, "call" if own else "manage", team=key.team_id)


def require_revocable(actor: Actor, key: ApiKey) -> None:
    """Raise `NotAllowed` unless `actor` may end this key, or give it a new text."""
    if not may_revoke(actor, key):
        require(actor, "manage", team=key.team_id)


def _check_rates(key: ApiKey) -> None:
    for name, rate in _rates(key).items():
        if rate is not None and not 1 <= rate <= MAX_RATE:
            raise ValidationError({name: f"write a number from 1 to {MAX_RATE}; pause a key to stop it"})
