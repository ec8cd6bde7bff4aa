"""Write adjustments into the ledger: no call, no attempt, a cost that may be below 0.

Counters, records and the marks of their buckets change in one transaction, like those of calls. A cap
refuses none: what was wrong is put right however little is left.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from billing import crossing, ledger_crossings, scopes
from billing import ledger_inserts as inserts
from billing import ledger_sql as sql
from billing.budget import in_force
from billing.entries import Hold
from billing.ledger_fold import lock_order
from billing.models import Budget, UsageRecord
from llmhub.lib import ids

_WORKER = ids.WORKERS - 1  # the last that a process would lease
_PER_MS = 1 << ids.WORKER_SHIFT


@dataclass(frozen=True)
class Entry:
    """One adjustment to be written, counted at the moment `at`."""

    amount_nano: int
    at: datetime
    of: Mapping[str, Any]  # columns of a usage record: whose it is, and `reason`
    supplier: tuple[int, int] = (0, 0)  # provider and entry that budgets of those are charged by


def write(entries: Sequence[Entry], *, now: datetime) -> list[int]:
    """Write entries in the transaction that is open, and return their ids.

    Each is booked into the counters of the USD budgets that a call of its own moment would fall under.
    """
    row_ids = _free_ids([entry.at for entry in entries])
    sums: defaultdict[Hold, int] = defaultdict(int)
    begun = _begun()
    budgets = scopes.by_subject(budget for budget in in_force() if budget.id in begun)
    for row_id, entry in zip(row_ids, entries, strict=True):
        for budget in scopes.of(budgets, dict.fromkeys(_subjects(entry))):
            if begun[budget.id] <= row_id:
                sums[Hold(budget.id, budget.period_start(ids.moment_of(row_id)))] += entry.amount_nano
    with connection.cursor() as cursor:
        _book({hold: (amount, 0) for hold, amount in sums.items() if amount}, cursor, now)
        adjusted = UsageRecord.Status.ADJUSTED
        UsageRecord.objects.bulk_create(
            UsageRecord(
                id=row_id, status=adjusted, cost_source=adjusted, cost_nano=entry.amount_nano, **entry.of
            )
            for row_id, entry in zip(row_ids, entries, strict=True)
        )
        inserts.mark_dirty(cursor, row_ids)
    return row_ids


def counts_from(budget: Budget) -> int:
    """Return the first id that a budget counts: adjustments of before it was made are none of its own."""
    return ids.first_at(budget.created_at)


def _begun() -> dict[int, int]:
    rows = Budget.objects.in_force().filter(unit=Budget.Unit.USD)
    return {budget.pk: counts_from(budget) for budget in rows}


def _subjects(entry: Entry) -> list[scopes.Subject]:
    provider, model = entry.supplier
    return [
        *scopes.payers(
            team_id=entry.of.get("team_id"),
            key_id=entry.of.get("key_id"),
            person_id=entry.of.get("person_id"),
            tags=entry.of.get("tags") or {},
        ),
        *scopes.suppliers(provider_id=provider, entry_id=model),
    ]


def _book(sums: Mapping[Hold, tuple[int, int]], cursor: Any, now: datetime) -> None:
    """Change counters; thresholds are crossed, or no longer, in the period of `now`: others are over."""
    moment = int(now.timestamp())
    sql.lock_counters(cursor, sorted(sums, key=lock_order), now=moment)
    rows = Budget.objects.in_bulk({hold.budget_id for hold in sums})
    current = {
        hold: sum_
        for hold, sum_ in sums.items()
        if crossing.period_of(rows[hold.budget_id], now) == hold.period_start
    }
    sql.book(cursor, {hold: sum_ for hold, sum_ in sums.items() if hold not in current}, now=moment)
    ledger_crossings.book(cursor, current, now=moment)
    for hold, (amount, _) in current.items():
        if amount < 0:
            crossing.recount(rows[hold.budget_id], now=now)


def _free_ids(moments: Iterable[datetime]) -> list[int]:
    """Return an unused id of each moment: gateways use others, but many adjustments may count at one."""
    found = [_drawn(at) for at in moments]
    for _ in range(20):
        taken = set(UsageRecord.objects.filter(id__in=found).values_list("id", flat=True))
        seen: set[int] = set()
        for place, id_ in enumerate(found):
            if id_ in taken or id_ in seen:
                found[place] = _drawn(ids.moment_of(id_))
            seen.add(id_)
        if not taken and len(seen) == len(found):
            return found
    raise ValueError("thousands of adjustments count at one moment already: choose another month")


def _drawn(at: datetime) -> int:
    return ids.first_at(at) | _WORKER << ids.WORKER_SHIFT | secrets.randbelow(_PER_MS)
