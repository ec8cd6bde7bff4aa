"""The organisation, its pause switch and its audit log in the management API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest
from ninja import Router
from pydantic import AwareDatetime, Field

from llmhub.audit.models import AuditEvent
from llmhub.audit.read import MOST_CHECKED, AuditFilter, check_chain, events
from llmhub.lib.rest import REFUSALS, BadQuery, Cursor, Input, Limit, Output, Page
from llmhub.people import organisation
from llmhub.people.api_access import caller
from llmhub.people.models import Organisation

router = Router()


class OrganisationOut(Output):
    """The organisation; while `paused_reason` is not empty every call is answered with 503 and it."""

    name: str
    time_zone: str
    paused_reason: str
    requires_second_factor: bool


class OrganisationChange(Input):
    """What can be changed; an empty `paused_reason` lets calls through again."""

    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    time_zone: Annotated[str, Field(max_length=64)] | None = None
    paused_reason: Annotated[str, Field(max_length=200)] | None = None
    requires_second_factor: bool | None = None


class AuditOut(Output):
    """One change of configuration."""

    id: int
    at: datetime
    actor_kind: str
    actor: str
    action: str
    object: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str


class ChainOut(Output):
    """Whether the log is whole; `head` is the hash of the last change, to be kept elsewhere."""

    whole: bool
    checked: int
    total: int
    broken_id: int | None
    head: str


def _organisation(row: Organisation) -> OrganisationOut:
    return OrganisationOut.model_validate(row, from_attributes=True)


def _event(event: AuditEvent) -> AuditOut:
    return AuditOut.model_validate(event, from_attributes=True)


@router.get("/organisation", response={200: OrganisationOut, **REFUSALS})
def show_organisation(request: HttpRequest) -> OrganisationOut:
    """Show the organisation."""
    caller(request, "view")
    return _organisation(organisation.current())


@router.patch("/organisation", response={200: OrganisationOut, **REFUSALS})
def change_organisation(request: HttpRequest, body: OrganisationChange) -> OrganisationOut:
    """Rename it, set its zone, ask everyone for a second factor, pause every call or resume."""
    actor, now = caller(request, "configure"), organisation.current()
    with transaction.atomic():
        if body.name is not None or body.time_zone is not None:
            organisation.describe(
                actor=actor, name=body.name or now.name, time_zone=body.time_zone or now.time_zone
            )
        if body.requires_second_factor is not None:
            organisation.require_second_factor(actor=actor, required=body.requires_second_factor)
        if body.paused_reason:
            organisation.pause(actor=actor, reason=body.paused_reason)
        elif body.paused_reason is not None:
            organisation.resume(actor=actor)
    return _organisation(organisation.current())


@router.get("/audit", response={200: Page[AuditOut], **REFUSALS})
def list_audit(
    request: HttpRequest,
    object: Annotated[str, Field(max_length=250)] = "",  # noqa: A002 - the word of the log itself
    action: Annotated[str, Field(max_length=60)] = "",
    actor: Annotated[str, Field(max_length=200)] = "",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[AuditOut]:
    """List changes of configuration, newest first.

    `object` keeps those of one thing (`key:5`) or kind (`key`), `action` those of one kind (`key.revoked`,
    or all of `key`). A page with fewer rows than asked for and a `next_cursor` goes on further back.
    """
    caller(request, "view")
    wanted = AuditFilter(actor=actor, action=action, subject=object, since=since, until=until)
    try:
        found = events(wanted, after=cursor, limit=limit)
    except ValueError as wrong:
        raise BadQuery(str(wrong)) from wrong
    return Page(data=[_event(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/audit/chain", response={200: ChainOut, **REFUSALS})
def check_audit(request: HttpRequest) -> ChainOut:
    """Check that each of the newest changes fits the hash of the one before; the command checks all."""
    caller(request, "view")
    chain = check_chain(most=MOST_CHECKED)
    return ChainOut(
        whole=chain.is_whole,
        checked=chain.checked,
        total=chain.total,
        broken_id=chain.broken_id,
        head=chain.head,
    )
