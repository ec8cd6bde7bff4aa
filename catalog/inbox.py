"""Decide on events of the inbox: accept what a list says, or leave the catalog as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from catalog.discovery_models import CatalogEvent
from catalog.inbox_write import write
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.people.roles import require
from providers.provider import subject

_STATE = CatalogEvent.State


@dataclass(frozen=True)
class Decided:
    """What became of several decisions at once: each stands or falls for itself."""

    done: tuple[CatalogEvent, ...]
    refused: tuple[str, ...]  # one sentence for each


@transaction.atomic
def accept(*, actor: Actor, event: CatalogEvent, by: str = "") -> CatalogEvent:
    """Write what an event says into the catalog: exactly the values that it shows.

    A discovered model that is new is promoted. `by` names a rule. Raises `ValidationError` on an
    event that is no longer open, and on what cannot be written.
    """
    require(actor, "configure")
    event = _open(event)
    write(actor, event, by=by)
    return _decide(actor, event, _STATE.ACCEPTED, by)


@transaction.atomic
def ignore(*, actor: Actor, event: CatalogEvent, by: str = "") -> CatalogEvent:
    """Leave the catalog as it is. Raises `ValidationError` on an event that is no longer open."""
    require(actor, "configure")
    return _decide(actor, _open(event), _STATE.IGNORED, by)


def accept_all(*, actor: Actor, events: Iterable[CatalogEvent]) -> Decided:
    """Accept events one after the other; one that is refused keeps none of the others back."""
    return _all(accept, actor, events)


def ignore_all(*, actor: Actor, events: Iterable[CatalogEvent]) -> Decided:
    """Ignore events one after the other; one that is refused keeps none of the others back."""
    return _all(ignore, actor, events)


def _all(decide: Callable[..., CatalogEvent], actor: Actor, events: Iterable[CatalogEvent]) -> Decided:
    require(actor, "configure")
    done, refused = [], []
    for event in sorted(events, key=lambda one: one.pk):  # what happened first is written first
        try:
            done.append(decide(actor=actor, event=event))
        except ValidationError as error:
            refused.append(f"{event.upstream_id}: {' '.join(error.messages)}")
    return Decided(tuple(done), tuple(refused))


def _open(event: CatalogEvent) -> CatalogEvent:
    """Return the event as it is now, locked. Raises `ValidationError` unless it waits for a decision."""
    rows = CatalogEvent.objects.select_for_update(of=("self",)).select_related("provider", "entry")
    event = rows.get(pk=event.pk)
    if event.state == _STATE.SUPERSEDED:
        raise ValidationError("a later event about the same has taken its place: decide on that one")
    if event.state == _STATE.APPLIED:
        raise ValidationError("it was applied by itself: there is nothing to decide")
    if event.state != _STATE.OPEN:
        raise ValidationError(f"{event.decided_by or 'somebody'} has {event.state} it already")
    return event


def _decide(actor: Actor, event: CatalogEvent, state: CatalogEvent.State, by: str) -> CatalogEvent:
    event.state, event.decided_at = state, clock.now()
    event.decided_by = (by or actor.label)[:200]
    event.save(update_fields=["state", "decided_at", "decided_by"])
    told = {"event": event.pk, "kind": event.kind, "upstream_id": event.upstream_id}
    about = f"model:{event.entry.slug}" if event.entry else subject(event.provider)
    after = {**told, **({"by": by} if by else {}), **event.after}
    log.record(actor, f"inbox.{state.value}", about, before=event.before or None, after=after)
    return event
