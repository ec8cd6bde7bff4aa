"""Invite people by a link: it is shown once, works once, and never gives more than its maker holds."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from llmhub.audit import log
from llmhub.audit.actor import COMMAND_LINE, Actor
from llmhub.lib import clock, mail, secrets
from llmhub.people.access import actor_of_person
from llmhub.people.membership import set_member
from llmhub.people.models import Invitation, Membership, Role, Team, User
from llmhub.people.roles import NotAllowed, higher, reach, require, require_role, require_team_role

DAYS, MOST_DAYS = 7, 30  # a link works so long


class NotUsable(ValueError):
    """The invitation is unknown, used, revoked or too old; the message says how to get a new one."""


class SignInFirst(Exception):
    """The address has an account: only who can sign in to it may accept for it."""

    def __init__(self, email: str) -> None:
        self.email = email
        super().__init__(f"{email} has an account here: sign in with it, then open the link again")


@transaction.atomic
def invite(
    *,
    actor: Actor,
    email: str,
    team: Team | None = None,
    team_role: str = "",
    role: str = Role.MEMBER,
    days: int = DAYS,
) -> tuple[Invitation, str]:
    """Save an invitation and return it with the token of its link, which is never seen again.

    Who manages a team invites into it, up to their own role; only owners give a role in the organisation.
    Earlier open invitations of the same address to the same end. Where a mail server is set, the link is
    mailed within seconds, see llmhub/people/invitation_mail.py. Raises `ValidationError` on a bad
    address, an unknown role and a time that is too long.
    """
    if team is not None:
        require_team_role(actor, team_role, team=team.pk)
    if team is None or role != Role.MEMBER:
        require(actor, "own")
        require_role(actor, role)
    if not 1 <= days <= MOST_DAYS:
        raise ValidationError({"days": f"a link works for 1 to {MOST_DAYS} days"})
    email = User.objects.normalize_email(email).strip().lower()
    _check_address(email)
    if team is None and User.objects.filter(email=email).exists():
        raise ValidationError(
            {"email": f"{email} has an account: choose a team, or change the role on People"}
        )
    now, token = clock.now(), secrets.new_token(secrets.INVITATION)
    invitation = Invitation(
        email=email,
        role=role,
        team=team,
        team_role=team_role,
        digest=secrets.digest(token),
        created_by=actor.label,
        maker=maker_of(actor),
        expires_at=now + timedelta(days=days),
    )
    if mail.is_set_up():
        invitation.mail, invitation.mail_at = Invitation.Mail.WAITING, now
        invitation.mail_sealed = secrets.encrypt(token)
    invitation.full_clean(exclude=None if team else ["team_role"])
    opened(now).filter(email=email, team=team).update(revoked_at=now)
    invitation.save()
    log.record(actor, "invitation.made", f"invitation:{invitation.pk}", after=_facts(invitation))
    return invitation, token


def _check_address(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError as error:
        raise ValidationError({"email": error.messages}) from None


def maker_of(actor: Actor) -> User | None:
    """Return the person behind what an actor makes: of a service key, who made the key."""
    if actor.id is None:
        return None
    if actor.kind == "user":
        return User.objects.filter(pk=actor.id).first()
    if actor.kind == "service_key":
        return User.objects.filter(service_keys=actor.id).first()
    return None


def opened(now: datetime) -> QuerySet[Invitation]:
    """Return the invitations that can be accepted."""
    return Invitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__gt=now)


def seen_by(actor: Actor) -> QuerySet[Invitation]:
    """Return the invitations that an actor may see and revoke: of the teams that they manage."""
    teams = reach(actor, "manage")
    found = Invitation.objects.select_related("team")
    return found if teams is None else found.filter(team_id__in=teams)


@transaction.atomic
def revoke(*, actor: Actor, invitation: Invitation) -> None:
    """Let a link let nobody in; a second time changes nothing."""
    if invitation.team_id is None:
        require(actor, "own")
    else:
        require(actor, "manage", team=invitation.team_id)
    rows = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
    if rows.update(revoked_at=clock.now()):
        log.record(actor, "invitation.revoked", f"invitation:{invitation.pk}", before=_facts(invitation))


def link_address(token: str) -> str:
    """Return the address that an invitation's token makes."""
    return settings.PUBLIC_URL + reverse("people:invitation_accept", args=[token])


def find(token: str) -> Invitation:
    """Return the invitation of this link. Raises `NotUsable`."""
    rows = opened(clock.now()).select_related("team", "maker")
    found = rows.filter(digest=secrets.digest(token)).first()
    if found is None or not _still_held(found):
        raise NotUsable("This invitation was used, was taken back or is too old: ask for a new one.")
    return found


def _still_held(invitation: Invitation) -> bool:
    """Return whether its maker may still give what it gives."""
    maker = invitation.maker
    if maker is None:
        return True
    actor = actor_of_person(maker)
    try:
        if invitation.team_id is not None:
            require_team_role(actor, invitation.team_role, team=invitation.team_id)
        if invitation.team_id is None or invitation.role != Role.MEMBER:
            require_role(actor, invitation.role)
            require(actor, "own")
    except NotAllowed:
        return False
    return maker.is_active


@transaction.atomic
def accept(token: str, *, name: str, user: User | None) -> User:
    """Let the invited person in and return them; `user` is who is signed in, if anybody is.

    A new address becomes a person of this name. One that has an account keeps its name, its role in the
    organisation and whatever more it may do in the team. Raises `NotUsable`, and `SignInFirst` where the
    account is not the one that is signed in: the link alone opens no account that exists.
    """
    invitation = find(token)
    person = User.objects.filter(email__iexact=invitation.email).first()
    if person is not None and (user is None or person.pk != user.pk):
        raise SignInFirst(invitation.email)
    if not opened(clock.now()).filter(pk=invitation.pk).update(accepted_at=clock.now()):
        raise NotUsable("This invitation was used: ask for a new one.")
    if person is None:
        person = User(email=invitation.email, name=name.strip(), role=invitation.role)
        person.set_unusable_password()
        person.full_clean()
        person.save()
    if invitation.team is not None:
        _join(person, invitation)
    actor = Actor(kind="user", label=person.email, role=person.role, id=person.pk)
    log.record(actor, "invitation.accepted", f"invitation:{invitation.pk}", after=_facts(invitation))
    return person


def _join(person: User, invitation: Invitation) -> None:
    assert invitation.team is not None
    there = Membership.objects.filter(user=person, team=invitation.team).first()
    role = higher(there.role if there else "", invitation.team_role)
    inviter = Actor(kind="user", label=invitation.created_by, role=COMMAND_LINE.role)  # was checked by `find`
    set_member(actor=inviter, team=invitation.team, user=person, role=role)


def _facts(invitation: Invitation) -> dict[str, str]:
    team = {"team": invitation.team.slug, "team_role": invitation.team_role} if invitation.team else {}
    return {"email": invitation.email, "role": invitation.role, **team}
