"""`llmhub model offers`: how the providers of a model did, side by side."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from billing.offer_figures import offer_figures
from billing.supply import ProviderPart, parts_of
from billing.supply_api import offer_figures_out
from llmhub.cli import find, show
from llmhub.lib import clock, figures

COLUMNS = (
    "provider", "upstream_ids", "score", "calls", "share", "errors", "latency_ms", "ttft_ms", "spend",
    "per_1000",
)  # fmt: skip


def register(verbs: _SubParsersAction[Any]) -> None:
    """Add `model offers`."""
    offers = verbs.add_parser("offers", help="how its providers did in the last 7 days, side by side")
    offers.add_argument("model", help="its id")
    show.add_json(offers)
    offers.set_defaults(run=list_offers)


def list_offers(options: Namespace) -> int:
    """List the providers of a model in the order in which they are tried."""
    now, entry = clock.now(), find.model(options.model)
    parts = parts_of(entry, offer_figures(entry.pk, now=now), now=now)
    if options.json:
        return show.document([offer_figures_out(part).model_dump(mode="json") for part in parts])
    calls = sum(part.figures.requests for part in parts)
    rows = [row for part in parts for row in (_row(part, calls), *_offers(part))]
    return show.rows(options, rows, columns=COLUMNS, empty="no provider offers it")


def _row(part: ProviderPart, calls: int) -> show.Row:
    shape = offer_figures_out(part)
    return {
        "provider": shape.provider,
        "upstream_ids": shape.upstream_ids,
        "score": str(shape.score.value) if shape.score else None,
        "calls": shape.requests,
        "share": figures.share(shape.requests, calls),
        "errors": shape.errors,
        "latency_ms": shape.latency_p50_ms,
        "ttft_ms": shape.ttft_p50_ms,
        "spend": shape.spend,
        "per_1000": shape.cost_per_1000,
    }


def _offers(part: ProviderPart) -> list[show.Row]:
    """Return a line for each of several offers there, whose costs are counted together."""
    return [
        {
            "provider": "  of these",
            "upstream_ids": [each.offer.upstream_id],
            "score": str(each.score.value) if each.score and each.score.value else None,
            "calls": each.tally.attempts,
            "share": figures.share(each.tally.attempts, part.attempts),
            "errors": each.errors,
            "latency_ms": each.latency_p50_ms,
            "ttft_ms": each.ttft_p50_ms,
        }
        for each in part.offers
    ]
