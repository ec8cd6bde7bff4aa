"""Send what is due: claim, send in threads, write down what became of each."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor, as_completed
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

from django.conf import settings

from llmhub.alerts import outbox, owners
from llmhub.alerts.digest import Held, text_of, title_of
from llmhub.alerts.message import Message, Tone
from llmhub.alerts.models import Alert, Channel, Delivery, Transition
from llmhub.alerts.send import NotTaken, Way, send
from llmhub.lib import clock

log = logging.getLogger(__name__)

_AT_ONCE = 16
_THREADS = 8
_MOST = 160  # messages of one run


def send_due() -> int:
    """Send messages whose time has come; return how many were taken. Safe to run twice, also at once."""
    taken = 0
    for _ in range(_MOST // _AT_ONCE):
        rows = outbox.claim(clock.now(), limit=_AT_ONCE)
        if not rows:
            break
        taken += _send_all(rows)
    return taken


def send_now(row: Delivery) -> Delivery:
    """Send one message while somebody waits, and return it with what became of it."""
    if outbox.take(row, clock.now()):
        _send_all([row])
    return Delivery.objects.get(pk=row.pk)


def _send_all(rows: list[Delivery]) -> int:
    """Send each in a thread of its own, so that a slow receiver holds up no other."""
    taken = 0
    with ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="alerts") as pool:
        running = {pool.submit(send, _way_of(row), message_of(row)): row for row in rows}
        for done in as_completed(running):
            row = running[done]
            error = done.exception()
            if error is None:
                outbox.sent(row, clock.now())
                taken += 1
            elif isinstance(error, NotTaken):
                outbox.not_sent(row, str(error), clock.now(), for_good=error.for_good)
            else:
                log.error("a message could not be sent", exc_info=error)
                outbox.not_sent(row, "llmhub failed here; the log has the details", clock.now())
    return taken


def way_of(channel: Channel, transition: Transition | None = None) -> Way:
    """Return a channel as its sender needs it.

    E-mail without addresses is for the managers of a team's channel; of the hub's for all owners, of a
    team's alert for its managers, too, and of an answer for who asked. A digest is of several teams: it
    is for the owners alone.
    """
    recipients: tuple[str, ...] = ()
    if channel.kind == Channel.Kind.EMAIL and channel.address:
        recipients = tuple(channel.address.split(", "))
    elif channel.kind == Channel.Kind.EMAIL:
        recipients = owners.of_team(channel.team) if channel.team else owners.addresses()
        if channel.team is None and transition is not None:
            recipients = tuple(dict.fromkeys((*recipients, *owners.beside(transition))))
    return Way(
        channel.kind,
        channel.address,
        sealed=channel.sealed,
        address_ref=channel.address_ref,
        secret_ref=channel.secret_ref,
        recipients=recipients,
    )


def _way_of(row: Delivery) -> Way:
    """Return the way of a delivery: a digest and a test are about no alert."""
    return way_of(row.channel, None if row.is_digest else row.transition)


def message_of(row: Delivery) -> Message:
    """Return what a delivery says: the words and numbers of its transition, whenever it is sent."""
    if row.is_digest:
        return _digest(row)
    if row.transition is None:
        return Message(
            row.message_id,
            "alert.test",
            row.created_at,
            title=f"Test of the channel {row.channel.name}",
            text="It works: alerts come this way. Nothing is wrong.",
            url=_url("/alerts/channels/"),
            tone="good",
            data={"channel": row.channel.name},
        )
    return _told(row, row.transition)


def _told(row: Delivery, transition: Transition) -> Message:
    """Return what is said of one transition."""
    alert = transition.alert
    return Message(
        row.message_id,
        f"alert.{transition.state}",
        transition.at,
        title=transition.title,
        text=transition.text,
        url=_url(alert.path),
        tone=_tone(alert, transition.state),
        data={
            "id": alert.pk,
            "rule": alert.rule,
            "subject": alert.subject,
            "severity": alert.severity,
            "state": transition.state,
            "number": transition.number,
            "team": alert.team.slug if alert.team else None,
            "period": alert.period or None,
            "threshold": alert.threshold or None,
            "alert_url": _url(f"/alerts/{alert.pk}/"),
            "facts": transition.facts,
        },
    )


def _digest(row: Delivery) -> Message:
    """Return what was held back in quiet hours, as one message."""
    rows = row.parts.exclude(transition=None).select_related("transition__alert__team").order_by("id")
    parts = [_told(part, part.transition) for part in rows if part.transition is not None]
    held = [
        Held(part.data["id"], part.data["state"], part.at, part.title, part.text, part.url) for part in parts
    ]
    return Message(
        row.message_id,
        "alert.digest",
        row.created_at,
        title=title_of(held),
        text=text_of(held, ZoneInfo(row.channel.time_zone)),
        url=_url("/alerts/"),
        tone="warning" if any(part.tone != "good" for part in parts) else "good",
        data={"alerts": [json.loads(part.document()) for part in parts]},
    )


def _tone(alert: Alert, state: str) -> Tone:
    if state == Alert.State.RESOLVED:
        return "good"
    return "critical" if alert.severity == "critical" else "warning"


def _url(path: str) -> str:
    return urljoin(f"{settings.PUBLIC_URL}/", path.lstrip("/"))
