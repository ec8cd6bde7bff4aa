"""Budgets that are in force, as the gateway knows them."""

from __future__ import annotations

from typing import cast
from zoneinfo import ZoneInfo

from billing.budget_names import Names
from billing.entries import Unit
from billing.models import Budget
from billing.periods import Per
from billing.scopes import BudgetValue


def in_force() -> tuple[BudgetValue, ...]:
    """Return every budget that was not removed, for the gateway's snapshot."""
    budgets = list(Budget.objects.in_force().order_by("id"))
    names = Names.of(budgets)
    return tuple(value_of(budget, names) for budget in budgets)


def value_of(budget: Budget, names: Names) -> BudgetValue:
    """Return a budget as the gateway's snapshot holds it."""
    return BudgetValue(
        id=budget.pk,
        scope=budget.scope,
        whose=budget.tag or budget.scope_id,
        per=cast("Per", budget.per),
        zone=ZoneInfo(budget.time_zone),
        unit=cast("Unit", budget.unit),
        hard=budget.hard and budget.cap is not None,
        label=names.label(budget),
    )
