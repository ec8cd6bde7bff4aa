"""Alerts, channels and deliveries as programs read them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from llmhub.alerts import address
from llmhub.alerts.models import Alert, Channel, Delivery, Transition
from llmhub.lib.rest import Output


class AlertOut(Output):
    """An alert as it stands; `period` is the start of a budget's period, or since when it holds."""

    id: int
    rule: str
    subject: str
    state: str
    severity: str
    title: str
    text: str
    team: str | None
    period: datetime | None
    threshold: int | None  # percent; of a retirement days
    facts: dict[str, Any]
    pending_at: datetime
    fired_at: datetime | None
    resolved_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    snoozed_until: datetime | None


class TransitionOut(Output):
    """An alert became this, with its words and numbers of the moment."""

    number: int
    state: str
    at: datetime
    title: str
    text: str
    facts: dict[str, Any]


class AlertWithLifeOut(AlertOut):
    """An alert with everything that happened to it, the first transition first."""

    transitions: list[TransitionOut]


class DeliveryOut(Output):
    """One message of one channel."""

    id: int
    channel: str
    alert: int | None  # null: a test, or a digest of several
    digest: int | None  # the message that tells it with others, after quiet hours
    event: str
    title: str
    message_id: str  # `webhook-id`, the same each time it is sent
    state: str
    attempts: int
    error: str
    created_at: datetime
    next_at: datetime | None  # while it waits
    ended_at: datetime | None


class ChannelOut(Output):
    """A channel; what is secret of it is not here."""

    id: int
    name: str
    kind: str
    address: str  # of a URL only the host
    team: str | None  # null: every alert
    rules: list[str]  # []: every rule
    quiet: str  # hours of only what is critical: `22:00-07:00`; "": none
    time_zone: str  # of its quiet hours
    paused: bool
    created_by: str
    created_at: datetime


class NewChannelOut(ChannelOut):
    """A channel that was just made, with the signing secret that only a webhook has; shown this once."""

    secret: str | None


def alert_out(row: Alert) -> AlertOut:
    """Return an alert as programs read it."""
    return AlertOut.model_validate(_facts(row))


def alert_with_life(row: Alert) -> AlertWithLifeOut:
    """Return an alert with its transitions."""
    life = [transition_out(each) for each in row.transitions.order_by("number")]
    return AlertWithLifeOut.model_validate({**_facts(row), "transitions": life})


def _facts(row: Alert) -> dict[str, Any]:
    names = AlertOut.model_fields.keys() - {"team", "period", "threshold"}
    period = datetime.fromtimestamp(row.period, tz=row.pending_at.tzinfo) if row.period else None
    return {
        **{name: getattr(row, name) for name in names},
        "team": row.team.slug if row.team else None,
        "period": period,
        "threshold": row.threshold or None,
    }


def transition_out(row: Transition) -> TransitionOut:
    """Return a transition as programs read it."""
    return TransitionOut.model_validate(row, from_attributes=True)


def delivery_out(row: Delivery) -> DeliveryOut:
    """Return a delivery as programs read it."""
    of = row.transition
    return DeliveryOut(
        id=row.pk,
        channel=row.channel.name,
        alert=of.alert_id if of else None,
        digest=row.digest_id,
        event=f"alert.{of.state}" if of else "alert.digest" if row.is_digest else "alert.test",
        title=of.title if of else "Digest" if row.is_digest else "Test",
        message_id=row.message_id,
        state=row.state,
        attempts=row.attempts,
        error=row.error,
        created_at=row.created_at,
        next_at=row.next_at if row.ended_at is None else None,
        ended_at=row.ended_at,
    )


def channel_out(row: Channel) -> ChannelOut:
    """Return a channel as programs read it."""
    return ChannelOut(**_channel(row))


def new_channel_out(row: Channel, secret: str) -> NewChannelOut:
    """Return a channel with the secret that is shown once."""
    return NewChannelOut(**_channel(row), secret=secret or None)


def _channel(row: Channel) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "kind": row.kind,
        "address": address.shown(row),
        "team": row.team.slug if row.team else None,
        "rules": row.rules,
        "quiet": row.quiet,
        "time_zone": row.time_zone,
        "paused": row.paused,
        "created_by": row.created_by,
        "created_at": row.created_at,
    }
