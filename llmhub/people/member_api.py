"""Who is in a team, and who is invited, in the management API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status
from pydantic import Field

from llmhub.audit.actor import Actor
from llmhub.lib.rest import REFUSALS, Cursor, Input, Limit, Output, Page, page
from llmhub.people import invitation as invitations
from llmhub.people.api_access import caller
from llmhub.people.membership import remove_member, set_member
from llmhub.people.models import Invitation, Membership, Team, User
from llmhub.people.roles import reach

router = Router()
TeamRoleName = Literal["manager", "member", "viewer"]
Slug = Annotated[str, Field(max_length=64, description="short name of the team")]
Email = Annotated[str, Field(max_length=254)]


class MemberIn(Input):
    """Somebody who has an account, to let into a team."""

    team: Slug
    email: Email
    role: TeamRoleName = "member"


class MemberChange(Input):
    """Another role in the team."""

    role: TeamRoleName


class MemberOut(Output):
    """What a person may do in a team."""

    id: int
    team: str
    email: str
    name: str
    is_active: bool
    role: str
    created_at: datetime


class InvitationIn(Input):
    """A link to make; only owners invite without a team or give a role in the organisation."""

    email: Email
    team: Slug | None = None
    team_role: TeamRoleName = "member"
    role: Literal["owner", "admin", "viewer", "member"] = "member"
    days: Annotated[int, Field(ge=1, le=invitations.MOST_DAYS)] = invitations.DAYS


class InvitationOut(Output):
    """An invitation, without its link."""

    id: int
    email: str
    team: str | None
    team_role: str | None
    role: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    revoked_at: datetime | None
    mail: str | None  # waiting, sent or failed, of its link; null: no mail server is set
    mail_error: str


class InvitationMade(InvitationOut):
    """A new invitation with its link: shown this once."""

    url: str


def _member(row: Membership) -> MemberOut:
    return MemberOut(
        id=row.pk,
        team=row.team.slug,
        email=row.user.email,
        name=row.user.name,
        is_active=row.user.is_active,
        role=row.role,
        created_at=row.created_at,
    )


def _invitation(row: Invitation) -> InvitationOut:
    return InvitationOut(
        id=row.pk,
        email=row.email,
        team=row.team.slug if row.team else None,
        team_role=row.team_role or None,
        role=row.role,
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        accepted_at=row.accepted_at,
        revoked_at=row.revoked_at,
        mail=row.mail or None,
        mail_error=row.mail_error,
    )


def _memberships(actor: Actor) -> QuerySet[Membership]:
    teams, rows = reach(actor), Membership.objects.select_related("team", "user")
    return rows if teams is None else rows.filter(team_id__in=teams)


@router.get("/members", response={200: Page[MemberOut], **REFUSALS})
def list_members(
    request: HttpRequest, team: str = "", cursor: Cursor = "", limit: Limit = 50
) -> Page[MemberOut]:
    """List who is in which team, and what they may do there; `team` keeps those of one."""
    rows = _memberships(caller(request, "read"))
    if team:
        rows = rows.filter(team__slug=team)
    return page(rows, _member, by="id", cursor=cursor, limit=limit)


@router.post("/members", response={201: MemberOut, **REFUSALS})
def add_member(request: HttpRequest, body: MemberIn) -> Status[MemberOut]:
    """Let somebody who has an account into a team; who has none, or is not known to you, is invited."""
    actor = caller(request, "manage")
    team = get_object_or_404(Team.objects.seen_by(actor), slug=body.team)
    person = get_object_or_404(User.objects.seen_by(actor), email=body.email.lower())
    return Status(201, _member(set_member(actor=actor, team=team, user=person, role=body.role)))


@router.patch("/members/{int:member_id}", response={200: MemberOut, **REFUSALS})
def change_member(request: HttpRequest, member_id: int, body: MemberChange) -> MemberOut:
    """Change what a person may do in a team."""
    actor = caller(request, "manage")
    row = get_object_or_404(_memberships(actor), pk=member_id)
    return _member(set_member(actor=actor, team=row.team, user=row.user, role=body.role))


@router.delete("/members/{int:member_id}", response={204: None, **REFUSALS})
def end_member(request: HttpRequest, member_id: int) -> Status[None]:
    """Take a person out of a team, and revoke their keys of it."""
    actor = caller(request, "call")
    row = get_object_or_404(_memberships(actor), pk=member_id)
    remove_member(actor=actor, team=row.team, user=row.user)
    return Status(204, None)


@router.get("/invitations", response={200: Page[InvitationOut], **REFUSALS})
def list_invitations(request: HttpRequest, cursor: Cursor = "", limit: Limit = 50) -> Page[InvitationOut]:
    """List the invitations of the teams that you manage, newest first."""
    actor = caller(request, "manage")
    return page(invitations.seen_by(actor), _invitation, by="-id", cursor=cursor, limit=limit)


@router.post("/invitations", response={201: InvitationMade, **REFUSALS})
def make_invitation(request: HttpRequest, body: InvitationIn) -> Status[InvitationMade]:
    """Invite a person; the link is mailed where a mail server is set, and in this answer, never again."""
    actor = caller(request, "manage")
    team = get_object_or_404(Team.objects.seen_by(actor), slug=body.team) if body.team else None
    made, token = invitations.invite(
        actor=actor,
        email=body.email,
        team=team,
        team_role=body.team_role if team else "",
        role=body.role,
        days=body.days,
    )
    url = invitations.link_address(token)
    return Status(201, InvitationMade(**_invitation(made).model_dump(), url=url))


@router.delete("/invitations/{int:invitation_id}", response={204: None, **REFUSALS})
def end_invitation(request: HttpRequest, invitation_id: int) -> Status[None]:
    """Take an invitation back; its link lets nobody in any more."""
    actor = caller(request, "manage")
    found: Invitation = get_object_or_404(invitations.seen_by(actor), pk=invitation_id)
    invitations.revoke(actor=actor, invitation=found)
    return Status(204, None)
