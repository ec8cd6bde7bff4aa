"""`llmhub budget periods` and `history`: what a budget spent before, and what was done to it."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from billing.budget_history_api import period_out
from billing.budget_periods import MOST, periods_of
from billing.budget_steps import history_of
from llmhub.cli import find, show
from llmhub.lib import clock


def register(verbs: _SubParsersAction[Any]) -> None:
    """Add them to `budget`."""
    for verb, run, text in (
        ("periods", list_periods, "what it spent and refused in each of its periods, the newest first"),
        ("history", list_history, "who changed it, asked for more and decided, the newest first"),
    ):
        parser = verbs.add_parser(verb, help=text)
        parser.add_argument("budget", type=int, help="its id")
        show.add_json(parser)
        parser.set_defaults(run=run)


def list_periods(options: Namespace) -> int:
    """List the periods of a budget."""
    budget = find.budget(options.budget)
    rows = [period_out(row, budget).model_dump() for row in periods_of(budget, clock.now(), limit=MOST)]
    columns = ("start", "end", "spent", "refused", "open")
    return show.rows(options, rows, columns=columns, empty="no call has fallen under it yet")


def list_history(options: Namespace) -> int:
    """List what was done to a budget."""
    rows = [vars(step) for step in history_of(find.budget(options.budget))]
    return show.rows(options, rows, columns=("at", "actor", "told"), empty="nothing is on record")
