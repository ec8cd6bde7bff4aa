"""Teams, people and service keys in the management API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status
from pydantic import AwareDatetime, Field

from llmhub.lib.rest import REFUSALS, Cursor, Input, Limit, Output, Page, page
from llmhub.people.api_access import caller
from llmhub.people.models import ServiceKey, Team, User
from llmhub.people.person import (
    activate_user,
    change_role,
    create_user,
    deactivate_user,
    make_link,
    sign_in_address,
)
from llmhub.people.profile import set_time_zone
from llmhub.people.scopes import SCOPES
from llmhub.people.service_key import create_service_key, revoke_service_key
from llmhub.people.team import create_team, rename_team

router = Router()
Name = Annotated[str, Field(min_length=1, max_length=100)]
RoleName = Literal["owner", "admin", "viewer", "member"]


class TeamIn(Input):
    """A team to make; the short name is made from the name unless it is given."""

    name: Name
    slug: Annotated[str, Field(max_length=64)] = ""


class TeamOut(Output):
    """A team."""

    slug: str
    name: str
    created_at: datetime


class TeamChange(Input):
    """Another name for a team; its short name stays."""

    name: Name


class UserIn(Input):
    """A person to invite."""

    email: Annotated[str, Field(max_length=254)]
    name: Annotated[str, Field(max_length=100)] = ""
    role: RoleName = "viewer"


class UserOut(Output):
    """A person."""

    id: int
    email: str
    name: str
    role: str
    is_active: bool
    time_zone: str  # of what they see; "": the organisation's


class UserChange(Input):
    """What can be changed of a person; deactivating signs them out everywhere and stops their keys."""

    role: RoleName | None = None
    is_active: bool | None = None
    time_zone: Annotated[str, Field(max_length=64, description='"": the organisation\'s')] | None = None


class LinkMade(Output):
    """A one-time sign-in link: shown this once."""

    url: str


class ServiceKeyIn(Input):
    """A service key to make."""

    name: Name
    team: (
        Annotated[str, Field(max_length=64, description="its short name; null: the organisation")] | None
    ) = None
    role: Annotated[
        Literal["owner", "admin", "viewer", "manager", "member"],
        Field(description="with a team: manager, member or viewer in it; without: owner, admin or viewer"),
    ] = "viewer"
    scopes: Annotated[
        list[Annotated[str, Field(max_length=40)]],
        Field(max_length=len(SCOPES), description=f"none: all that its role allows; of {', '.join(SCOPES)}"),
    ] = []
    expires_at: AwareDatetime | None = None


class ServiceKeyOut(Output):
    """A service key, without its text."""

    id: int
    name: str
    prefix: str
    team: str | None
    role: str
    scopes: list[str]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class ServiceKeyMade(ServiceKeyOut):
    """A new service key with its text: shown this once."""

    key: str


def _team(team: Team) -> TeamOut:
    return TeamOut(slug=team.slug, name=team.name, created_at=team.created_at)


def _user(user: User) -> UserOut:
    return UserOut.model_validate({name: getattr(user, name) for name in UserOut.model_fields})


def _service_key(key: ServiceKey) -> ServiceKeyOut:
    return ServiceKeyOut(
        id=key.pk,
        name=key.name,
        prefix=key.prefix,
        team=key.team.slug if key.team else None,
        role=key.team_role or key.role,
        scopes=key.scopes,
        created_by=key.created_by,
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
    )


@router.get("/teams", response={200: Page[TeamOut], **REFUSALS})
def list_teams(request: HttpRequest, cursor: Cursor = "", limit: Limit = 50) -> Page[TeamOut]:
    """List the teams that you may read by short name."""
    return page(Team.objects.seen_by(caller(request, "read")), _team, by="slug", cursor=cursor, limit=limit)


@router.post("/teams", response={201: TeamOut, **REFUSALS})
def make_team(request: HttpRequest, body: TeamIn) -> Status[TeamOut]:
    """Make a team."""
    actor = caller(request, "configure")
    return Status(201, _team(create_team(actor=actor, name=body.name, slug=body.slug)))


@router.get("/teams/{slug}", response={200: TeamOut, **REFUSALS})
def show_team(request: HttpRequest, slug: str) -> TeamOut:
    """Show one team."""
    return _team(get_object_or_404(Team.objects.seen_by(caller(request, "read")), slug=slug))


@router.patch("/teams/{slug}", response={200: TeamOut, **REFUSALS})
def change_team(request: HttpRequest, slug: str, body: TeamChange) -> TeamOut:
    """Give a team another name."""
    actor = caller(request, "configure")
    return _team(rename_team(actor=actor, team=get_object_or_404(Team, slug=slug), name=body.name))


@router.get("/people", response={200: Page[UserOut], **REFUSALS})
def list_people(request: HttpRequest, cursor: Cursor = "", limit: Limit = 50) -> Page[UserOut]:
    """List the people of the organisation by e-mail address."""
    caller(request, "configure")
    return page(User.objects.all(), _user, by="email", cursor=cursor, limit=limit)


@router.post("/people", response={201: UserOut, **REFUSALS})
def make_person(request: HttpRequest, body: UserIn) -> Status[UserOut]:
    """Invite a person; a one-time sign-in link is made by `llmhub user link` or on the People page."""
    actor = caller(request, "own")
    return Status(201, _user(create_user(actor=actor, email=body.email, name=body.name, role=body.role)))


@router.patch("/people/{person_id}", response={200: UserOut, **REFUSALS})
def change_person(request: HttpRequest, person_id: int, body: UserChange) -> UserOut:
    """Change a person's role, or whether they may sign in; with it their gateway keys stop and go on."""
    actor, person = caller(request, "own"), get_object_or_404(User, pk=person_id)
    with transaction.atomic():
        if body.role is not None:
            change_role(actor=actor, user=person, role=body.role)
        if body.is_active is not None:
            (activate_user if body.is_active else deactivate_user)(actor=actor, user=person)
        if body.time_zone is not None:
            set_time_zone(actor=actor, user=person, time_zone=body.time_zone)
    return _user(User.objects.get(pk=person_id))


@router.post("/people/{person_id}/links", response={201: LinkMade, **REFUSALS})
def make_sign_in_link(request: HttpRequest, person_id: int) -> Status[LinkMade]:
    """Make a link that signs a person in once, within the hour; earlier ones end."""
    actor = caller(request, "own")
    person = get_object_or_404(User, pk=person_id, is_active=True)
    return Status(201, LinkMade(url=sign_in_address(make_link(actor=actor, user=person))))


@router.get("/service-keys", response={200: Page[ServiceKeyOut], **REFUSALS})
def list_service_keys(request: HttpRequest, cursor: Cursor = "", limit: Limit = 50) -> Page[ServiceKeyOut]:
    """List the service keys that you may revoke, newest first."""
    keys = ServiceKey.objects.seen_by(caller(request, "manage")).select_related("team")
    return page(keys, _service_key, by="-id", cursor=cursor, limit=limit)


@router.post("/service-keys", response={201: ServiceKeyMade, **REFUSALS})
def make_service_key(request: HttpRequest, body: ServiceKeyIn) -> Status[ServiceKeyMade]:
    """Make a service key, which never reaches further than you; its text is in this answer only."""
    actor = caller(request, "manage")
    team = get_object_or_404(Team.objects.seen_by(actor), slug=body.team) if body.team else None
    wanted = body.model_dump(exclude={"team"})
    key, token = create_service_key(actor=actor, team=team, **wanted)
    return Status(201, ServiceKeyMade(**_service_key(key).model_dump(), key=token))


@router.delete("/service-keys/{key_id}", response={204: None, **REFUSALS})
def end_service_key(request: HttpRequest, key_id: int) -> Status[None]:
    """Revoke a service key."""
    actor = caller(request, "manage")
    revoke_service_key(actor=actor, key=get_object_or_404(ServiceKey.objects.seen_by(actor), pk=key_id))
    return Status(204, None)
