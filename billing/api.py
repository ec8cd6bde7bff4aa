"""Gateway keys in the management API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status
from pydantic import AwareDatetime, Field

from billing.key import MAX_RATE, assign_key, create_key, pause_key, revoke_key, set_rates
from billing.models import ApiKey
from llmhub.audit.actor import Actor
from llmhub.lib.rest import REFUSALS, Cursor, Input, Limit, Output, Page, page
from llmhub.people.api_access import caller
from llmhub.people.models import Team, User

router = Router()

Email = Annotated[str, Field(max_length=254, description="e-mail address; null: a service")]
Rate = Annotated[int, Field(ge=1, le=MAX_RATE)]


class KeyIn(Input):
    """A gateway key to make."""

    team: Annotated[str, Field(max_length=64, description="short name of the team")]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    person: Email | None = None
    expires_at: AwareDatetime | None = None
    requests_per_minute: Rate | None = None
    tokens_per_minute: Rate | None = None


class KeyChange(Input):
    """What can be changed of a key; what is not given stays.

    A reason pauses it, an empty one lets it call again. A rate of null is no limit, a person of null
    makes it a service's.
    """

    person: Email | None = None
    paused_reason: Annotated[str, Field(max_length=200)] = ""
    requests_per_minute: Rate | None = None
    tokens_per_minute: Rate | None = None


class KeyOut(Output):
    """A gateway key, without its text."""

    id: int
    team: str
    person: str | None
    name: str
    prefix: str
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    paused_reason: str
    requests_per_minute: int | None
    tokens_per_minute: int | None
    allowed_models: list[str]  # none: every model
    allowed_providers: list[str]  # none: every provider
    old_text_until: datetime | None  # after a rotation


class KeyMade(KeyOut):
    """A new gateway key with its text: shown this once."""

    key: str


def key_out(key: ApiKey) -> KeyOut:
    """Return a key as programs read it."""
    return KeyOut(
        id=key.pk,
        team=key.team.slug,
        person=key.person.email if key.person else None,
        name=key.name,
        prefix=key.prefix,
        created_by=key.created_by,
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        paused_reason=key.paused_reason,
        requests_per_minute=key.requests_per_minute,
        tokens_per_minute=key.tokens_per_minute,
        allowed_models=key.allowed_models,
        allowed_providers=key.allowed_providers,
        old_text_until=key.old_until,
    )


def _rates(key: ApiKey, body: KeyChange) -> dict[str, int | None]:
    """Return the rates after a change: those that were not given are as they were."""
    names = ("requests_per_minute", "tokens_per_minute")
    return {name: getattr(body if name in body.model_fields_set else key, name) for name in names}


def found_key(actor: Actor, key_id: int) -> ApiKey:
    """Return a key that `actor` may see by its id. Raises `Http404`."""
    return get_object_or_404(ApiKey.objects.seen_by(actor).select_related("team", "person"), pk=key_id)


def _person(actor: Actor, email: str | None) -> User | None:
    return None if email is None else get_object_or_404(User.objects.seen_by(actor), email=email.lower())


@router.get("/keys", response={200: Page[KeyOut], **REFUSALS})
def list_keys(
    request: HttpRequest, team: str = "", person: str = "", cursor: Cursor = "", limit: Limit = 50
) -> Page[KeyOut]:
    """List gateway keys, newest first; `team` and `person` keep those of one."""
    keys = ApiKey.objects.seen_by(caller(request, "read")).select_related("team", "person")
    if person:
        keys = keys.filter(person__email=person.lower())
    if team:
        keys = keys.filter(team__slug=team)
    return page(keys, key_out, by="-id", cursor=cursor, limit=limit)


@router.post("/keys", response={201: KeyMade, **REFUSALS})
def make_key(request: HttpRequest, body: KeyIn) -> Status[KeyMade]:
    """Make a gateway key; its text is in this answer and never again."""
    actor = caller(request, "call")
    team = get_object_or_404(Team.objects.seen_by(actor), slug=body.team)
    wanted = body.model_dump(exclude={"team", "person"})
    key, token = create_key(actor=actor, team=team, person=_person(actor, body.person), **wanted)
    return Status(201, KeyMade(**key_out(key).model_dump(), key=token))


@router.patch("/keys/{key_id}", response={200: KeyOut, **REFUSALS})
def change_key(request: HttpRequest, key_id: int, body: KeyChange) -> KeyOut:
    """Pause a key with a reason, let it call again with an empty one, change its person or its rates."""
    actor, given = caller(request, "manage"), body.model_fields_set
    key = found_key(actor, key_id)
    with transaction.atomic():
        if "paused_reason" in given:
            pause_key(actor=actor, key=key, reason=body.paused_reason)
        if "person" in given:
            assign_key(actor=actor, key=key, person=_person(actor, body.person))
        if given - {"paused_reason", "person"}:
            set_rates(actor=actor, key=key, **_rates(key, body))
    return key_out(found_key(actor, key_id))


@router.delete("/keys/{key_id}", response={204: None, **REFUSALS})
def end_key(request: HttpRequest, key_id: int) -> Status[None]:
    """Revoke a key for good; calls with it are refused within seconds."""
    actor = caller(request, "call")
    revoke_key(actor=actor, key=found_key(actor, key_id))
    return Status(204, None)
