"""`llmhub user`: people and the links that sign them in."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show, user_sign_in
from llmhub.people import profile
from llmhub.people.models import Role, User
from llmhub.people.person import (
    activate_user,
    change_role,
    create_user,
    deactivate_user,
    make_link,
    sign_in_address,
)


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `user create`, `list`, `link`, `role`, `deactivate`, `activate`, and how people sign in."""
    noun = commands.add_parser("user", help="people, and one-time sign-in links")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    create = verbs.add_parser("create", help="make a person and print a one-time sign-in link")
    create.add_argument("email")
    create.add_argument("--name", default="")
    create.add_argument("--role", choices=Role.values, default=Role.VIEWER)
    create.set_defaults(run=create_one)
    listing = verbs.add_parser("list", help="every person")
    show.add_json(listing)
    listing.set_defaults(run=list_all)
    role = verbs.add_parser("role", help="change what a person may do")
    role.add_argument("email")
    role.add_argument("role", choices=Role.values)
    role.set_defaults(run=role_one)
    zone = verbs.add_parser("time-zone", help="by which clock a person sees times and days")
    zone.add_argument("email")
    zone.add_argument("zone", nargs="?", default="", help="IANA name; left out: the organisation's")
    zone.set_defaults(run=zone_one)
    for verb, what in (
        ("deactivate", "sign a person out everywhere and stop their keys"),
        ("activate", "let one in again, and their keys"),
    ):
        command = verbs.add_parser(verb, help=what)
        command.add_argument("email")
        command.set_defaults(run=deactivate_one if verb == "deactivate" else activate_one)
    link = verbs.add_parser("link", help="print a one-time sign-in link for a person")
    link.add_argument("email")
    link.set_defaults(run=link_one)
    user_sign_in.register(verbs)


def create_one(options: Namespace) -> int:
    """Make a person."""
    user = create_user(actor=COMMAND_LINE, email=options.email, name=options.name, role=options.role)
    show.line(f"made {user.email} ({user.role})")
    show.line(_link(user))
    return 0


def list_all(options: Namespace) -> int:
    """List the people."""
    found = (
        {
            "email": user.email,
            "name": user.name,
            "role": user.role,
            "active": user.is_active,
            "teams": " ".join(f"{row.team.slug}:{row.role}" for row in user.memberships.all()),
        }
        for user in User.objects.order_by("email").prefetch_related("memberships__team")
    )
    return show.rows(options, found, columns=("email", "name", "role", "active", "teams"), empty="nobody yet")


def link_one(options: Namespace) -> int:
    """Print a one-time sign-in link."""
    show.line(_link(find.person(options.email)))
    return 0


def zone_one(options: Namespace) -> int:
    """Choose a person's time zone."""
    profile.set_time_zone(actor=COMMAND_LINE, user=find.person(options.email), time_zone=options.zone)
    show.line(f"{options.email} sees times of {options.zone or 'the organisation'}")
    return 0


def role_one(options: Namespace) -> int:
    """Change what a person may do."""
    change_role(actor=COMMAND_LINE, user=find.person(options.email), role=options.role)
    show.line(f"{options.email} is now {options.role}")
    return 0


def deactivate_one(options: Namespace) -> int:
    """Sign a person out everywhere, for good."""
    deactivate_user(actor=COMMAND_LINE, user=find.person(options.email))
    show.line(f"deactivated {options.email}")
    return 0


def activate_one(options: Namespace) -> int:
    """Let a person in again; they need a new link."""
    activate_user(actor=COMMAND_LINE, user=find.person(options.email))
    show.line(f"activated {options.email}; a link lets them in: user link {options.email}")
    return 0


def _link(user: User) -> str:
    return sign_in_address(make_link(actor=COMMAND_LINE, user=user))
