"""Budgets that are in force."""

from __future__ import annotations

from typing import cast
from zoneinfo import ZoneInfo

from billing.models import Budget
from billing.periods import Per
from billing.scopes import BudgetValue


def in_force() -> tuple[BudgetValue, ...]:
    """Return every budget that was not removed, for the gateway's snapshot."""
    return tuple(
        BudgetValue(
            id=budget.pk,
            scope=budget.scope,
            scope_id=budget.scope_id,
            per=cast("Per", budget.per),
            zone=ZoneInfo(budget.time_zone),
        )
        for budget in Budget.objects.filter(removed_at=None).order_by("id")
    )
