"""Pages of alerts: what fires, what has fired, and what was sent about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from llmhub.alerts import alert as alerts
from llmhub.alerts import channel as channels
from llmhub.alerts.alert import may_change
from llmhub.alerts.finding import RULES
from llmhub.alerts.firing import grouped
from llmhub.alerts.forms import SNOOZES, SnoozeForm
from llmhub.alerts.models import Alert, Channel, Delivery
from llmhub.alerts.reading import chosen, deliveries, require_channels
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.lib.pages import render_page, screen_of
from llmhub.people.access import actor_of, needs
from llmhub.people.models import Team
from llmhub.people.roles import allowed

FIRING_SHOWN = 100
SHOWN = 25
_OURS = {"crossing", "asker"}  # facts that say nothing to people


@dataclass(frozen=True)
class DeliveryLine:
    """A message as pages show it."""

    row: Delivery
    may_change: bool  # whoever looks, of its channel


def lines_of(actor: Actor, rows: Iterable[Delivery]) -> list[DeliveryLine]:
    """Return messages as pages show them to `actor`."""
    return [DeliveryLine(row, channels.may_change(actor, row.channel)) for row in rows]


@require_GET
@needs("read")
def alert_list(request: HttpRequest) -> HttpResponse:
    """What fires now, and below it what was resolved; filtering swaps only the history."""
    actor = actor_of(request)
    rule, team = request.GET.get("rule", ""), request.GET.get("team", "")
    screen = screen_of(request, chosen(actor, state="resolved", rule=rule, team=team), by="-id", limit=SHOWN)
    context = {
        "firing": grouped(chosen(actor, state="firing").worst_first()[:FIRING_SHOWN], actor),
        "resolved": screen.rows,
        "next_cursor": screen.next_cursor,
        "rule": rule,
        "team": team,
        "rules": RULES,
        "teams": Team.objects.seen_by(actor),
        "now": clock.now(),
        "is_heard": Channel.objects.in_use().exists(),
    }
    return render_page(
        request, page="alerts/alert_list.html", partial="alerts/_history.html", context=context
    )


@require_GET
@needs("read")
def alert_detail(request: HttpRequest, alert_id: int) -> HttpResponse:
    """One alert: each transition with its numbers; who was told, for those who may see every channel."""
    actor = actor_of(request)
    row = _found(request, alert_id)
    context = {
        "alert": row,
        "numbers": {name: value for name, value in row.facts.items() if name not in _OURS},
        "transitions": row.transitions.order_by("-number")[:SHOWN],
        "deliveries": lines_of(actor, deliveries(actor, alert=row)[:SHOWN]),
        "sees_channels": allowed(actor, "view") or may_change(actor, row),
        "may_change": may_change(actor, row),
        "snoozes": SNOOZES,
        "now": clock.now(),
    }
    return render(request, "alerts/alert_detail.html", context)


@require_POST
@needs("manage")
def alert_acknowledge(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Say that somebody sees to an alert."""
    row = _found(request, alert_id)
    try:
        alerts.acknowledge(actor=actor_of(request), alert=row, now=clock.now())
    except ValidationError as error:
        messages.warning(request, "; ".join(error.messages).capitalize() + ".")
    else:
        messages.success(request, "Acknowledged. It stays here until its condition is over.")
    return _back(request, row)


@require_POST
@needs("manage")
def alert_snooze(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Put an alert off."""
    row, form = _found(request, alert_id), SnoozeForm(request.POST)
    if not form.is_valid():
        messages.warning(request, "Choose for how long it is put off.")
        return _back(request, row)
    now = clock.now()
    until = now + timedelta(minutes=form.cleaned_data["minutes"])
    try:
        alerts.snooze(actor=actor_of(request), alert=row, until=until, now=now)
    except ValidationError as error:
        messages.warning(request, "; ".join(error.messages).capitalize() + ".")
    else:
        said = dict(SNOOZES)[str(form.cleaned_data["minutes"])]
        messages.success(request, f"Put off for {said}. It is told again then, if it still fires.")
    return _back(request, row)


@require_GET
@needs("read")
def delivery_list(request: HttpRequest) -> HttpResponse:
    """What was sent, by which channel, and what became of it; filtering swaps only the table."""
    actor = actor_of(request)
    require_channels(actor)
    state, channel = request.GET.get("state", ""), request.GET.get("channel", "")
    rows = deliveries(actor, state=state, channel=channel)
    screen = screen_of(request, rows, by="-id")
    context = {
        "deliveries": lines_of(actor, screen.rows),
        "next_cursor": screen.next_cursor,
        "state": state,
        "channel": channel,
        "states": Delivery.State,
        "channels": Channel.objects.there().seen_by(actor),
    }
    return render_page(
        request, page="alerts/delivery_list.html", partial="alerts/_deliveries.html", context=context
    )


@require_POST
@needs("manage")
def delivery_again(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Let a message that was given up be sent anew."""
    actor = actor_of(request)
    row = get_object_or_404(deliveries(actor), pk=delivery_id)
    if channels.send_again(actor=actor, delivery=row):
        messages.success(request, "It is sent again within seconds.")
    else:
        messages.warning(request, "It was not given up: there is nothing to send again.")
    return redirect("alerts:delivery_list")


def _found(request: HttpRequest, alert_id: int) -> Alert:
    rows = Alert.objects.seen_by(actor_of(request)).select_related("team")
    return get_object_or_404(rows, pk=alert_id)


def _back(request: HttpRequest, row: Alert) -> HttpResponse:
    if request.POST.get("from") == "alert":
        return redirect("alerts:alert_detail", row.pk)
    return redirect("alerts:alert_list")
