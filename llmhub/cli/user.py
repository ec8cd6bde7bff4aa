"""`llmhub user`: people and the links that sign them in."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from django.conf import settings
from django.urls import reverse

from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import show
from llmhub.people.models import Role, User
from llmhub.people.person import create_user, make_link


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `user create`, `user list` and `user link`."""
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
    link = verbs.add_parser("link", help="print a one-time sign-in link for a person")
    link.add_argument("email")
    link.set_defaults(run=link_one)


def create_one(options: Namespace) -> int:
    """Make a person."""
    user = create_user(actor=COMMAND_LINE, email=options.email, name=options.name, role=options.role)
    show.line(f"made {user.email} ({user.role})")
    show.line(sign_in_address(user))
    return 0


def list_all(options: Namespace) -> int:
    """List the people."""
    found = (
        {"email": user.email, "name": user.name, "role": user.role, "active": user.is_active}
        for user in User.objects.order_by("email")
    )
    return show.rows(options, found, columns=("email", "name", "role", "active"), empty="nobody yet")


def link_one(options: Namespace) -> int:
    """Print a one-time sign-in link."""
    user = User.objects.filter(email__iexact=options.email).first()
    if user is None:
        raise ValueError(f"nobody has the address {options.email!r}: see `llmhub user list`")
    show.line(sign_in_address(user))
    return 0


def sign_in_address(user: User) -> str:
    """Return a new address that signs `user` in once, within the hour."""
    token = make_link(actor=COMMAND_LINE, user=user)
    return f"{settings.PUBLIC_URL}{reverse('people:use_link', args=[token])}"
