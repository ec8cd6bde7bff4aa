"""Pure: which reservations of a batch fit, and what the batch adds to each counter.

Settles come first and are never refused: what was spent was spent. Reservations come after them,
first come first served, each against all its budgets at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from billing.entries import Hold, OverBudget, Reserve


@dataclass(frozen=True)
class Standing:
    """What a counter says at one moment; amounts are nano-USD."""

    spent: int = 0
    held: int = 0
    cap: int | None = None  # None: unlimited

    def room(self) -> int | None:
        """Return what may still be reserved, or None where there is no limit."""
        return None if self.cap is None else self.cap - self.spent - self.held


@dataclass(frozen=True)
class Change:
    """What one call adds to each of its counters when it ends; amounts are nano-USD."""

    holds: tuple[Hold, ...]
    spent: int
    held: int  # negative: given back


def summed(changes: Iterable[Change]) -> dict[Hold, tuple[int, int]]:
    """Return what all changes together add to (spent, held) of each counter, in lock order."""
    sums: dict[Hold, tuple[int, int]] = {}
    for change in changes:
        for hold in set(change.holds):
            spent, held = sums.get(hold, (0, 0))
            sums[hold] = (spent + change.spent, held + change.held)
    return {hold: sums[hold] for hold in sorted(sums, key=lock_order)}


def lock_order(hold: Hold) -> tuple[int, int]:
    """Return the one order in which counters are locked everywhere."""
    return hold.budget_id, hold.period_start


def moved(standings: Mapping[Hold, Standing], sums: Mapping[Hold, tuple[int, int]]) -> dict[Hold, Standing]:
    """Return the counters as they stand after `sums`."""
    after = dict(standings)
    for hold, (spent, held) in sums.items():
        before = after[hold]
        after[hold] = replace(before, spent=before.spent + spent, held=before.held + held)
    return after


def admit(
    standings: Mapping[Hold, Standing], reserves: Sequence[Reserve]
) -> tuple[list[Reserve], dict[int, OverBudget]]:
    """Return the reservations that fit, and by id the budget in the way of each that does not."""
    now = dict(standings)
    accepted: list[Reserve] = []
    refused: dict[int, OverBudget] = {}
    for reserve in reserves:
        obstacle = _obstacle(now, reserve)
        if obstacle is not None:
            refused[reserve.id] = obstacle
            continue
        accepted.append(reserve)
        for hold in set(reserve.holds):
            held = now[hold].held + reserve.amount_nano
            now[hold] = Standing(now[hold].spent, held, now[hold].cap)
    return accepted, refused


def _obstacle(standings: Mapping[Hold, Standing], reserve: Reserve) -> OverBudget | None:
    """Return the refusal by the budget with the least room, or None when the call fits in all."""
    limited = [
        (room, standings[hold].cap or 0, hold)
        for hold in reserve.holds
        if (room := standings[hold].room()) is not None
    ]
    if not limited:
        return None
    room, cap, tightest = min(limited, key=lambda found: found[:2])
    if cap > 0 and reserve.amount_nano <= room:  # a cap of 0 allows nothing, not even what is free
        return None
    standing = standings[tightest]
    return OverBudget(
        tightest.budget_id,
        cap=cap,
        spent=standing.spent,
        held=standing.held,
        amount=reserve.amount_nano,
    )
