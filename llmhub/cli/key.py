"""`llmhub key`: gateway keys of callers."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace, _SubParsersAction
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from billing.budget import create_budget
from billing.key import assign_key, create_key, pause_key, revoke_key, set_rates
from billing.models import ApiKey
from billing.periods import PERIODS
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, key_reach, show
from llmhub.people.models import User


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `key create`, `list`, `revoke`, `assign`, `limit`, `pause`, `resume`, and the verbs of reach."""
    noun = commands.add_parser("key", help="gateway keys of callers")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    create = verbs.add_parser("create", help="make a key and print it, this once")
    create.add_argument("--team", required=True, help="short name of the team")
    create.add_argument("--name", required=True)
    create.add_argument("--person", metavar="EMAIL", help="whose key it is; without, a service's")
    create.add_argument("--expires", type=moment, help="2026-12-31 or 2026-12-31T18:00+01:00")
    create.add_argument("--budget", metavar="USD", help="a hard cap on what it may spend, with --per")
    create.add_argument("--per", choices=PERIODS, help="how often its budget begins anew (default: month)")
    _add_rates(create)
    show.add_json(create)
    create.set_defaults(run=create_one)
    listing = verbs.add_parser("list", help="every key, newest first")
    listing.add_argument("--team", help="only of this team")
    show.add_json(listing)
    listing.set_defaults(run=list_all)
    for verb, what in (("revoke", "end a key for good"), ("resume", "let a paused key call again")):
        command = verbs.add_parser(verb, help=what)
        command.add_argument("key", help="its id or its first letters")
        command.set_defaults(run=revoke_one if verb == "revoke" else resume_one)
    assign = verbs.add_parser("assign", help="give a key to another person; without --person, to a service")
    assign.add_argument("key", help="its id or its first letters")
    assign.add_argument("--person", metavar="EMAIL")
    assign.set_defaults(run=assign_one)
    limit = verbs.add_parser("limit", help="how much a key may call in a minute; without options, no limit")
    limit.add_argument("key", help="its id or its first letters")
    _add_rates(limit)
    limit.set_defaults(run=limit_one)
    pause = verbs.add_parser("pause", help="refuse a key's calls with a reason")
    pause.add_argument("key", help="its id or its first letters")
    pause.add_argument("reason")
    pause.set_defaults(run=pause_one)
    key_reach.register(verbs)


def _add_rates(parser: ArgumentParser) -> None:
    parser.add_argument("--requests-per-minute", type=int, metavar="N")
    parser.add_argument("--tokens-per-minute", type=int, metavar="N")


def moment(text: str) -> datetime:
    """Return a moment; a day means its end, no zone means UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(
            f"{text!r} is no moment: write 2026-12-31 or 2026-12-31T18:00+01:00"
        ) from None
    if len(text) == 10:  # a day: YYYY-MM-DD
        found = found.replace(hour=23, minute=59, second=59)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def create_one(options: Namespace) -> int:
    """Make a key."""
    if options.per and not options.budget:
        raise ValueError("--per says how often a budget begins anew: give --budget too")
    with transaction.atomic():
        key, token = create_key(
            actor=COMMAND_LINE,
            team=find.team(options.team),
            name=options.name,
            person=_person(options),
            expires_at=options.expires,
            requests_per_minute=options.requests_per_minute,
            tokens_per_minute=options.tokens_per_minute,
        )
        if options.budget:
            create_budget(
                actor=COMMAND_LINE,
                scope="key",
                name=str(key.pk),
                per=options.per or "month",
                cap=options.budget,
            )
    if options.json:
        return show.document({"id": key.pk, "team": options.team, "name": key.name, "key": token})
    show.line(token)
    show.problem(f"this is key {key.pk} of team {options.team}; it is not shown again")
    return 0


def list_all(options: Namespace) -> int:
    """List keys without their text."""
    keys = ApiKey.objects.select_related("team", "person")
    if options.team:
        keys = keys.filter(team=find.team(options.team))
    columns = ("id", "team", "person", "name", "prefix", "made_by", "expires", "revoked", "paused")
    return show.rows(
        options, map(_row, keys), columns=columns, empty="no key yet: key create --team T --name N"
    )


def _row(key: ApiKey) -> show.Row:
    return {
        "id": key.pk,
        "team": key.team.slug,
        "person": key.person.email if key.person else "",
        "name": key.name,
        "prefix": key.prefix,
        "made_by": key.created_by,
        "expires": key.expires_at,
        "revoked": key.revoked_at,
        "paused": key.paused_reason,
    }


def _person(options: Namespace) -> User | None:
    return find.person(options.person) if options.person else None


def assign_one(options: Namespace) -> int:
    """Say whose key it is from now on."""
    key, person = find.key(options.key), _person(options)
    assign_key(actor=COMMAND_LINE, key=key, person=person)
    show.line(f"key {key.pk} ({key.name}) is {person.email if person else 'a service'}'s")
    return 0


def limit_one(options: Namespace) -> int:
    """Save how much a key may call in a minute."""
    key = find.key(options.key)
    set_rates(
        actor=COMMAND_LINE,
        key=key,
        requests_per_minute=options.requests_per_minute,
        tokens_per_minute=options.tokens_per_minute,
    )
    show.line(f"limited key {key.pk} ({key.name})")
    return 0


def revoke_one(options: Namespace) -> int:
    """End a key for good."""
    key = find.key(options.key)
    revoke_key(actor=COMMAND_LINE, key=key)
    show.line(f"revoked key {key.pk} ({key.name})")
    return 0


def pause_one(options: Namespace) -> int:
    """Refuse a key's calls with a reason."""
    key = find.key(options.key)
    pause_key(actor=COMMAND_LINE, key=key, reason=options.reason)
    show.line(f"paused key {key.pk} ({key.name})")
    return 0


def resume_one(options: Namespace) -> int:
    """Let a paused key call again."""
    key = find.key(options.key)
    pause_key(actor=COMMAND_LINE, key=key, reason="")
    show.line(f"resumed key {key.pk} ({key.name})")
    return 0
