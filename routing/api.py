"""What a key can reach, and what an event of the inbox touches, in the management API."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router
from pydantic import Field

from billing.models import ApiKey
from billing.spend import Figures
from catalog.event_rows import event_rows, events
from catalog.inbox_shapes import EventOut, event_out
from llmhub.lib import clock, money
from llmhub.lib.rest import REFUSALS, Input, Output
from llmhub.people.api_access import caller
from routing.key_check import check_key, check_one
from routing.key_verdict import Verdict
from routing.touches import Touches, touches

router = Router()


class KeyTestIn(Input):
    """The text of a gateway key; it is looked up by its digest and not kept."""

    key: Annotated[str, Field(min_length=1, max_length=200, json_schema_extra={"writeOnly": True})]


class NotNowOut(Output):
    """Models that cannot be called for one and the same reason."""

    why: str
    models: list[str]


class VerdictOut(Output):
    """What a key can do now; an empty `problem`: calls with it are let through."""

    problem: str
    team: str | None
    models: list[str]
    not_now: list[NotNowOut]


@router.post("/key-tests", response={200: VerdictOut, **REFUSALS})
def test_key(request: HttpRequest, body: KeyTestIn) -> VerdictOut:
    """Say what a key can do now, without a call to any provider."""
    actor = caller(request, "read")
    return _verdict(check_key(body.key, by=actor))


@router.get("/keys/{int:key_id}/models", response={200: VerdictOut, **REFUSALS})
def models_of_key(request: HttpRequest, key_id: int) -> VerdictOut:
    """Say what a key can call now, and what keeps it from the rest."""
    actor = caller(request, "read")
    return _verdict(check_one(get_object_or_404(ApiKey.objects.seen_by(actor), pk=key_id)))


def _verdict(verdict: Verdict) -> VerdictOut:
    return VerdictOut(
        problem=verdict.problem,
        team=verdict.caller.team_slug if verdict.caller else None,
        models=list(verdict.models),
        not_now=[NotNowOut(why=group.why, models=list(group.models)) for group in verdict.not_now],
    )


class CallsOut(Output):
    """Calls of the last 30 days; `unpriced` of them are of unknown cost and not in `spend`."""

    requests: int
    spend: str
    unpriced: int


class KeyTouchedOut(Output):
    """A key that called the model: all its calls to it, and those that the event's provider answered."""

    id: int
    name: str
    team: str
    all: CallsOut
    here: CallsOut


class TouchesOut(Output):
    """What depends on the model of an event."""

    aliases: list[str]
    routes: list[str]  # that list it
    keys: list[KeyTouchedOut]
    all: CallsOut
    here: CallsOut


class EventDetailOut(EventOut):
    """An event, with what it touches."""

    touches: TouchesOut


@router.get("/inbox/{int:event_id}", response={200: EventDetailOut, **REFUSALS})
def show_event(request: HttpRequest, event_id: int) -> EventDetailOut:
    """Show one event of the inbox, with the names, keys and spend that it touches."""
    caller(request, "view")
    event = get_object_or_404(events(), pk=event_id)
    shown = event_out(event_rows([event])[0])
    return EventDetailOut(**shown.model_dump(), touches=touches_out(touches(event, now=clock.now())))


def touches_out(found: Touches) -> TouchesOut:
    """Return what an event touches as programs read it."""
    keys = [
        KeyTouchedOut(
            id=row.key.pk,
            name=row.key.name,
            team=row.key.team.slug,
            all=_calls(row.all),
            here=_calls(row.here),
        )
        for row in found.keys
    ]
    return TouchesOut(
        aliases=list(found.aliases),
        routes=list(found.routes),
        keys=keys,
        all=_calls(found.all),
        here=_calls(found.here),
    )


def _calls(of: Figures) -> CallsOut:
    return CallsOut(requests=of.requests, spend=money.text(of.spend_nano), unpriced=of.unpriced)
