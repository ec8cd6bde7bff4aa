"""`llmhub audit`: who changed what, and whether the log itself is whole."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from llmhub.audit.read import AuditFilter, check_chain, events
from llmhub.cli import show
from llmhub.cli.key import moment


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `audit list` and `audit verify`."""
    noun = commands.add_parser("audit", help="who changed what, and whether the log is whole")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="changes, newest first")
    listing.add_argument("--actor", default="", help="an e-mail address, the name of a service key …")
    listing.add_argument("--action", default="", help="key.revoked, or all of key")
    listing.add_argument("--object", default="", help="key:5, or all of key")
    listing.add_argument("--since", type=moment, help="2026-01-31 (its end) or 2026-01-31T18:00+01:00")
    listing.add_argument("--until", type=moment)
    listing.add_argument("--limit", type=int, default=50)
    show.add_json(listing)
    listing.set_defaults(run=list_some)
    verify = verbs.add_parser("verify", help="check every hash of the chain; 1 when it is broken")
    show.add_json(verify)
    verify.set_defaults(run=verify_all)


def list_some(options: Namespace) -> int:
    """List changes of configuration."""
    if not 1 <= options.limit <= 10_000:
        raise ValueError("--limit takes 1 to 10000")
    wanted = AuditFilter(
        actor=options.actor,
        action=options.action,
        subject=options.object,
        since=options.since,
        until=options.until,
    )
    found = (
        {
            "id": row.pk,
            "at": row.at,
            "actor": row.actor,
            "action": row.action,
            "object": row.object,
            "before": row.before,
            "after": row.after,
        }
        for row in events(wanted, limit=options.limit).rows
    )
    columns = ("id", "at", "actor", "action", "object", "before", "after")
    return show.rows(options, found, columns=columns, empty="no change fits")


def verify_all(options: Namespace) -> int:
    """Check that every change has the hash it was written with."""
    chain = check_chain()
    if options.json:
        show.document(
            {"whole": chain.is_whole, "events": chain.total, "broken_id": chain.broken_id, "head": chain.head}
        )
    elif chain.is_whole:
        show.line(f"whole: {chain.total} changes, the last hash is {chain.head}")
    else:
        show.problem(f"broken at change {chain.broken_id}: it, or one before it, was altered outside llmhub")
    return 0 if chain.is_whole else 1
