"""`llmhub model prices` and `model retirements`: what models cost before, and which of them are leaving."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from django.core.exceptions import ValidationError

from billing.callers import callers
from catalog.lifecycle import Stage
from catalog.price_history import history
from catalog.retirement import Leaving, leaving
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show
from llmhub.lib import clock
from routing.preflight_move import move_of
from routing.preflight_run import run

PRICES = ("from", "until", "provider", "input", "output", "cache_read", "origin", "source")
LEAVING = ("model", "stage", "ends", "days_left", "replacement", "preflight", "called_by")


def register(verbs: _SubParsersAction[Any]) -> None:
    """Add both."""
    prices = verbs.add_parser("prices", help="every price of a model's offers, with its source")
    prices.add_argument("model", help="its id")
    show.add_json(prices)
    prices.set_defaults(run=list_prices)
    retiring = verbs.add_parser(
        "retirements",
        help="what is leaving, when, who still calls it, and what moving them to the replacement would meet",
    )
    retiring.add_argument("--discovered", action="store_true", help="discovered models too")
    show.add_json(retiring)
    retiring.set_defaults(run=list_retirements)


def list_prices(options: Namespace) -> int:
    """List the base prices of a model, the newest first, in USD per million tokens."""
    rows = [
        {
            "from": step.price.effective_from,
            "until": step.until,
            "provider": step.offer.provider.slug,
            "input": format(step.price.input, "f"),
            "output": format(step.price.output, "f"),
            "cache_read": step.price.cache_read and format(step.price.cache_read, "f"),
            "origin": step.price.origin,
            "source": step.price.source,
        }
        for step in history(find.model(options.model))
    ]
    return show.rows(options, rows, columns=PRICES, empty="nobody said yet what it costs")


def list_retirements(options: Namespace) -> int:
    """List what is leaving with the keys that called it lately, and the verdict of a preflight."""
    now = clock.now()
    rows = [
        {
            "model": row.entry.slug,
            "stage": row.stage.value,
            "ends": row.entry.sunset_on and str(row.entry.sunset_on),
            "days_left": row.days_left,
            "replacement": row.entry.replacement,
            "preflight": _preflight(row),
            "called_by": [f"{each.key.team.slug}/{each.key.name}" for each in callers(row.entry.pk, now=now)],
        }
        for row in leaving(now.date(), discovered=options.discovered)
    ]
    return show.rows(options, rows, columns=LEAVING, empty="nothing is leaving")


def _preflight(row: Leaving) -> str:
    """Return what moving everybody to the replacement would meet; "" where there is nothing to move to."""
    if not row.entry.replacement or row.stage == Stage.RETIRED:
        return ""
    try:
        move = move_of(
            actor=COMMAND_LINE, source=row.entry.slug, target=row.entry.replacement, kind="organisation"
        )
    except ValidationError as error:
        return "; ".join(error.messages)
    return run(move, actor=COMMAND_LINE).said
