"""`llmhub provider latency`: how long calls take at each offer, with failures and score."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace, _SubParsersAction
from typing import Any

from catalog.latency import MOST_HOURS, OfferTimes, offer_times
from llmhub.cli import find, show
from llmhub.lib import clock


def register(verbs: _SubParsersAction[Any]) -> None:
    """Add `provider latency`."""
    latency = verbs.add_parser("latency", help="how long calls take there, with failures and score")
    latency.add_argument("slug", nargs="?", help="of one provider; else of all")
    latency.add_argument("--hours", type=_hours, default=24, help=f"how far back, {MOST_HOURS} at most")
    show.add_json(latency)
    latency.set_defaults(run=list_latency)


def _hours(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_HOURS:
        raise ArgumentTypeError(f"{text!r} is no number of hours from 1 to {MOST_HOURS}")
    return int(text)


def list_latency(options: Namespace) -> int:
    """List the offers that had calls."""
    provider = find.provider(options.slug).slug if options.slug else ""
    found = map(_row, offer_times(clock.now(), hours=options.hours, provider=provider))
    columns = ("model", "provider", "score", "calls", "failed", "latency_ms", "p95_ms", "ttft_ms", "speed")
    return show.rows(options, found, columns=columns, empty=f"no call in the last {options.hours} hours")


def _row(each: OfferTimes) -> show.Row:
    tally, value = each.tally, each.score.value if each.score else None
    return {
        "model": each.offer.entry.slug,
        "provider": each.offer.provider.slug,
        "score": None if value is None else str(value),
        "calls": tally.calls,
        "failed": tally.ill,
        "latency_ms": tally.latency.percentile(50),
        "p95_ms": tally.latency.percentile(95),
        "ttft_ms": tally.ttft.percentile(50),
        "speed": each.speed(50),
    }
