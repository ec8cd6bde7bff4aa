"""`llmhub provider`: who answers."""

from __future__ import annotations

import sys
from argparse import Namespace, _SubParsersAction
from getpass import getpass
from typing import Any

from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import alias, find, show
from providers.adapters import KINDS
from providers.credential import set_credential
from providers.models import Provider
from providers.provider import create_provider, pause_provider, remove_provider
from providers.saved_check import check_and_save


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `provider list`, `add`, `credential`, `check`, `pause`, `resume`, `remove` and `alias`."""
    noun = commands.add_parser("provider", help="providers: who answers")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="every provider with its state")
    show.add_json(listing)
    listing.set_defaults(run=list_all)
    add = verbs.add_parser("add", help="add a provider")
    add.add_argument("slug", help="short name")
    add.add_argument("--name", default="")
    add.add_argument("--kind", choices=sorted(KINDS), default="custom")
    add.add_argument(
        "--base-url", default="", help="where a custom provider answers: http://10.0.0.5:8000/v1"
    )
    add.add_argument("--no-credential", action="store_true", help="it asks for none")
    add.set_defaults(run=add_one)
    credential = verbs.add_parser("credential", help="set its credential")
    credential.add_argument("slug")
    credential.add_argument("secret", nargs="?", default="-", help="env:NAME, file:PATH, or - to read it")
    credential.add_argument("--label", default="default", help="which one, where there are several")
    credential.set_defaults(run=credential_one)
    check = verbs.add_parser("check", help="a free check now, of one or of all")
    check.add_argument("slug", nargs="?")
    show.add_json(check)
    check.set_defaults(run=check_some)
    pause = verbs.add_parser("pause", help="send it nothing, for a reason")
    pause.add_argument("slug")
    pause.add_argument("reason")
    pause.set_defaults(run=pause_one)
    for verb, function, what in (
        ("resume", resume_one, "send it calls again"),
        ("remove", remove_one, "take it away; what it cost stays in the ledger"),
    ):
        command = verbs.add_parser(verb, help=what)
        command.add_argument("slug")
        command.set_defaults(run=function)
    alias.register(verbs)


def _row(provider: Provider) -> show.Row:
    usable = [c for c in provider.credentials.all() if not c.disabled_reason]
    if provider.paused_reason:
        state = f"paused: {provider.paused_reason}"
    elif provider.needs_credential and not usable:
        state = "needs a credential"
    else:
        state = provider.check_outcome or "not checked yet"
    return {
        "provider": provider.slug,
        "kind": provider.kind,
        "base_url": provider.base_url,
        "credentials": len(usable),
        "state": state,
        "checked": provider.checked_at,
        "says": provider.check_message,
    }


def list_all(options: Namespace) -> int:
    """List the providers."""
    found = map(_row, Provider.objects.listed().prefetch_related("credentials"))
    columns = ("provider", "kind", "base_url", "credentials", "state", "checked")
    return show.rows(
        options, found, columns=columns, empty="no provider yet: provider add SLUG --base-url URL"
    )


def add_one(options: Namespace) -> int:
    """Add a provider."""
    provider = create_provider(
        actor=COMMAND_LINE,
        slug=options.slug,
        name=options.name or options.slug,
        kind=options.kind,
        base_url=options.base_url,
        needs_credential=False if options.no_credential else None,
    )
    show.line(f"added {provider.slug} at {provider.base_url}")
    return 0


def credential_one(options: Namespace) -> int:
    """Set a provider's credential; one that is typed is not shown and stands in no history."""
    provider, given = find.provider(options.slug), options.secret
    if given.startswith(("env:", "file:")):
        set_credential(actor=COMMAND_LINE, provider=provider, label=options.label, reference=given)
    elif given == "-":
        typed = getpass("credential: ") if sys.stdin.isatty() else sys.stdin.read()
        set_credential(actor=COMMAND_LINE, provider=provider, label=options.label, secret=typed.strip())
    else:
        raise ValueError("a secret on the command line stays in its history: give env:NAME, file:PATH or -")
    show.line(f"{provider.slug} has its credential")
    return 0


def check_some(options: Namespace) -> int:
    """Check one provider or all that can be called; 1 when one does not answer well."""
    chosen = [find.provider(options.slug)] if options.slug else _checkable()
    checks = {provider.slug: check_and_save(provider) for provider in chosen}
    found = [_row(find.provider(provider.slug)) for provider in chosen]
    show.rows(options, found, columns=("provider", "state", "says"), empty="nothing to check yet")
    return 0 if all(check.answered for check in checks.values()) else 1


def _checkable() -> list[Provider]:
    rows = map(_row, Provider.objects.listed().prefetch_related("credentials"))
    return [find.provider(row["provider"]) for row in rows if row["state"] != "needs a credential"]


def pause_one(options: Namespace) -> int:
    """Send a provider nothing, for a reason."""
    if not options.reason.strip():
        raise ValueError("say why: the reason stands on pages and in refusals")
    pause_provider(actor=COMMAND_LINE, provider=find.provider(options.slug), reason=options.reason)
    show.line(f"paused {options.slug}")
    return 0


def resume_one(options: Namespace) -> int:
    """Send a provider calls again."""
    pause_provider(actor=COMMAND_LINE, provider=find.provider(options.slug), reason="")
    show.line(f"resumed {options.slug}")
    return 0


def remove_one(options: Namespace) -> int:
    """Take a provider away."""
    remove_provider(actor=COMMAND_LINE, provider=find.provider(options.slug))
    show.line(f"removed {options.slug}")
    return 0
