"""The inbox of discovery in the management API: events, decisions, rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status
from pydantic import Field

from catalog import inbox
from catalog.discovery_models import CatalogEvent, InboxRule
from catalog.event_rows import chosen, event_rows
from catalog.inbox_shapes import EventOut, RuleOut, event_out, rule_out
from catalog.listing_diff import Kind
from catalog.rule_book import remove_rule, set_rule
from llmhub.audit.actor import Actor
from llmhub.lib.rest import REFUSALS, Cursor, Input, Limit, Output, Page, page
from llmhub.people.api_access import caller
from providers.credential_api import find_provider

router = Router()
Slug = Annotated[str, Field(max_length=64)]
EventId = Annotated[int, Field(ge=1, lt=2**63)]


class EventsIn(Input):
    """Events to decide on in one call."""

    ids: Annotated[list[EventId], Field(min_length=1, max_length=200)]


class DecidedOut(Output):
    """What became of several decisions: each stands or falls for itself."""

    done: list[int]
    refused: list[str]


class RuleIn(Input):
    """What is decided on events of a kind from the next run on; no provider: of any."""

    kind: Kind
    action: Literal["accept", "ignore", "hold"]
    provider: Slug | None = None


def _event(event_id: int) -> CatalogEvent:
    return get_object_or_404(CatalogEvent, pk=event_id)


def _out(event: CatalogEvent) -> EventOut:
    return event_out(event_rows([event])[0])


@router.get("/inbox", response={200: Page[EventOut], **REFUSALS})
def list_events(
    request: HttpRequest,
    state: Literal["open", "decided", "all"] = "open",
    kind: Kind | Literal[""] = "",
    provider: Slug = "",
    about: Literal["", "curated", "discovered"] = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[EventOut]:
    """List what happened to listed models, the newest first; `about` curated or discovered ones."""
    caller(request, "view")
    rows = chosen(state=state, kind=kind, provider=provider, about=about)
    screen = page(rows, lambda event: event, by="-id", cursor=cursor, limit=limit)
    return Page(data=list(map(event_out, event_rows(screen.data))), next_cursor=screen.next_cursor)


@router.post("/inbox/{int:event_id}/accept", response={200: EventOut, **REFUSALS})
def accept(request: HttpRequest, event_id: int) -> EventOut:
    """Write what the event says into the catalog.

    A discovered model that is new is promoted; a price that is no longer said ends.
    """
    return _out(inbox.accept(actor=caller(request, "configure"), event=_event(event_id)))


@router.post("/inbox/{int:event_id}/ignore", response={200: EventOut, **REFUSALS})
def ignore(request: HttpRequest, event_id: int) -> EventOut:
    """Leave the catalog as it is; a price that is no longer said stays in force."""
    return _out(inbox.ignore(actor=caller(request, "configure"), event=_event(event_id)))


@router.post("/inbox/accept", response={200: DecidedOut, **REFUSALS})
def accept_some(request: HttpRequest, body: EventsIn) -> DecidedOut:
    """Accept several events; one that is refused keeps none of the others back."""
    return _decide(inbox.accept_all, caller(request, "configure"), body.ids)


@router.post("/inbox/ignore", response={200: DecidedOut, **REFUSALS})
def ignore_some(request: HttpRequest, body: EventsIn) -> DecidedOut:
    """Ignore several events."""
    return _decide(inbox.ignore_all, caller(request, "configure"), body.ids)


def _decide(decide: Callable[..., inbox.Decided], actor: Actor, ids: list[int]) -> DecidedOut:
    there = CatalogEvent.objects.in_bulk(ids)
    found = decide(actor=actor, events=there.values())
    unknown = [f"no event {id_}: see GET /api/v1/inbox" for id_ in ids if id_ not in there]
    return DecidedOut(done=[event.pk for event in found.done], refused=[*found.refused, *unknown])


@router.get("/inbox/rules", response={200: Page[RuleOut], **REFUSALS})
def list_rules(request: HttpRequest, cursor: Cursor = "", limit: Limit = 50) -> Page[RuleOut]:
    """List the rules of the inbox, the oldest first."""
    caller(request, "view")
    rows = InboxRule.objects.select_related("provider")
    return page(rows, rule_out, by="id", cursor=cursor, limit=limit)


@router.post("/inbox/rules", response={201: RuleOut, **REFUSALS})
def make_rule(request: HttpRequest, body: RuleIn) -> Status[RuleOut]:
    """Decide on events of a kind without asking; a rule for the same kind and provider is replaced."""
    actor = caller(request, "configure")
    provider = find_provider(body.provider) if body.provider else None
    return Status(
        201, rule_out(set_rule(actor=actor, kind=body.kind.value, action=body.action, provider=provider))
    )


@router.delete("/inbox/rules/{int:rule_id}", response={204: None, **REFUSALS})
def end_rule(request: HttpRequest, rule_id: int) -> Status[None]:
    """Take a rule away: from the next run on a person is asked again."""
    remove_rule(actor=caller(request, "configure"), rule=get_object_or_404(InboxRule, pk=rule_id))
    return Status(204, None)
