"""`llmhub provider credential` and its neighbours: by which secrets providers are called."""

from __future__ import annotations

import sys
from argparse import Namespace, _SubParsersAction
from getpass import getpass
from typing import Any

from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show
from llmhub.lib import figures
from providers.credential import remove_credential, set_credential
from providers.credential_now import CredentialNow, credentials_now
from providers.credential_state import set_weight, use_again
from providers.models import Credential, Provider


def register(verbs: _SubParsersAction[Any]) -> None:
    """Add `provider credential`, `credentials`, `set-weight`, `use-again` and `remove-credential`."""
    keep = verbs.add_parser("credential", help="set or replace a credential")
    keep.add_argument("slug")
    keep.add_argument("secret", nargs="?", default="-", help="env:NAME, file:PATH, or - to read it")
    keep.add_argument("--label", default="default", help="which one, where there are several")
    keep.add_argument("--weight", type=int, help="its share of the calls; 0: only when no other can be used")
    keep.set_defaults(run=keep_one)
    listing = verbs.add_parser("credentials", help="each credential with its state and share")
    listing.add_argument("slug")
    show.add_json(listing)
    listing.set_defaults(run=list_all)
    weigh = verbs.add_parser("set-weight", help="change a credential's share of the calls")
    weigh.add_argument("slug")
    weigh.add_argument("weight", type=int)
    weigh.set_defaults(run=weigh_one)
    again = verbs.add_parser("use-again", help="use a credential that was taken out")
    again.add_argument("slug")
    again.set_defaults(run=use_one_again)
    remove = verbs.add_parser("remove-credential", help="forget a credential")
    remove.add_argument("slug")
    remove.set_defaults(run=remove_one)
    for verb in (weigh, again, remove):
        verb.add_argument("--label", default="default", help="which one, where there are several")


def keep_one(options: Namespace) -> int:
    """Set a provider's credential; one that is typed is not shown and stands in no history."""
    provider, given = find.provider(options.slug), options.secret
    named = {"provider": provider, "label": options.label, "weight": options.weight}
    if given.startswith(("env:", "file:")):
        set_credential(actor=COMMAND_LINE, reference=given, **named)
    elif given == "-":
        typed = getpass("credential: ") if sys.stdin.isatty() else sys.stdin.read()
        set_credential(actor=COMMAND_LINE, secret=typed.strip(), **named)
    else:
        raise ValueError("a secret on the command line stays in its history: give env:NAME, file:PATH or -")
    show.line(f"{provider.slug} has its credential {options.label}")
    return 0


def list_all(options: Namespace) -> int:
    """List the credentials of a provider; secrets are never shown."""
    provider = find.provider(options.slug)
    found = map(row_of, credentials_now(provider.credentials.all()))
    columns = ("label", "state", "weight", "share", "from", "says")
    return show.rows(
        options, found, columns=columns, empty=f"none yet: llmhub provider credential {provider.slug}"
    )


def row_of(each: CredentialNow) -> show.Row:
    """Return a credential as commands show it."""
    row, state = each.row, each.state.replace("_", " ")
    if each.rests_until:
        state = f"rests for {each.rests_for} until {each.rests_until:%H:%M:%S} UTC"
    return {
        "label": row.label,
        "state": state,
        "weight": row.weight,
        "share": None if each.share is None else figures.share(each.turns, each.of_turns),
        "from": row.reference or (f"…{row.hint}" if row.hint else "sealed"),
        "says": row.disabled_reason or row.check_message,
        "out_since": row.disabled_at,
        "checked": row.checked_at,
        "check": row.check_outcome,
        "since": row.created_at,
    }


def weigh_one(options: Namespace) -> int:
    """Change a credential's share of the calls."""
    provider = _having(options)
    set_weight(actor=COMMAND_LINE, provider=provider, label=options.label, weight=options.weight)
    show.line(f"the credential {options.label} of {provider.slug} has the weight {options.weight}")
    return 0


def use_one_again(options: Namespace) -> int:
    """Use a credential that was taken out."""
    provider = _having(options)
    use_again(actor=COMMAND_LINE, provider=provider, label=options.label)
    show.line(f"the credential {options.label} of {provider.slug} is used again within seconds")
    return 0


def remove_one(options: Namespace) -> int:
    """Forget a credential."""
    provider = _having(options)
    remove_credential(actor=COMMAND_LINE, provider=provider, label=options.label)
    show.line(f"removed the credential {options.label} of {provider.slug}")
    return 0


def _having(options: Namespace) -> Provider:
    """Return the provider if it has this credential. Raises `ValueError` with the labels there are."""
    provider = find.provider(options.slug)
    labels = list(Credential.objects.filter(provider=provider).values_list("label", flat=True))
    if options.label not in labels:
        there = ", ".join(labels) or "none yet"
        raise ValueError(f"{provider.slug} has no credential {options.label!r}: there are {there}")
    return provider
