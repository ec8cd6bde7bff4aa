"""Alerts, channels and deliveries in the management API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status
from pydantic import AwareDatetime, Field

from llmhub.alerts import alert as alerts
from llmhub.alerts import channel as channels
from llmhub.alerts import reading
from llmhub.alerts.finding import RULES
from llmhub.alerts.models import Alert, Channel
from llmhub.alerts.shapes import (
    AlertOut,
    AlertWithLifeOut,
    ChannelOut,
    DeliveryOut,
    NewChannelOut,
    alert_out,
    alert_with_life,
    channel_out,
    delivery_out,
    new_channel_out,
)
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.lib.rest import REFUSALS, Cursor, Input, Limit, Output, Page, page
from llmhub.people.api_access import caller
from llmhub.people.models import Team

router = Router()

Rule = Literal[
    "budget",
    "refused",
    "asked",
    "burn",
    "forecast",
    "unpriced",
    "credential",
    "provider",
    "breaker",
    "no_offer",
    "degraded",
    "retirement",
    "ledger",
]
Slug = Annotated[str, Field(max_length=64)]
Name = Annotated[str, Field(min_length=1, max_length=60)]
Address = Annotated[
    str, Field(max_length=2000, description="e-mail: addresses, empty for all owners; else a URL")
]
Rules = Annotated[list[Rule], Field(max_length=len(RULES), description="only alerts of these; [] for all")]


Quiet = Annotated[
    str, Field(max_length=20, description="hours of only what is critical: 22:00-07:00, empty for none")
]
Zone = Annotated[str, Field(max_length=64, description="IANA name, the organisation's by default")]


class SnoozeIn(Input):
    """Until when an alert is put off."""

    until: AwareDatetime


class ChannelIn(Input):
    """A channel to make."""

    name: Name
    kind: Literal["email", "webhook", "chat"]
    address: Address = ""
    team: Slug | None = None
    rules: Rules = []
    quiet: Quiet = ""
    time_zone: Zone = ""


class ChannelChange(Input):
    """What can be changed of a channel; what is not given stays, `team` null is every alert."""

    name: Name = ""
    address: Address = ""
    team: Slug | None = None
    rules: Rules = []
    paused: bool = False
    quiet: Quiet = ""
    time_zone: Zone = ""


class SecretOut(Output):
    """A signing secret, shown this once."""

    secret: str


@router.get("/alerts", response={200: Page[AlertOut], **REFUSALS})
def list_alerts(
    request: HttpRequest,
    state: Literal["", "pending", "firing", "resolved"] = "",
    rule: Rule | Literal[""] = "",
    team: Slug = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[AlertOut]:
    """List alerts, newest first."""
    rows = reading.chosen(caller(request, "read"), state=state, rule=rule, team=team)
    return page(rows, alert_out, by="-id", cursor=cursor, limit=limit)


@router.get("/alerts/{int:alert_id}", response={200: AlertWithLifeOut, **REFUSALS})
def show_alert(request: HttpRequest, alert_id: int) -> AlertWithLifeOut:
    """Show an alert with everything that happened to it."""
    return alert_with_life(_alert(alert_id, caller(request, "read")))


@router.post("/alerts/{int:alert_id}/acknowledge", response={200: AlertOut, **REFUSALS})
def acknowledge(request: HttpRequest, alert_id: int) -> AlertOut:
    """Say that somebody sees to an alert that fires."""
    actor = caller(request, "manage")
    return alert_out(alerts.acknowledge(actor=actor, alert=_alert(alert_id, actor), now=clock.now()))


@router.post("/alerts/{int:alert_id}/snooze", response={200: AlertOut, **REFUSALS})
def snooze(request: HttpRequest, alert_id: int, body: SnoozeIn) -> AlertOut:
    """Put an alert off: it is told again at `until`, if it still fires."""
    actor = caller(request, "manage")
    row = _alert(alert_id, actor)
    return alert_out(alerts.snooze(actor=actor, alert=row, until=body.until, now=clock.now()))


@router.get("/deliveries", response={200: Page[DeliveryOut], **REFUSALS})
def list_deliveries(
    request: HttpRequest,
    state: Literal["", "waiting", "held", "sent", "failed"] = "",
    channel: Annotated[str, Field(max_length=60)] = "",
    alert: int | None = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[DeliveryOut]:
    """List what was sent and what waits, newest first."""
    actor = _reader(request)
    about = _alert(alert, actor) if alert is not None else None
    rows = reading.deliveries(actor, state=state, channel=channel, alert=about)
    return page(rows, delivery_out, by="-id", cursor=cursor, limit=limit)


@router.post("/deliveries/{int:delivery_id}/send-again", response={200: DeliveryOut, **REFUSALS})
def send_again(request: HttpRequest, delivery_id: int) -> DeliveryOut:
    """Let a message that was given up be sent anew, with its old id; another one stays as it is."""
    actor = caller(request, "manage")
    row = get_object_or_404(reading.deliveries(actor), pk=delivery_id)
    channels.send_again(actor=actor, delivery=row)
    return delivery_out(reading.deliveries(actor).get(pk=delivery_id))


@router.get("/channels", response={200: Page[ChannelOut], **REFUSALS})
def list_channels(request: HttpRequest, cursor: Cursor = "", limit: Limit = 50) -> Page[ChannelOut]:
    """List the channels that alerts are told by, newest first: all, or those of teams that one manages."""
    rows = Channel.objects.there().seen_by(_reader(request)).select_related("team")
    return page(rows, channel_out, by="-id", cursor=cursor, limit=limit)


@router.post("/channels", response={201: NewChannelOut, **REFUSALS})
def make_channel(request: HttpRequest, body: ChannelIn) -> Status[NewChannelOut]:
    """Make a channel; the answer has the signing secret of a webhook, this once."""
    actor = caller(request, "manage")
    values = body.model_dump() | {"team": _team(body.team, actor)}
    return Status(201, new_channel_out(*channels.create_channel(actor=actor, **values)))


@router.get("/channels/{int:channel_id}", response={200: ChannelOut, **REFUSALS})
def show_channel(request: HttpRequest, channel_id: int) -> ChannelOut:
    """Show a channel."""
    return channel_out(_channel(channel_id, _reader(request)))


@router.patch("/channels/{int:channel_id}", response={200: ChannelOut, **REFUSALS})
def alter_channel(request: HttpRequest, channel_id: int, body: ChannelChange) -> ChannelOut:
    """Change a channel."""
    actor = caller(request, "manage")
    changed: dict[str, Any] = body.model_dump(include=body.model_fields_set)
    if "team" in changed:
        changed["team"] = _team(changed["team"], actor)
    row = _channel(channel_id, actor)
    return channel_out(channels.change_channel(actor=actor, channel=row, **changed))


@router.post("/channels/{int:channel_id}/test", response={200: DeliveryOut, **REFUSALS})
def test(request: HttpRequest, channel_id: int) -> DeliveryOut:
    """Send a test message now; `state` says whether it was taken, `error` why not."""
    actor = caller(request, "manage")
    return delivery_out(channels.test_channel(actor=actor, channel=_channel(channel_id, actor)))


@router.post("/channels/{int:channel_id}/secret", response={200: SecretOut, **REFUSALS})
def renew_secret(request: HttpRequest, channel_id: int) -> SecretOut:
    """Give a webhook another signing secret; the old one signs nothing any more."""
    actor = caller(request, "manage")
    return SecretOut(secret=channels.new_secret(actor=actor, channel=_channel(channel_id, actor)))


@router.delete("/channels/{int:channel_id}", response={204: None, **REFUSALS})
def end_channel(request: HttpRequest, channel_id: int) -> Status[None]:
    """Remove a channel; what was sent stays on record."""
    actor = caller(request, "manage")
    rows = Channel.objects.all().seen_by(actor)
    channels.remove_channel(actor=actor, channel=get_object_or_404(rows, pk=channel_id))
    return Status(204, None)


def _alert(alert_id: int, actor: Actor) -> Alert:
    return get_object_or_404(Alert.objects.seen_by(actor).select_related("team"), pk=alert_id)


def _reader(request: HttpRequest) -> Actor:
    """Return who calls, having checked that there are channels which they may see."""
    actor = caller(request, "read")
    reading.require_channels(actor)
    return actor


def _channel(channel_id: int, actor: Actor) -> Channel:
    return get_object_or_404(Channel.objects.there().seen_by(actor).select_related("team"), pk=channel_id)


def _team(slug: str | None, actor: Actor) -> Team | None:
    return get_object_or_404(Team.objects.seen_by(actor), slug=slug) if slug else None
