"""A budget's forecast as programs read it."""

from __future__ import annotations

from datetime import UTC, datetime

from billing import amount
from billing.budget import unit_of
from billing.forecast_models import BudgetForecast
from billing.models import Budget
from llmhub.lib.rest import Output


class ContributorOut(Output):
    """Who spent most of it in the days that the forecast is made of."""

    of: str  # team, key, model
    name: str
    amount: str


class ForecastOut(Output):
    """What will have been spent when the period ends: in four of five cases between `low` and `high`."""

    budget: int
    period_start: datetime
    made_at: datetime
    unit: str
    cap: str | None  # that holds now
    spent: str
    low: str
    expected: str
    high: str
    per_day: str
    days: int  # whole days of the period that it is made of
    contributors: list[ContributorOut]


def forecast_out(row: BudgetForecast, budget: Budget) -> ForecastOut:
    """Return a forecast as programs read it; amounts are in the budget's unit, USD as decimals."""
    unit, cap = unit_of(budget), budget.cap_at(row.made_at)
    return ForecastOut(
        budget=budget.pk,
        period_start=datetime.fromtimestamp(row.period_start, UTC),
        made_at=row.made_at,
        unit=unit,
        cap=None if cap is None else amount.show(cap, unit),
        spent=amount.show(row.spent, unit),
        low=amount.show(row.low, unit),
        expected=amount.show(row.expected, unit),
        high=amount.show(row.high, unit),
        per_day=amount.show(row.per_day, unit),
        days=row.days,
        contributors=[
            ContributorOut(of=each["of"], name=each["name"], amount=amount.show(each["amount"], unit))
            for each in row.contributors
        ],
    )
