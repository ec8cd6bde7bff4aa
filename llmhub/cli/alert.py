"""`llmhub alert`: what fires, what fired, and who was told."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from datetime import timedelta
from typing import Any

from llmhub.alerts import alert as alerts
from llmhub.alerts import channel as channels
from llmhub.alerts import outbox, reading
from llmhub.alerts.finding import RULES
from llmhub.alerts.models import Alert, Channel, Delivery
from llmhub.alerts.shapes import alert_out, alert_with_life, delivery_out
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import show
from llmhub.lib import clock

SHOWN = 200


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `alert list`, `show`, `ack`, `snooze`, `deliveries`, `send-again` and `test`."""
    noun = commands.add_parser("alert", help="what needs somebody, and who was told")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="alerts that fire, newest first")
    listing.add_argument("--all", action="store_true", help="resolved ones too")
    listing.add_argument("--rule", default="", choices=["", *RULES], metavar="RULE", help=", ".join(RULES))
    listing.add_argument("--team", default="", help="short name")
    show.add_json(listing)
    listing.set_defaults(run=list_all)
    showing = verbs.add_parser("show", help="one alert, with everything that happened to it")
    showing.add_argument("alert", type=int, help="its id")
    show.add_json(showing)
    showing.set_defaults(run=show_one)
    ack = verbs.add_parser("ack", help="say that somebody sees to it")
    ack.add_argument("alert", type=int, help="its id")
    ack.set_defaults(run=acknowledge)
    snooze = verbs.add_parser("snooze", help="put it off: it is told again then, if it still fires")
    snooze.add_argument("alert", type=int, help="its id")
    snooze.add_argument("--hours", type=float, required=True)
    snooze.set_defaults(run=put_off)
    log = verbs.add_parser("deliveries", help="what was sent and what waits, newest first")
    log.add_argument("--state", default="", choices=["", *Delivery.State.values])
    log.add_argument("--channel", default="", help="its name")
    show.add_json(log)
    log.set_defaults(run=list_deliveries)
    again = verbs.add_parser("send-again", help="send a message that was given up anew")
    again.add_argument("delivery", type=int, help="its id")
    again.set_defaults(run=send_again)
    test = verbs.add_parser("test", help="send a test message by every channel; 1 when one is not taken")
    test.set_defaults(run=test_all)


def list_all(options: Namespace) -> int:
    """List alerts."""
    state = "" if options.all else Alert.State.FIRING
    rows = reading.chosen(COMMAND_LINE, state=state, rule=options.rule, team=options.team).order_by("-id")[
        :SHOWN
    ]
    found = [alert_out(row).model_dump(mode="json") for row in rows]
    columns = (
        "id",
        "state",
        "severity",
        "rule",
        "team",
        "title",
        "fired_at",
        "resolved_at",
        "acknowledged_by",
    )
    return show.rows(options, found, columns=columns, empty="nothing fires")


def show_one(options: Namespace) -> int:
    """Show an alert."""
    row = alert_with_life(_found(options.alert)).model_dump(mode="json")
    if options.json:
        return show.document(row)
    life = row.pop("transitions")
    show.facts(options, row)
    for each in life:
        show.line(f"{each['number']:>3}  {each['at']}  {each['state']}: {each['text']}")
    return 0


def acknowledge(options: Namespace) -> int:
    """Acknowledge an alert."""
    row = alerts.acknowledge(actor=COMMAND_LINE, alert=_found(options.alert), now=clock.now())
    show.line(f"acknowledged {row.pk}: {row.title}")
    return 0


def put_off(options: Namespace) -> int:
    """Put an alert off."""
    now = clock.now()
    if not 0 < options.hours <= alerts.LONGEST_SNOOZE.days * 24:
        raise ValueError(f"--hours {options.hours:g}: put it off for up to {alerts.LONGEST_SNOOZE.days} days")
    until = now + timedelta(hours=options.hours)
    row = alerts.snooze(actor=COMMAND_LINE, alert=_found(options.alert), until=until, now=now)
    show.line(f"put off until {until:%Y-%m-%d %H:%M} UTC: {row.title}")
    return 0


def list_deliveries(options: Namespace) -> int:
    """List deliveries."""
    rows = reading.deliveries(COMMAND_LINE, state=options.state, channel=options.channel)[:SHOWN]
    found = [delivery_out(row).model_dump(mode="json") for row in rows]
    columns = ("id", "created_at", "channel", "event", "title", "state", "attempts", "error")
    return show.rows(options, found, columns=columns, empty="nothing was sent yet")


def send_again(options: Namespace) -> int:
    """Send a message anew."""
    row = Delivery.objects.filter(pk=options.delivery).first()
    if row is None:
        raise ValueError(f"no message {options.delivery}: see `llmhub alert deliveries`")
    if not outbox.send_again([row], clock.now()):
        raise ValueError(f"message {row.pk} was not given up: there is nothing to send again")
    show.line(f"message {row.pk} is sent again within seconds, while the hub runs")
    return 0


def test_all(options: Namespace) -> int:
    """Send a test message by every channel that is in use."""
    rows = list(Channel.objects.in_use())
    if not rows:
        raise ValueError("no channel is in use: see `llmhub channel add --help`")
    results = [told(row) for row in rows]
    return 0 if all(results) else 1


def told(channel: Channel) -> bool:
    """Send a test message by one channel, say what became of it, and return whether it was taken."""
    sent = channels.test_channel(actor=COMMAND_LINE, channel=channel)
    if sent.state == Delivery.State.SENT:
        show.line(f"sent by {channel.name}")
        return True
    show.problem(f"{channel.name} did not take it: {sent.error}")
    return False


def _found(alert_id: int) -> Alert:
    row = Alert.objects.select_related("team").filter(pk=alert_id).first()
    if row is None:
        raise ValueError(f"no alert {alert_id}: see `llmhub alert list --all`")
    return row
