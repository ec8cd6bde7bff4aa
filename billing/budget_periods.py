"""What a budget has spent in each of its periods, from its counters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from billing import periods
from billing.budget_refusal_models import BudgetRefusal
from billing.models import Budget, Counter
from billing.periods import Per

MOST = 100  # periods


@dataclass(frozen=True)
class Period:
    """One period of a budget; amounts are in its unit, USD as nano-USD."""

    start: datetime | None  # in the budget's zone; None: a total began with the budget
    end: datetime | None  # None: never
    spent: int
    refused: int  # calls
    is_open: bool


def periods_of(budget: Budget, now: datetime, *, limit: int = 12) -> list[Period]:
    """Return the periods in which something was spent or held, the newest first."""
    counters = list(Counter.objects.filter(budget_id=budget.pk).order_by("-period_start")[:limit])
    starts = [row.period_start for row in counters]
    refusals = BudgetRefusal.objects.filter(budget_id=budget.pk, period_start__in=starts)
    refused = {row.period_start: row.times for row in refusals}
    return [_period(budget, row, refused.get(row.period_start, 0), now) for row in counters]


def _period(budget: Budget, counter: Counter, refused: int, now: datetime) -> Period:
    per, zone = cast("Per", budget.per), ZoneInfo(budget.time_zone)
    if budget.per == "total":
        return Period(None, None, counter.spent, refused, is_open=True)
    start = datetime.fromtimestamp(counter.period_start, zone)
    end = periods.end(per, zone, start)
    return Period(
        start,
        None if end is None else datetime.fromtimestamp(end, zone),
        counter.spent,
        refused,
        is_open=counter.period_start == periods.start(per, zone, now),
    )
