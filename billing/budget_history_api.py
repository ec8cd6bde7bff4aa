"""What a budget spent before, and what was done to it, in the management API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router
from pydantic import Field

from billing import amount
from billing.budget import unit_of
from billing.budget_periods import MOST, Period, periods_of
from billing.budget_steps import history_of
from billing.models import Budget
from llmhub.lib import clock
from llmhub.lib.rest import REFUSALS, Output, Page
from llmhub.people.api_access import caller

router = Router()


class BudgetStepOut(Output):
    """One thing that was done to a budget."""

    at: datetime
    actor: str
    told: str  # in words


class BudgetPeriodOut(Output):
    """What a budget spent in one of its periods; the amount is in its unit, USD as a decimal."""

    start: datetime | None  # null: a total began with the budget
    end: datetime | None  # null: never
    spent: str
    refused: int  # calls
    open: bool  # whether it is the one of the moment


def period_out(period: Period, budget: Budget) -> BudgetPeriodOut:
    """Return a period as programs read it."""
    return BudgetPeriodOut(
        start=period.start,
        end=period.end,
        spent=amount.show(period.spent, unit_of(budget)),
        refused=period.refused,
        open=period.is_open,
    )


@router.get("/budgets/{int:budget_id}/periods", response={200: Page[BudgetPeriodOut], **REFUSALS})
def list_periods(
    request: HttpRequest, budget_id: int, limit: Annotated[int, Field(ge=1, le=MOST)] = 12
) -> Page[BudgetPeriodOut]:
    """List what a budget spent in each of its periods, the newest first; those without calls are left out."""
    budget = get_object_or_404(Budget.objects.seen_by(caller(request, "read")), pk=budget_id)
    found = periods_of(budget, clock.now(), limit=limit)
    return Page(data=[period_out(row, budget) for row in found], next_cursor="")


@router.get("/budgets/{int:budget_id}/history", response={200: Page[BudgetStepOut], **REFUSALS})
def list_history(request: HttpRequest, budget_id: int) -> Page[BudgetStepOut]:
    """List who changed a budget, asked for more and decided, the newest first: the last 50 steps."""
    budget = get_object_or_404(Budget.objects.seen_by(caller(request, "read")), pk=budget_id)
    return Page(data=[BudgetStepOut(**vars(step)) for step in history_of(budget)], next_cursor="")
