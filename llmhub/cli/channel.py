"""`llmhub channel`: who is told of alerts, and how."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from typing import Any

from llmhub.alerts import channel as channels
from llmhub.alerts.finding import RULES
from llmhub.alerts.models import Channel
from llmhub.alerts.shapes import channel_out, new_channel_out
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import alert, show
from llmhub.people.models import Team

_COLUMNS = ("id", "name", "kind", "address", "team", "rules", "quiet", "paused", "created_by")
_ALL, _NONE = "all", "none"


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `channel add`, `list`, `change`, `test`, `secret` and `remove`."""
    noun = commands.add_parser("channel", help="who is told of alerts, and how")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    add = verbs.add_parser("add", help="add a channel; of a webhook, the signing secret is printed once")
    add.add_argument("name")
    add.add_argument("--kind", choices=Channel.Kind.values, required=True)
    add.add_argument("--address", default="", help="e-mail addresses, nothing for all owners; else the URL")
    _add_filters(add)
    show.add_json(add)
    add.set_defaults(run=add_one)
    listing = verbs.add_parser("list", help="every channel")
    show.add_json(listing)
    listing.set_defaults(run=list_all)
    change = verbs.add_parser("change", help="change a channel")
    change.add_argument("channel", help="its name")
    change.add_argument("--name", help="another name")
    change.add_argument("--address")
    _add_filters(change)
    pause = change.add_mutually_exclusive_group()
    pause.add_argument("--pause", dest="paused", action="store_true", default=None, help="tell it nothing")
    pause.add_argument("--resume", dest="paused", action="store_false", help="tell it again")
    change.set_defaults(run=change_one)
    for verb, function, what in (
        ("test", test_one, "send a test message; 1 when it is not taken"),
        ("secret", renew, "give a webhook another signing secret and print it"),
        ("remove", remove_one, "tell it nothing any more"),
    ):
        command = verbs.add_parser(verb, help=what)
        command.add_argument("channel", help="its name")
        command.set_defaults(run=function)


def _add_filters(parser: ArgumentParser) -> None:
    parser.add_argument("--quiet", help=f"hours of only what is critical: 22:00-07:00, or {_NONE}")
    parser.add_argument("--time-zone", help="of the quiet hours; the organisation's by default")
    parser.add_argument("--rules", help=f"only of these, separated by commas ({', '.join(RULES)}), or {_ALL}")
    parser.add_argument("--team", help=f"only alerts of this team, by its short name, or {_ALL}")


def add_one(options: Namespace) -> int:
    """Add a channel."""
    row, secret = channels.create_channel(
        actor=COMMAND_LINE, name=options.name, kind=options.kind, address=options.address, **_filters(options)
    )
    if options.json:
        return show.document(new_channel_out(row, secret).model_dump(mode="json"))
    show.line(f"added {row.name}" + (f"; its signing secret, shown this once: {secret}" if secret else ""))
    return 0


def list_all(options: Namespace) -> int:
    """List channels."""
    rows = Channel.objects.there().select_related("team")
    found = [channel_out(row).model_dump(mode="json") for row in rows]
    return show.rows(
        options, found, columns=_COLUMNS, empty="no channel yet: see `llmhub channel add --help`"
    )


def change_one(options: Namespace) -> int:
    """Change a channel."""
    given = {name: getattr(options, name) for name in ("name", "address", "paused")}
    wanted = {name: value for name, value in given.items() if value is not None} | _filters(options)
    if not wanted:
        raise ValueError("nothing to change: give what is to change, see `llmhub channel change --help`")
    channels.change_channel(actor=COMMAND_LINE, channel=_found(options.channel), **wanted)
    show.line(f"changed {options.channel}")
    return 0


def test_one(options: Namespace) -> int:
    """Send a test message."""
    return 0 if alert.told(_found(options.channel)) else 1


def renew(options: Namespace) -> int:
    """Print another signing secret."""
    show.line(channels.new_secret(actor=COMMAND_LINE, channel=_found(options.channel)))
    return 0


def remove_one(options: Namespace) -> int:
    """Remove a channel."""
    channels.remove_channel(actor=COMMAND_LINE, channel=_found(options.channel))
    show.line(f"removed {options.channel}")
    return 0


def _filters(options: Namespace) -> dict[str, Any]:
    """Return rules, team and quiet hours as far as they were given."""
    wanted: dict[str, Any] = {}
    if options.quiet is not None:
        wanted["quiet"] = "" if options.quiet == _NONE else options.quiet
    if options.time_zone is not None:
        wanted["time_zone"] = options.time_zone
    if options.rules is not None:
        words = "" if options.rules == _ALL else options.rules
        wanted["rules"] = [word.strip() for word in words.split(",") if word.strip()]
    if options.team is not None:
        wanted["team"] = None if options.team == _ALL else _team(options.team)
    return wanted


def _team(slug: str) -> Team:
    found = Team.objects.filter(slug=slug).first()
    if found is None:
        raise ValueError(f"no team is called {slug[:64]!r}: see `llmhub team list`")
    return found


def _found(name: str) -> Channel:
    found = Channel.objects.there().filter(name=name).select_related("team").first()
    if found is None:
        raise ValueError(f"no channel is called {name[:60]!r}: see `llmhub channel list`")
    return found
