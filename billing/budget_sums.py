"""Which sums of calls a budget is judged by, and what of them it counts."""

from __future__ import annotations

from billing.models import Budget
from billing.rollup_read import Sums

# What is summed up for a budget of a scope, and by what its largest contributors are told apart.
COLUMNS = {
    "organisation": ("", "team_id"),
    "team": ("team_id", "key_id"),
    "key": ("key_id", "entry_id"),
    "person": ("person_id", "entry_id"),
    "provider": ("provider_id", "entry_id"),
    "model": ("entry_id", "team_id"),
}
MEASURES = ("spend_nano", "requests", "input_tokens", "output_tokens")


def amount_of(row: Sums, budget: Budget) -> int:
    """Return what a budget counts of some calls, in its unit."""
    if budget.unit == Budget.Unit.USD:
        return row.values["spend_nano"]
    if budget.unit == Budget.Unit.REQUESTS:
        return row.values["requests"]
    return row.values["input_tokens"] + row.values["output_tokens"]
