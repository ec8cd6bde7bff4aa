"""Book what was spent, and note in the same transaction which thresholds of budgets it crosses."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.backends.utils import CursorWrapper

from billing import ledger_inserts as inserts
from billing import ledger_sql as sql
from billing import thresholds
from billing.entries import Hold
from billing.ledger_rows import Row


def book(cursor: CursorWrapper, sums: Mapping[Hold, tuple[int, int]], *, now: int) -> None:
    """Add (spent, held) to each counter at `now`, Unix seconds; more only where a threshold lies between."""
    rows: list[Row] = []
    for hold, spent, rule in sql.book(cursor, sums, now=now):
        if rule is None:
            continue
        for percent in thresholds.crossed(spent - sums[hold][0], spent, rule):
            cap = int(rule.partition(":")[0])
            rows.append([hold.budget_id, hold.period_start, percent, spent, cap, now])
    inserts.insert_crossings(cursor, rows)
