"""The outbox: a message is a row, written with its transition; workers take turns at sending it.

Whoever claims a row has it for a while; a worker that dies leaves it to the next one, which sends it
with the same id. So a message goes out at least once, and once where nothing dies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from django.db.models import Exists, F, OuterRef, Q
from django.db.transaction import atomic

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
    Delivery.objects.bulk_create([_row(transition, each) for each in channels], ignore_conflicts=True)


def _row(transition: Transition, channel: Channel) -> Delivery:
    """Return a message that is sent at once, or held until the quiet hours of its channel are over."""
    is_critical = transition.alert.severity == "critical"
    ends = None if is_critical else channel.quiet_until(transition.at)
    return Delivery(
        channel=channel,
        transition=transition,
        message_id=_new_id(),
        state=_STATE.WAITING if ends is None else _STATE.HELD,
        next_at=ends or transition.at,
        created_at=transition.at,
    )


def end_quiet(now: datetime) -> int:
    """Make one message of what each channel was not told in quiet hours that are over; return how many.

    One alone is sent as it is. Safe to run twice, also at once.
    """
    due = Delivery.objects.filter(state=_STATE.HELD, digest=None, next_at__lte=now)
    made = 0
    for channel_id in set(due.values_list("channel", flat=True)):
        with atomic():
            channel = Channel.objects.select_for_update().get(pk=channel_id)
            parts = list(due.filter(channel=channel).order_by("id"))
            if len(parts) == 1:
                due.filter(pk=parts[0].pk).update(state=_STATE.WAITING)
            elif parts:
                whole = Delivery.objects.create(
                    channel=channel, is_digest=True, message_id=_new_id(), next_at=now, created_at=now
                )
                due.filter(pk__in=[part.pk for part in parts]).update(digest=whole)
            made += bool(parts)
    return made


def move_held(channel: Channel, now: datetime) -> None:
    """Hold what waits for a digest until the quiet hours that a channel has now are over."""
    held = Delivery.objects.filter(channel=channel, state=_STATE.HELD, digest=None)
    held.update(next_at=channel.quiet_until(now) or now)


def _new_id() -> str:
    return f"msg_{uuid4().hex}"


def claim(now: datetime, *, limit: int) -> list[Delivery]:
    """Take messages that are due, oldest first; what another worker has is left to it."""
    earlier = Delivery.objects.filter(
        channel=OuterRef("channel"),
        transition__alert=OuterRef("transition__alert"),
        id__lt=OuterRef("id"),
        state__in=(_STATE.WAITING, _STATE.HELD),
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
    mine = Delivery.objects.filter(pk=row.pk, attempts=row.attempts, state=_STATE.WAITING)
    if mine.update(leased_until=None, **values) and row.is_digest and values["state"] != _STATE.WAITING:
        row.parts.update(**values)


def send_again(rows: Sequence[Delivery], now: datetime) -> int:
    """Let messages that were given up be sent anew, with their old ids; return how many."""
    failed = Delivery.objects.filter(pk__in=[row.digest_id or row.pk for row in rows], state=_STATE.FAILED)
    return failed.update(state=_STATE.WAITING, attempts=0, next_at=now, ended_at=None, leased_until=None)
