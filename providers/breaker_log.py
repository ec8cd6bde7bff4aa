"""What breakers did and how they stand: rows that gateways write beside their calls, and everybody reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.people.roles import require
from providers.breaker_change import Change
from providers.breaker_models import BreakerEvent

KEPT = timedelta(days=30)
MOST = 100_000  # rows
_AT_ONCE = 500  # deleted in one transaction: a gateway waits no longer than that
_State = BreakerEvent.State


def write(process: str, changes: Sequence[Change]) -> None:
    """Keep what a process saw."""
    BreakerEvent.objects.bulk_create(_row(process, change) for change in changes)


def _row(process: str, change: Change) -> BreakerEvent:
    opens = timedelta(seconds=change.open_seconds)
    return BreakerEvent(
        target_id=change.key[0],
        base_url=change.key[1],
        process=process,
        at=change.at,
        before=change.before,
        after=change.after,
        reason=change.reason,
        failures=change.failures,
        calls=change.calls,
        failed=change.failed,
        open_until=change.at + opens if opens else None,
        times_opened=change.times_opened,
        error_code=change.error_code,
        http_status=change.http_status,
    )


def newest(target_ids: Iterable[int] | None = None, *, after: str = "") -> dict[int, BreakerEvent]:
    """Return the last event of each offer, of these where they are given, into one state if named."""
    rows = BreakerEvent.objects.order_by()
    if target_ids is not None:
        rows = rows.filter(target_id__in=list(target_ids))
    if after:
        rows = rows.filter(after=after)
    last = rows.values("target_id").annotate(last=Max("pk")).values("last")
    return {row.target_id: row for row in BreakerEvent.objects.filter(pk__in=last)}


def state_of(event: BreakerEvent | None, *, base_url: str, now: datetime) -> BreakerEvent.State:
    """Return how the breaker of an offer at this address stands, by its last event."""
    if event is None or event.base_url != base_url or event.after == _State.CLOSED:
        return _State.CLOSED
    is_over = event.open_until is None or event.open_until <= now
    return _State.HALF_OPEN if is_over else _State.OPEN


def waits(target_ids: Iterable[int], now: datetime) -> dict[tuple[int, str], float]:
    """Return the offers that no call goes to now, by id and address, with the seconds until one may."""
    return {
        (event.target_id, event.base_url): (event.open_until - now).total_seconds()
        for event in newest(target_ids).values()
        if event.after == _State.OPEN and event.open_until is not None and event.open_until > now
    }


@transaction.atomic
def close_by_hand(
    *, actor: Actor, target_id: int, base_url: str, about: str, told: Mapping[str, str]
) -> BreakerEvent:
    """Let calls through again; every gateway hears of it with its next look at the configuration.

    `about` and `told` say in the audit log which offer it is. Raises `ValidationError` where the
    breaker is closed.
    """
    require(actor, "configure")
    now = clock.now()
    last = newest([target_id]).get(target_id)
    state = state_of(last, base_url=base_url, now=now)
    if last is None or state == _State.CLOSED:
        raise ValidationError("its breaker is closed: calls go there already")
    made = BreakerEvent.objects.create(
        target_id=target_id,
        base_url=base_url,
        at=now,
        before=state,
        after=_State.CLOSED,
        reason=BreakerEvent.Reason.BY_HAND,
        failures=last.failures,
        times_opened=last.times_opened,
        error_code=last.error_code,
        http_status=last.http_status,
        by=actor.label[:200],
    )
    before = {**told, "state": state.value}
    log.record(actor, "breaker.closed", about, before=before, after={**told, "state": _State.CLOSED.value})
    return made


def closed_by_hand(*, after: int) -> list[BreakerEvent]:
    """Return what people closed since the event of this id, the oldest first."""
    rows = BreakerEvent.objects.filter(pk__gt=after, reason=BreakerEvent.Reason.BY_HAND)
    return list(rows.order_by("pk"))


def last_id() -> int:
    """Return the id of the newest event."""
    return BreakerEvent.objects.aggregate(last=Max("pk"))["last"] or 0


def forget(now: datetime) -> int:
    """Delete the oldest events, beyond their time or their number; return how many."""
    old = BreakerEvent.objects.filter(at__lt=now - KEPT) | BreakerEvent.objects.filter(
        pk__lte=last_id() - MOST
    )
    found = list(old.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE])
    BreakerEvent.objects.filter(pk__in=found).delete()
    return len(found)
