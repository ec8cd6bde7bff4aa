"""`llmhub team`: who calls are made for."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show, team_content, team_member, team_routes
from llmhub.people.models import Team
from llmhub.people.team import create_team, rename_team


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `team create`, `list`, `rename` and `member`."""
    noun = commands.add_parser("team", help="teams: who calls are made for")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    create = verbs.add_parser("create", help="make a team")
    create.add_argument("name")
    create.add_argument("--slug", default="", help="short name; made from the name by default")
    create.set_defaults(run=create_one)
    rename = verbs.add_parser("rename", help="give a team another name; its short name stays")
    rename.add_argument("slug")
    rename.add_argument("name")
    rename.set_defaults(run=rename_one)
    listing = verbs.add_parser("list", help="every team")
    show.add_json(listing)
    listing.set_defaults(run=list_all)
    team_member.register(verbs)
    team_content.register(verbs)
    team_routes.register(verbs)


def create_one(options: Namespace) -> int:
    """Make a team."""
    team = create_team(actor=COMMAND_LINE, name=options.name, slug=options.slug)
    show.line(f"made team {team.slug}")
    return 0


def rename_one(options: Namespace) -> int:
    """Give a team another name."""
    team = rename_team(actor=COMMAND_LINE, team=find.team(options.slug), name=options.name)
    show.line(f"{team.slug} is now called {team.name}")
    return 0


def list_all(options: Namespace) -> int:
    """List the teams."""
    found = ({"team": team.slug, "name": team.name, "made": team.created_at} for team in Team.objects.all())
    return show.rows(options, found, columns=("team", "name", "made"), empty="no team yet: team create NAME")
