"""Pure: which budgets a call falls under, and in which of their periods."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from billing import periods
from billing.entries import Hold
from billing.periods import Per

ORGANISATION = "organisation"
TEAM = "team"
KEY = "key"

Subject = tuple[str, int]  # a scope, and whose: ("team", 7)


@dataclass(frozen=True, slots=True)
class BudgetValue:
    """A budget as the gateway's snapshot holds it; its cap is the ledger's to read."""

    id: int
    scope: str
    scope_id: int  # 0 for the organisation
    per: Per
    zone: ZoneInfo


def subjects(*, team_id: int | None, key_id: int | None) -> frozenset[Subject]:
    """Return everything that pays for a call of this key."""
    found = {(ORGANISATION, 0)}
    if team_id is not None:
        found.add((TEAM, team_id))
    if key_id is not None:
        found.add((KEY, key_id))
    return frozenset(found)


def holds(budgets: Iterable[BudgetValue], paying: frozenset[Subject], *, at: datetime) -> tuple[Hold, ...]:
    """Return what a call at `at` is held against: each budget of those who pay, in its period."""
    return tuple(
        Hold(budget.id, periods.start(budget.per, budget.zone, at))
        for budget in budgets
        if (budget.scope, budget.scope_id) in paying
    )
