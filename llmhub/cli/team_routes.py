"""`llmhub team routes`: which routes a team's keys may ask for."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show
from routing.team_routes import set_team_routes


def register(verbs: _SubParsersAction[Any]) -> None:
    """Add `team routes`."""
    noun = verbs.add_parser("routes", help="which routes a team's keys may ask for; all by default")
    noun.add_argument("team", help="its short name")
    which = noun.add_mutually_exclusive_group()
    which.add_argument("--only", nargs="*", metavar="ROUTE", help="these alone; without a name, none")
    which.add_argument("--any", action="store_true", help="every route")
    show.add_json(noun)
    noun.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Change them where that is asked for, and say which they are."""
    team = find.team(options.team)
    if options.any or options.only is not None:
        team = set_team_routes(actor=COMMAND_LINE, team=team, names=options.only)
    facts = {"team": team.slug, "routes": team.allowed_routes}
    if options.json:
        return show.facts(options, facts)
    names = "every route" if team.allowed_routes is None else ", ".join(team.allowed_routes) or "no route"
    show.line(f"keys of {team.slug} may ask for {names}")
    return 0
