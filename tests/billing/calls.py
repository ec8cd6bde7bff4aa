"""Calls as the gateway hands them to the ledger."""

from __future__ import annotations

import time
from itertools import count

from billing.entries import AttemptEntry, Hold, Reserve, Settle
from billing.models import Budget, Counter

USD = 10**9  # nano-USD
_TEAMS = count(1)


def budget(cap: int | None, **values) -> Hold:
    """A budget that never resets, as a call is held against it."""
    whose = {"scope": "team", "scope_id": next(_TEAMS), "per": "total"}
    made = Budget.objects.create(**(whose | {"cap": cap} | values))
    return Hold(made.pk, 0)


def reserve(row_id: int, amount: int = 100, *holds: Hold, seconds: int = 600, **facts) -> Reserve:
    return Reserve(row_id, amount, int(time.time()) + seconds, holds, facts)


def attempt(cost: int | None = 40, number: int = 1, **values) -> AttemptEntry:
    values = {
        "status": "ok",
        "started_at_ms": 0,
        "latency_ms": 5,
        "input_tokens": 10,
        "output_tokens": 3,
        "cost_source": "unpriced" if cost is None else "computed",
    } | values
    return AttemptEntry(number=number, cost_nano=cost, **values)


def settle(row_id: int, *attempts: AttemptEntry, **values) -> Settle:
    values = {"requested": "acme/small-1", "status": "ok", "http_status": 200} | values
    return Settle(id=row_id, attempts=attempts or (attempt(),), **values)


def standing(hold: Hold) -> tuple[int, int]:
    """What a counter says: (spent, held)."""
    found = Counter.objects.filter(budget_id=hold.budget_id, period_start=hold.period_start).first()
    return (found.spent, found.held) if found else (0, 0)
