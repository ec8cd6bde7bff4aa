"""`llmhub team content`: whether what is said in a team's calls is kept."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from datetime import date
from typing import Any

from billing.content_api import team_content_out
from billing.content_consent import switch_off, switch_on
from billing.content_state import of_team, switched_on
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show
from llmhub.lib import clock


def register(verbs: _SubParsersAction[Any]) -> None:
    """Add the verbs `on`, `off` and `show` of `team content`."""
    noun = verbs.add_parser("content", help="keep what is said in a team's calls for a while; off by default")
    content = noun.add_subparsers(required=True, metavar="VERB")
    on = content.add_parser("on", help="keep prompts and answers, encrypted, through a last day")
    on.add_argument("team", help="its short name")
    on.add_argument("--until", required=True, type=_day, metavar="DATE", help="2026-12-31; 90 days at most")
    on.add_argument("--reason", required=True, help="what for")
    on.set_defaults(run=keep)
    off = content.add_parser("off", help="keep nothing more, and delete what was kept")
    off.add_argument("team", help="its short name")
    off.add_argument("--keep", action="store_true", help="leave what was kept until its day")
    off.set_defaults(run=end)
    shown = content.add_parser("show", help="how it is with a team, or where it is on")
    shown.add_argument("team", nargs="?", help="its short name; without, every team where it is on")
    show.add_json(shown)
    shown.set_defaults(run=show_state)


def _day(text: str) -> date:
    return date.fromisoformat(text)


_day.__name__ = "date, such as 2026-12-31,"  # as argparse names what is wrong


def keep(options: Namespace) -> int:
    """Have a team's content kept."""
    team = find.team(options.team)
    switch_on(actor=COMMAND_LINE, team=team, until=options.until, reason=options.reason)
    show.line(f"what is said in calls of {team.slug} is kept through {options.until}")
    return 0


def end(options: Namespace) -> int:
    """Keep a team's content no longer."""
    team = find.team(options.team)
    deleted = switch_off(actor=COMMAND_LINE, team=team, keeps=options.keep)
    gone = "what was kept stays until its day" if options.keep else f"content of {deleted} calls was deleted"
    show.line(f"nothing more is kept of {team.slug}; {gone}")
    return 0


def show_state(options: Namespace) -> int:
    """Show how it is with a team, or where it is on."""
    now = clock.now()
    if options.team:
        state = of_team(find.team(options.team), now=now)
        return show.facts(options, team_content_out(state).model_dump(mode="json"))
    found = [
        team_content_out(of_team(each.team, now=now)).model_dump(mode="json") for each in switched_on(now=now)
    ]
    columns = ("team", "until", "reason", "by", "kept")
    return show.rows(options, found, columns=columns, empty="content is kept of no team")
