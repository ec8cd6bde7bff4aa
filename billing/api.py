"""Gateway keys in the management API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status
from pydantic import AwareDatetime, Field

from billing.key import create_key, pause_key, revoke_key
from billing.models import ApiKey
from llmhub.lib.rest import REFUSALS, Cursor, Input, Limit, Output, Page, page
from llmhub.people.api_access import caller
from llmhub.people.models import Team

router = Router()


class KeyIn(Input):
    """A gateway key to make."""

    team: Annotated[str, Field(max_length=64, description="short name of the team")]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    expires_at: AwareDatetime | None = None


class KeyChange(Input):
    """What can be changed of a key: a reason pauses it, an empty one lets it call again."""

    paused_reason: Annotated[str, Field(max_length=200)]


class KeyOut(Output):
    """A gateway key, without its text."""

    id: int
    team: str
    name: str
    prefix: str
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    paused_reason: str


class KeyMade(KeyOut):
    """A new gateway key with its text: shown this once."""

    key: str


def _key(key: ApiKey) -> KeyOut:
    return KeyOut(
        id=key.pk,
        team=key.team.slug,
        name=key.name,
        prefix=key.prefix,
        created_by=key.created_by,
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        paused_reason=key.paused_reason,
    )


def _found(key_id: int) -> ApiKey:
    return get_object_or_404(ApiKey.objects.select_related("team"), pk=key_id)


@router.get("/keys", response={200: Page[KeyOut], **REFUSALS})
def list_keys(request: HttpRequest, team: str = "", cursor: Cursor = "", limit: Limit = 50) -> Page[KeyOut]:
    """List gateway keys, newest first; `team` keeps those of one team."""
    caller(request, "view")
    keys = ApiKey.objects.select_related("team")
    if team:
        keys = keys.filter(team__slug=team)
    return page(keys, _key, by="-id", cursor=cursor, limit=limit)


@router.post("/keys", response={201: KeyMade, **REFUSALS})
def make_key(request: HttpRequest, body: KeyIn) -> Status[KeyMade]:
    """Make a gateway key; its text is in this answer and never again."""
    actor = caller(request, "configure")
    team = get_object_or_404(Team, slug=body.team)
    key, token = create_key(actor=actor, team=team, name=body.name, expires_at=body.expires_at)
    return Status(201, KeyMade(**_key(key).model_dump(), key=token))


@router.patch("/keys/{key_id}", response={200: KeyOut, **REFUSALS})
def change_key(request: HttpRequest, key_id: int, body: KeyChange) -> KeyOut:
    """Pause a key with a reason, or let it call again with an empty one."""
    actor = caller(request, "configure")
    pause_key(actor=actor, key=_found(key_id), reason=body.paused_reason)
    return _key(_found(key_id))


@router.delete("/keys/{key_id}", response={204: None, **REFUSALS})
def end_key(request: HttpRequest, key_id: int) -> Status[None]:
    """Revoke a key for good; calls with it are refused within seconds."""
    actor = caller(request, "configure")
    revoke_key(actor=actor, key=_found(key_id))
    return Status(204, None)
