"""Say who is in a team, and what they may do there."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.people.models import Membership, Team, User
from llmhub.people.roles import require, require_team_role


@transaction.atomic
def set_member(*, actor: Actor, team: Team, user: User, role: str) -> Membership:
    """Let a person into a team, or save another role of theirs in it; the same role changes nothing.

    Raises `NotAllowed` where the actor does not manage the team or holds less than the old or the new
    role, `ValidationError` on an unknown role and on a person who was deactivated.
    """
    require_team_role(actor, role, team=team.pk)
    if not user.is_active:
        raise ValidationError(f"{user.email} was deactivated: activate them first")
    row = Membership.objects.select_for_update().filter(user=user, team=team).first()
    if row is None:
        row = Membership(user=user, team=team, role=role)
        row.full_clean()
        row.save()
        log.record(actor, "member.added", f"team:{team.slug}", after=_facts(row))
        return row
    require_team_role(actor, row.role, team=team.pk)
    before, row.role = _facts(row), role
    if (after := _facts(row)) != before:
        row.full_clean()
        row.save(update_fields=["role"])
        log.record(actor, "member.role_changed", f"team:{team.slug}", before=before, after=after)
    return row


@transaction.atomic
def remove_member(*, actor: Actor, team: Team, user: User) -> int:
    """Take a person out of a team, revoke their keys of it, and return how many; a second time is nothing.

    Everybody may leave. Raises `NotAllowed` where the actor may not take this person out.
    """
    row = Membership.objects.select_for_update().filter(user=user, team=team).first()
    if row is None:
        require(actor, "manage", team=team.pk)
        return 0
    if not (actor.kind == "user" and actor.id == user.pk):
        require_team_role(actor, row.role, team=team.pk)
    keys = user.keys.filter(team=team, revoked_at=None)
    revoked = [f"key:{pk}" for pk in keys.order_by("pk").values_list("pk", flat=True)]
    keys.update(revoked_at=clock.now())
    row.delete()
    log.record(
        actor,
        "member.removed",
        f"team:{team.slug}",
        before={"person": user.email, "role": row.role},
        after={"revoked_keys": revoked},
    )
    return len(revoked)


def _facts(row: Membership) -> dict[str, str]:
    return {"person": row.user.email, "role": row.role}
