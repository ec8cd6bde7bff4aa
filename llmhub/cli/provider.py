"""`llmhub provider`: who answers."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import alias, credential, find, latency, probes, provider_page, provider_test, show
from providers.adapters import KINDS
from providers.credential_now import CredentialNow, credentials_now
from providers.health import check_now
from providers.models import Provider
from providers.provider import create_provider, pause_provider, remove_provider
from providers.status import outcome_kind

NEEDS_ONE = "needs a credential"


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `provider list`, `add`, `check`, `pause`, `resume`, `remove`; credentials and aliases."""
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
    add.add_argument("--dialect", default="", help="of a custom provider: chat (as it is) or messages")
    add.add_argument("--no-credential", action="store_true", help="it asks for none")
    add.set_defaults(run=add_one)
    credential.register(verbs)
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
    latency.register(verbs)
    probes.register(verbs)
    provider_page.register(verbs)
    provider_test.register(verbs)


def _row(provider: Provider) -> show.Row:
    credentials = list(provider.credentials.all())
    usable = [row for row in credentials if not row.disabled_reason]
    if provider.paused_reason:
        state = f"paused: {provider.paused_reason}"
    elif credentials and not usable:
        state = "no credential is accepted"
    elif provider.needs_credential and not usable:
        state = NEEDS_ONE
    else:
        state = provider.check_outcome or "not checked yet"
    return {
        "provider": provider.slug,
        "kind": provider.kind,
        "base_url": provider.base_url,
        "credentials": len(usable),
        "out": len(credentials) - len(usable),
        "state": state,
        "health": provider.health or "unknown",
        "score": _score(provider),
        "latency_ms": provider.check_latency_ms,
        "checked": provider.checked_at,
        "says": provider.check_message,
    }


def _score(provider: Provider) -> str | None:
    """Return its score as it was worked out last; None without calls enough."""
    found = next((row.value for row in provider.scores.all() if not row.target_id), None)
    return None if found is None else str(found)


def list_all(options: Namespace) -> int:
    """List the providers."""
    found = map(_row, Provider.objects.listed().prefetch_related("credentials", "scores"))
    columns = (
        "provider",
        "kind",
        "base_url",
        "credentials",
        "out",
        "state",
        "health",
        "score",
        "latency_ms",
        "checked",
    )
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
        dialect=options.dialect,
        needs_credential=False if options.no_credential else None,
    )
    show.line(f"added {provider.slug} at {provider.base_url}")
    return 0


def check_some(options: Namespace) -> int:
    """Check one provider or all that can be called, with each credential; 1 when one does not answer."""
    chosen = [find.provider(options.slug)] if options.slug else _checkable()
    checks = check_now(chosen)
    found = [_checked(find.provider(provider.slug)) for provider in chosen]
    if options.json:
        show.document(found)
    else:
        lines = [line for row in found for line in (row, *row["with"])]
        show.rows(
            options, lines, columns=("provider", "credential", "state", "says"), empty="nothing to check yet"
        )
    return 1 if any(check is None or outcome_kind(check.outcome) == "bad" for check in checks) else 0


def _checked(provider: Provider) -> show.Row:
    """Return what a check found, with each credential where there are several or one that is out."""
    rows = list(provider.credentials.all())
    told = rows if len(rows) > 1 or any(row.disabled_reason for row in rows) else []
    return {**_row(provider), "with": [_tried(provider, each) for each in credentials_now(told)]}


def _tried(provider: Provider, each: CredentialNow) -> show.Row:
    says = each.row.check_message
    if each.could_be_used_again:
        says += f"; it was taken out: llmhub provider use-again {provider.slug} --label {each.row.label}"
    return {"credential": each.row.label, "state": each.row.check_outcome or "not checked yet", "says": says}


def _checkable() -> list[Provider]:
    rows = map(_row, Provider.objects.listed().filter(paused_reason="").prefetch_related("credentials"))
    return [find.provider(row["provider"]) for row in rows if row["state"] != NEEDS_ONE]


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
