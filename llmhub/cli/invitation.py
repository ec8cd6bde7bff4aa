"""`llmhub invitation`: links that let people in, each once."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show
from llmhub.people import invitation
from llmhub.people.models import Invitation, Role, TeamRole


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `invitation create`, `list` and `revoke`."""
    noun = commands.add_parser("invitation", help="links that let people in, each once")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    create = verbs.add_parser("create", help="print a link that lets one person in, this once")
    create.add_argument("email")
    create.add_argument("--team", help="short name of the team")
    create.add_argument("--team-role", choices=TeamRole.values, default=TeamRole.MEMBER)
    create.add_argument("--role", choices=Role.values, default=Role.MEMBER, help="in the organisation")
    create.add_argument("--days", type=int, default=invitation.DAYS, help="how long the link works")
    create.set_defaults(run=create_one)
    listing = verbs.add_parser("list", help="every invitation, newest first")
    show.add_json(listing)
    listing.set_defaults(run=list_all)
    revoke = verbs.add_parser("revoke", help="let a link let nobody in")
    revoke.add_argument("id", type=int)
    revoke.set_defaults(run=revoke_one)


def create_one(options: Namespace) -> int:
    """Invite a person."""
    team = find.team(options.team) if options.team else None
    made, token = invitation.invite(
        actor=COMMAND_LINE,
        email=options.email,
        team=team,
        team_role=options.team_role if team else "",
        role=options.role,
        days=options.days,
    )
    show.line(invitation.link_address(token))
    if made.mail:
        show.problem(f"it is mailed to {made.email} within seconds, while the hub runs")
    show.problem(f"this is invitation {made.pk} for {made.email}; its link is not shown again")
    return 0


def list_all(options: Namespace) -> int:
    """List the invitations without their links."""
    found = (
        {
            "id": row.pk,
            "email": row.email,
            "team": row.team.slug if row.team else "",
            "role": row.team_role or row.role,
            "until": row.expires_at,
            "accepted": row.accepted_at,
            "revoked": row.revoked_at,
            "mail": row.mail,
        }
        for row in invitation.seen_by(COMMAND_LINE)
    )
    columns = ("id", "email", "team", "role", "until", "accepted", "revoked", "mail")
    return show.rows(options, found, columns=columns, empty="nobody was invited: invitation create EMAIL")


def revoke_one(options: Namespace) -> int:
    """Take an invitation back."""
    found = Invitation.objects.filter(pk=options.id).first()
    if found is None:
        raise ValueError(f"no invitation {options.id}: see `llmhub invitation list`")
    invitation.revoke(actor=COMMAND_LINE, invitation=found)
    show.line(f"took invitation {found.pk} ({found.email}) back")
    return 0
