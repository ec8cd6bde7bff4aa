"""`llmhub breaker`: which offers are left alone for a while, and why."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from catalog.breaker_api import breaker_out, event_out
from catalog.breakers import breakers_of, close_breaker, offers_with_breakers
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show
from llmhub.lib import clock
from providers.breaker_models import BreakerEvent


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `breaker list`, `events` and `close`."""
    noun = commands.add_parser("breaker", help="breakers: which offers are left alone for a while")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="those that were open within 30 days; all others are closed")
    listing.add_argument("--provider", metavar="SLUG", help="only at this one")
    show.add_json(listing)
    listing.set_defaults(run=list_all)
    events = verbs.add_parser("events", help="what they did, the newest first")
    events.add_argument("--offer", type=int, help="only of this offer, by its number in the list")
    events.add_argument("--limit", type=int, default=20)
    show.add_json(events)
    events.set_defaults(run=list_events)
    close = verbs.add_parser("close", help="let calls go to an offer again")
    close.add_argument("offer", type=int, help="its number in the list")
    close.set_defaults(run=close_one)


def list_all(options: Namespace) -> int:
    """List how breakers stand."""
    provider = find.provider(options.provider) if options.provider else None
    found = [
        {"why": row.opened.get_reason_display() if row.opened else "", **breaker_out(row).model_dump()}
        for row in breakers_of(offers_with_breakers(provider), clock.now())
    ]
    columns = ("offer", "model", "provider", "state", "since", "open_until", "why")
    return show.rows(options, found, columns=columns, empty="no breaker was open within 30 days")


def list_events(options: Namespace) -> int:
    """List what breakers did."""
    rows = BreakerEvent.objects.all()
    if options.offer is not None:
        rows = rows.filter(target_id=options.offer)
    found = [event_out(row).model_dump() for row in rows[: max(1, min(options.limit, 200))]]
    columns = ("at", "offer", "before", "after", "reason", "failures", "calls", "failed", "open_until")
    return show.rows(options, found, columns=columns, empty="no breaker did anything within 30 days")


def close_one(options: Namespace) -> int:
    """Let calls go to an offer again."""
    offer = offers_with_breakers().filter(pk=options.offer).first()
    if offer is None:
        raise ValueError(f"the breaker of offer {options.offer} was not open: see `llmhub breaker list`")
    close_breaker(actor=COMMAND_LINE, offer=offer)
    show.line(f"calls of {offer.entry.slug} go to {offer.provider.slug} again within seconds")
    return 0
