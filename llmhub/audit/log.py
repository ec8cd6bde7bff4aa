"""Write and check the audit log.

Every change of configuration calls `record` inside its own transaction. Writers are serial,
so ids rise in commit order and the last id is the version of the whole configuration.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import connection

from llmhub.audit.actor import Actor
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock

GENESIS = "0" * 64
_LOCK = 7_205_759_403  # any number of our own: the Postgres advisory lock of the chain


def record(
    actor: Actor,
    action: str,
    subject: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEvent:
    """Append one event. Values must be free of secrets.

    Raises `RuntimeError` outside a transaction: change and event stand or fall together.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("audit.record() belongs inside the transaction of the change")
    _wait_for_turn()
    last = AuditEvent.objects.order_by("-id").values_list("hash", flat=True).first()
    event = AuditEvent(
        at=clock.now(),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor=actor.label,
        action=action,
        object=subject,
        before=before,
        after=after,
        previous_hash=last or GENESIS,
    )
    event.hash = _hash(event)
    event.save()
    return event


def _wait_for_turn() -> None:
    """Make writers of the chain serial; SQLite's immediate transactions already are."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _hash(event: AuditEvent) -> str:
    content = [
        event.previous_hash,
        event.at.isoformat(),
        event.actor_kind,
        event.actor_id,
        event.actor,
        event.action,
        event.object,
        event.before,
        event.after,
    ]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def first_broken_link(*, since: int = 0) -> int | None:
    """Return the id of the first event whose hash does not fit, or None when the chain is whole.

    With `since`, only the events from this id on are looked at, and the one before them is taken as it is.
    """
    before = AuditEvent.objects.filter(id__lt=since).order_by("-id").values_list("hash", flat=True).first()
    previous = before or GENESIS
    for event in AuditEvent.objects.filter(id__gte=since).order_by("id").iterator(chunk_size=500):
        if event.previous_hash != previous or event.hash != _hash(event):
            return event.pk
        previous = event.hash
    return None
