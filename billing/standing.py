"""What counters say now, read without a lock: for who asks whether a call would fit, and holds nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from billing.entries import Hold, OverBudget, Reserve, Room
from billing.ledger_fold import Standing, Wish, admit
from billing.models import Budget, Counter

Verdict = OverBudget | Room | None  # why a reservation would be refused, what it would leave, or no limit


def verdicts(wanted: Iterable[Reserve], *, at: datetime) -> list[Verdict]:
    """Return of each reservation, as if it came alone, what the ledger would say at `at`."""
    wanted = list(wanted)
    standings = _standings({hold for reserve in wanted for hold in reserve.holds}, at=at)
    return [_verdict(standings, reserve) for reserve in wanted]


def _verdict(standings: dict[Hold, Standing], reserve: Reserve) -> Verdict:
    found = admit(standings, [Wish(reserve)])
    return found.refused.get(reserve.id) or found.rooms.get(reserve.id)


def _standings(holds: set[Hold], *, at: datetime) -> dict[Hold, Standing]:
    ids = {hold.budget_id for hold in holds}
    if not ids:
        return {}
    budgets = Budget.objects.filter(pk__in=ids, hard=True, removed_at=None)
    caps = {budget.pk: budget.cap_at(at) for budget in budgets}
    starts = {hold.period_start for hold in holds}
    rows = Counter.objects.filter(budget_id__in=ids, period_start__in=starts)
    counters = {(row.budget_id, row.period_start): row for row in rows}
    found = {}
    for hold in holds:
        row = counters.get((hold.budget_id, hold.period_start))
        spent, held = (row.spent, row.held) if row else (0, 0)
        found[hold] = Standing(spent, held, caps.get(hold.budget_id))
    return found
