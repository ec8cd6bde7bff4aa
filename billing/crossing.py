"""Bring the crossings of a budget in line with a cap or thresholds that a person changed."""

from __future__ import annotations

from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from billing import ledger_inserts, ledger_sql, periods, thresholds
from billing.crossing_models import Crossing
from billing.entries import Hold
from billing.models import Budget
from billing.periods import Per


def period_of(budget: Budget, at: datetime) -> int:
    """Return the start of the period of a moment, which names the budget's counter."""
    return periods.start(cast("Per", budget.per), ZoneInfo(budget.time_zone), at)


@transaction.atomic
def recount(budget: Budget, *, now: datetime) -> None:
    """Take back what is no longer crossed in this period, and note what is crossed since the change.

    The counter is locked meanwhile: the ledger notes what it crosses before, or by the new cap after.
    """
    start = period_of(budget, now)
    with connection.cursor() as cursor:
        hold, moment = Hold(budget.pk, start), int(now.timestamp())
        standing = ledger_sql.lock_counters(cursor, [hold], now=moment)[hold]
        reached = reached_by(budget, standing.spent, now)
        rows = Crossing.objects.filter(budget_id=budget.pk, period_start=start)
        rows.exclude(threshold__in=reached).delete()
        cap = budget.cap_at(now)
        ledger_inserts.insert_crossings(
            cursor, [[budget.pk, start, percent, standing.spent, cap, moment] for percent in reached]
        )


def reached_by(budget: Budget, spent: int, now: datetime) -> list[int]:
    """Return the percents that an amount has crossed, by the cap that holds at `now`."""
    cap = budget.cap_at(now)
    if cap is None or budget.removed_at is not None:
        return []
    return [
        percent for percent in thresholds.percents(budget.alert_at) if spent >= thresholds.level(cap, percent)
    ]
