"""`llmhub team member`: who is in a team, and what they may do there."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show
from llmhub.people.membership import remove_member, set_member
from llmhub.people.models import Membership, TeamRole


def register(verbs: _SubParsersAction[Any]) -> None:
    """Add `team member add`, `remove` and `list`."""
    noun = verbs.add_parser("member", help="who is in a team, and what they may do there")
    doing = noun.add_subparsers(required=True, metavar="VERB")
    add = doing.add_parser("add", help="let a person in, or change their role")
    add.add_argument("team")
    add.add_argument("email")
    add.add_argument("--role", choices=TeamRole.values, default=TeamRole.MEMBER)
    add.set_defaults(run=add_one)
    remove = doing.add_parser("remove", help="take a person out and revoke their keys of the team")
    remove.add_argument("team")
    remove.add_argument("email")
    remove.set_defaults(run=remove_one)
    listing = doing.add_parser("list", help="who is in which team")
    listing.add_argument("team", nargs="?")
    show.add_json(listing)
    listing.set_defaults(run=list_all)


def add_one(options: Namespace) -> int:
    """Let a person into a team."""
    team, person = find.team(options.team), find.person(options.email)
    set_member(actor=COMMAND_LINE, team=team, user=person, role=options.role)
    show.line(f"{person.email} is {options.role} of {team.slug}")
    return 0


def remove_one(options: Namespace) -> int:
    """Take a person out of a team."""
    team, person = find.team(options.team), find.person(options.email)
    revoked = remove_member(actor=COMMAND_LINE, team=team, user=person)
    keys = f"; revoked {revoked} key{'' if revoked == 1 else 's'} of theirs" if revoked else ""
    show.line(f"{person.email} is not in {team.slug}{keys}")
    return 0


def list_all(options: Namespace) -> int:
    """List who is in which team."""
    rows = Membership.objects.select_related("team", "user").order_by("team__slug", "user__email")
    if options.team:
        rows = rows.filter(team=find.team(options.team))
    found = ({"team": row.team.slug, "email": row.user.email, "role": row.role} for row in rows)
    return show.rows(
        options, found, columns=("team", "email", "role"), empty="nobody yet: team member add TEAM EMAIL"
    )
