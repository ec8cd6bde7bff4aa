"""`llmhub provider show`, `models` and `attempts`: what the page of a provider shows."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from billing.attempts_read import recent_attempts
from billing.supply_api import recent_attempt_out
from catalog.availability import offers_of
from catalog.listed import ListedRow, listings_with, rows_of
from catalog.listing_api import listed_out
from catalog.shapes import offer_out
from llmhub.cli import find, show
from llmhub.cli.credential import row_of
from llmhub.lib import clock
from providers.credential_now import credentials_now
from providers.support import support_of

_MOST = 200  # rows of a list, without `--limit`


def register(verbs: _SubParsersAction[Any]) -> None:
    """Add all three."""
    one = verbs.add_parser("show", help="one provider: credentials, offers with prices, what it supports")
    models = verbs.add_parser("models", help="what it lists by its last check, and what of it can be called")
    attempts = verbs.add_parser("attempts", help="the last calls that went there, of 7 days")
    for command, run in ((one, show_one), (models, list_models), (attempts, list_attempts)):
        command.add_argument("slug", help="short name")
        show.add_json(command)
        command.set_defaults(run=run)
    models.add_argument("words", nargs="*", help="all of them in the id or the name")
    models.add_argument("--limit", type=int, default=_MOST, help=f"rows; {_MOST} where nothing is said")


def show_one(options: Namespace) -> int:
    """Show a provider with each credential and each offer."""
    provider = find.provider(options.slug)
    credentials = list(map(row_of, credentials_now(provider.credentials.all())))
    offers = [
        {"model": row.offer.entry.slug, **offer_out(row).model_dump(mode="json")}
        for row in offers_of(provider, clock.now())
    ]
    facts = {
        "provider": provider.slug,
        "name": provider.name,
        "kind": provider.kind,
        "dialect": provider.dialect,
        "base_url": provider.base_url,
        "paused": provider.paused_reason,
        "health": provider.health or "unknown",
        "checked": provider.checked_at,
        "says": provider.check_message,
        "supports": sorted(support_of(provider)),
    }
    if options.json:
        return show.document({**facts, "credentials": credentials, "offers": offers})
    show.facts(options, facts)
    show.line("\ncredentials")
    show.rows(
        options, credentials, columns=("label", "state", "weight", "share", "from", "says"), empty="none"
    )
    show.line("\noffers, USD per million tokens")
    priced = [{**offer, **price} for offer in offers for price in offer["prices"] or [{}]]
    columns = ("model", "upstream_id", "above_input_tokens", "input", "output", "cache_read", "why_not")
    return show.rows(options, priced, columns=columns, empty=f"none: llmhub provider models {provider.slug}")


def list_models(options: Namespace) -> int:
    """List what a provider listed when it was last checked."""
    provider = find.provider(options.slug)
    fitting = listings_with(provider, " ".join(options.words)).order_by("upstream_id")
    found = rows_of(provider, list(fitting[: max(0, options.limit)]))
    if options.json:
        return show.document([listed_out(row).model_dump(mode="json") for row in found])
    columns = ("upstream_id", "context", "called_as", "known_as", "input", "output", "price_of")
    empty = f"no check got its list yet: llmhub provider check {provider.slug}"
    show.rows(
        options, map(_row, found), columns=columns, empty="nothing fits" if provider.listed_at else empty
    )
    if (total := fitting.count()) > len(found):
        show.line(f"{total} models fit; the first {len(found)} are shown: see --limit")
    return 0


def _row(row: ListedRow) -> show.Row:
    known = row.proposal
    rates = known.rates if known else None
    return {
        "upstream_id": row.listing.upstream_id,
        "context": row.listing.context_tokens,
        "called_as": row.models,
        "known_as": known.slug if known else None,
        "input": format(rates.input, "f") if rates else None,
        "output": format(rates.output, "f") if rates else None,
        "price_of": known.price_of if known else None,
    }


def list_attempts(options: Namespace) -> int:
    """List the last upstream calls at a provider, the newest first."""
    provider = find.provider(options.slug)
    found = [recent_attempt_out(each, provider.slug) for each in recent_attempts(provider, now=clock.now())]
    if options.json:
        return show.document([each.model_dump(mode="json") for each in found])
    rows = [{**each.model_dump(), "in": each.tokens.input, "out": each.tokens.output} for each in found]
    columns = ("at", "request_id", "model", "status", "http_status", "error_code", "in", "out", "latency_ms")
    return show.rows(options, rows, columns=(*columns, "cost"), empty="no attempt in the last 7 days")
