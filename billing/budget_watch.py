"""Which budgets are nearest to their caps, for the page that people start the day with."""

from __future__ import annotations

from datetime import datetime

from billing import crossing
from billing.budget_state import BudgetRow, states
from billing.models import Budget, Counter
from llmhub.audit.actor import Actor

_MOST = 2000  # budgets looked at


def nearest(actor: Actor, now: datetime, *, limit: int = 5) -> list[BudgetRow]:
    """Return the budgets that `actor` may see of which the largest share is spent or held."""
    seen = Budget.objects.in_force().seen_by(actor).exclude(cap=None).order_by("-id")
    budgets = {row.pk: row for row in seen[:_MOST]}
    starts = {pk: crossing.period_of(row, now) for pk, row in budgets.items()}
    counters = Counter.objects.filter(budget_id__in=starts, period_start__in=set(starts.values()))
    used = {
        row.budget_id: row.spent + row.held for row in counters if starts[row.budget_id] == row.period_start
    }
    shares = {pk: used.get(pk, 0) / (row.cap_at(now) or 1) for pk, row in budgets.items()}
    most = sorted(budgets, key=lambda pk: (-shares[pk], pk))[:limit]
    return states([budgets[pk] for pk in most], at=now)
