"""`llmhub service-key`: keys with which programs use the management API."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show
from llmhub.cli.key import moment
from llmhub.people.models import Role, ServiceKey
from llmhub.people.scopes import SCOPES
from llmhub.people.service_key import create_service_key, revoke_service_key

ROLES = ("owner", "admin", "manager", "member", "viewer")


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `service-key create`, `list` and `revoke`."""
    noun = commands.add_parser("service-key", help="keys of programs that use the management API")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    create = verbs.add_parser("create", help="make a service key and print it, this once")
    create.add_argument("--name", required=True)
    create.add_argument("--team", help="a key of this team alone, by its short name")
    create.add_argument("--role", choices=ROLES, default=Role.VIEWER, help="in the team, or the organisation")
    create.add_argument(
        "--scope",
        action="append",
        default=[],
        choices=SCOPES,
        metavar="AREA:VERB",
        help="only for this, such as budgets:read; may be given again",
    )
    create.add_argument("--expires", type=moment, help="2026-12-31 or 2026-12-31T18:00+01:00")
    create.set_defaults(run=create_one)
    listing = verbs.add_parser("list", help="every service key, newest first")
    show.add_json(listing)
    listing.set_defaults(run=list_all)
    revoke = verbs.add_parser("revoke", help="end a service key for good")
    revoke.add_argument("id", type=int)
    revoke.set_defaults(run=revoke_one)


def create_one(options: Namespace) -> int:
    """Make a service key."""
    key, token = create_service_key(
        actor=COMMAND_LINE,
        name=options.name,
        role=options.role,
        team=find.team(options.team) if options.team else None,
        scopes=options.scope,
        expires_at=options.expires,
    )
    show.line(token)
    show.problem(f"this is service key {key.pk} ({options.role}); it is not shown again")
    return 0


def list_all(options: Namespace) -> int:
    """List service keys without their text."""
    found = (
        {
            "id": key.pk,
            "name": key.name,
            "team": key.team.slug if key.team else "",
            "role": key.team_role or key.role,
            "scopes": " ".join(key.scopes),
            "prefix": key.prefix,
            "expires": key.expires_at,
            "revoked": key.revoked_at,
        }
        for key in ServiceKey.objects.select_related("team")
    )
    columns = ("id", "name", "team", "role", "scopes", "prefix", "expires", "revoked")
    return show.rows(options, found, columns=columns, empty="no service key yet: service-key create --name N")


def revoke_one(options: Namespace) -> int:
    """End a service key for good."""
    key = ServiceKey.objects.filter(pk=options.id).first()
    if key is None:
        raise ValueError(f"no service key {options.id}: see `llmhub service-key list`")
    revoke_service_key(actor=COMMAND_LINE, key=key)
    show.line(f"revoked service key {key.pk} ({key.name})")
    return 0
