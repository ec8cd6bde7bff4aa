"""The outbox: a message is a row, written with its transition; workers take turns at sending it.

Whoever claims a row has it for a while; a worker that dies leaves it to the next one, which sends it
with the same id. So a message goes out at least once, and once where nothing dies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from django.db.models import Exists, F, OuterRef, Q

from llmhub.alerts import owners
from llmhub.alerts.models import Channel, Delivery, Transition
from llmhub.lib import clock

LEASE = timedelta(minutes=2)  # longer than any sending takes
BACKOFF = (10, 30, 120, 600, 1800, 3600, 7200, 14400, 28800)  # seconds after each attempt that failed
_STATE = Delivery.State


def tell(transition: Transition) -> None:
    """Write a message for each channel that wants to be told; inside the transaction of the transition."""
    owners.see_to_channel()
    _write(transition, [row for row in Channel.objects.in_use() if row.wants(transition.alert)])


def tell_those_told(transition: Transition) -> None:
    """Write a message for each channel that was told that the alert fires."""
    told = Delivery.objects.filter(transition__alert=transition.alert).values("channel")
    _write(transition, Channel.objects.in_use().filter(pk__in=told))


def write_test(channel: Channel) -> Delivery:
    """Write a message that says nothing but that the channel works."""
    now = clock.now()
    return Delivery.objects.create(channel=channel, message_id=_new_id(), next_at=now, created_at=now)


def _write(transition: Transition, channels: Iterable[Channel]) -> None:
    rows = [
        Delivery(
            channel=channel,
            transition=transition,
            message_id=_new_id(),
            next_at=transition.at,
            created_at=transition.at,
        )
        for channel in channels
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)


def _new_id() -> str:
    return f"msg_{uuid4().hex}"


def claim(now: datetime, *, limit: int) -> list[Delivery]:
    """Take messages that are due, oldest first; what another worker has is left to it."""
    earlier = Delivery.objects.filter(
        channel=OuterRef("channel"),
        transition__alert=OuterRef("transition__alert"),
        id__lt=OuterRef("id"),
        state=_STATE.WAITING,
    )  # "resolved" never overtakes "firing"
    due = Delivery.objects.filter(_free(now), ~Exists(earlier), state=_STATE.WAITING, next_at__lte=now)
    return [row for row in due.order_by("id")[:limit] if take(row, now)]


def take(row: Delivery, now: datetime) -> bool:
    """Claim one message as it was read; of several workers that try, one gets it."""
    same = Delivery.objects.filter(_free(now), pk=row.pk, state=_STATE.WAITING, attempts=row.attempts)
    if not same.update(attempts=F("attempts") + 1, leased_until=now + LEASE):
        return False
    row.attempts += 1
    return True


def _free(now: datetime) -> Q:
    return Q(leased_until=None) | Q(leased_until__lt=now)


def sent(row: Delivery, now: datetime) -> None:
    """Say that a claimed message was taken."""
    _mine(row, state=_STATE.SENT, ended_at=now, error="")


def not_sent(row: Delivery, error: str, now: datetime, *, for_good: bool = False) -> None:
    """Say why a claimed message was not taken; it is sent again later, unless that is of no use."""
    if for_good or row.attempts > len(BACKOFF):
        _mine(row, state=_STATE.FAILED, ended_at=now, error=error[:300])
        return
    wait = timedelta(seconds=BACKOFF[row.attempts - 1])
    _mine(row, state=_STATE.WAITING, next_at=now + wait, error=error[:300])


def _mine(row: Delivery, **values: object) -> None:
    """Write what became of it, unless the claim ran out and another worker has it."""
    Delivery.objects.filter(pk=row.pk, attempts=row.attempts, state=_STATE.WAITING).update(
        leased_until=None, **values
    )


def send_again(rows: Sequence[Delivery], now: datetime) -> int:
    """Let messages that were given up be sent anew, with their old ids; return how many."""
    return Delivery.objects.filter(pk__in=[row.pk for row in rows], state=_STATE.FAILED).update(
        state=_STATE.WAITING, attempts=0, next_at=now, ended_at=None, leased_until=None
    )
