"""The SQL that the ledger locks, counts and takes out by, the same text on SQLite and Postgres.

Locks are taken in one order everywhere, the sweeper included: reservations by id, then counters
by (budget, period). Each function runs one statement; docs/ledger.md says why each is as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from django.db.backends.utils import CursorWrapper

from billing.charge import held
from billing.entries import Hold, whole_hold
from billing.ledger_fold import Standing
from billing.ledger_rows import Row, holds_text, parse_holds
from billing.ledger_text import marks, tuples

_CAP = (  # only a hard budget that was not removed refuses; its raise ends by the clock, %s is now
    "(SELECT CASE WHEN raised_until > %s THEN raised_cap ELSE cap END FROM billing_budget"
    " WHERE billing_budget.id = budget_id AND billing_budget.hard AND billing_budget.removed_at IS NULL)"
)
_ALERTS = (  # when to tell of a budget, hard or soft: `<cap>:<percents>`, %s is now
    "(SELECT CASE WHEN raised_until > %s THEN raised_cap ELSE cap END || ':' || alert_at FROM billing_budget"
    " WHERE billing_budget.id = budget_id AND billing_budget.removed_at IS NULL AND alert_at <> '')"
)
_UNLIMITED = 2**63 - 1
_NO_FACTS = "'{}'"  # they are long, and nobody reads those of a call that is settled
_NUMBER = "CAST(%s AS BIGINT)"


class Lease(msgspec.Struct, frozen=True):
    """A reservation that was taken out of the table."""

    id: int
    amount_nano: int
    holds: tuple[Hold, ...]
    facts: str  # JSON
    expires_at: int = 0  # Unix seconds

    def held(self) -> dict[Hold, int]:
        """Return what it holds of each counter."""
        return {hold: held(hold, self.amount_nano) for hold in self.holds}

    def row(self) -> Row:
        """Return the row it was, to be put back."""
        return [self.id, self.expires_at, self.amount_nano, holds_text(self.holds), self.facts]


@lru_cache
def _take(count: int, facts: str) -> str:
    return (
        f"DELETE FROM billing_reservation WHERE id IN ({marks(count)})"  # noqa: S608
        f" RETURNING id, amount_nano, counters, expires_at, {facts}"
    )


def take_reservations(
    cursor: CursorWrapper, ids: Iterable[int], *, with_facts: bool = True
) -> dict[int, Lease]:
    """Delete these reservations and return those that were still there."""
    wanted = sorted(ids)
    if not wanted:
        return {}
    facts = "facts" if with_facts else _NO_FACTS
    cursor.execute(_take(len(wanted), facts), wanted)
    return {row[0]: Lease(row[0], row[1], parse_holds(row[2]), row[4], row[3]) for row in cursor.fetchall()}


def take_expired(cursor: CursorWrapper, *, now: int, limit: int) -> list[Lease]:
    """Delete the oldest reservations whose time is over and return them; none is taken twice."""
    cursor.execute(
        "DELETE FROM billing_reservation WHERE id IN"
        " (SELECT id FROM billing_reservation WHERE expires_at < %s ORDER BY id LIMIT %s)"
        " RETURNING id, amount_nano, counters, facts",
        [now, limit],
    )
    return sorted(
        (Lease(row[0], row[1], parse_holds(row[2]), row[3]) for row in cursor.fetchall()),
        key=lambda lease: lease.id,
    )


def find_records(cursor: CursorWrapper, ids: Iterable[int]) -> dict[int, tuple[str, int | None]]:
    """Return error code and cost of the usage records that are already there."""
    wanted = sorted(ids)
    if not wanted:
        return {}
    cursor.execute(
        f"SELECT id, error_code, cost_nano FROM billing_usagerecord WHERE id IN ({marks(len(wanted))})",  # noqa: S608
        wanted,
    )
    return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


def delete_records(cursor: CursorWrapper, ids: Iterable[int]) -> None:
    """Take away estimates that the truth replaces."""
    wanted = sorted(ids)
    if wanted:
        cursor.execute(f"DELETE FROM billing_usagerecord WHERE id IN ({marks(len(wanted))})", wanted)  # noqa: S608


@lru_cache
def _lock(count: int) -> str:
    return (
        "INSERT INTO billing_counter AS c (budget_id, period_start, spent, held)"  # noqa: S608
        f" VALUES {tuples('%s,%s,0,0', count)}"
        " ON CONFLICT (budget_id, period_start) DO UPDATE SET held = c.held"
        f" RETURNING budget_id, period_start, spent, held, {_CAP}"
    )


def lock_counters(cursor: CursorWrapper, holds: Sequence[Hold], *, now: int) -> dict[Hold, Standing]:
    """Make the counters that are missing, lock all in order, and return what they say at `now`, Unix seconds.

    The row proposed holds zeros: a CHECK looks at the proposed row, not at the outcome.
    """
    if not holds:
        return {}
    cursor.execute(
        _lock(len(holds)),
        [*(number for hold in holds for number in (hold.budget_id, hold.period_start)), now],
    )
    return {whole_hold(row[0], row[1]): Standing(row[2], row[3], row[4]) for row in cursor.fetchall()}


@lru_cache
def _book(count: int) -> str:
    return (
        f"WITH d(b,p,s,h) AS (VALUES {tuples(','.join([_NUMBER] * 4), count)})"  # noqa: S608
        " UPDATE billing_counter SET spent = spent + d.s, held = held + d.h"
        " FROM d WHERE budget_id = d.b AND period_start = d.p"
        f" RETURNING budget_id, period_start, spent, {_ALERTS}"
    )


def book(
    cursor: CursorWrapper, sums: Mapping[Hold, tuple[int, int]], *, now: int
) -> list[tuple[Hold, int, str | None]]:
    """Add (spent, held) to each counter; never refused, an overshoot is booked.

    Returns what each has spent now, and when to tell of its budget: as of this statement, which sees
    a cap that was changed while the counters were waited for.
    """
    if not sums:
        return []
    cursor.execute(
        _book(len(sums)),
        [*(n for hold, sum_ in sums.items() for n in (hold.budget_id, hold.period_start, *sum_)), now],
    )
    return [(whole_hold(row[0], row[1]), row[2], row[3]) for row in cursor.fetchall()]


@lru_cache
def _hold(count: int) -> str:
    return (
        f"WITH d(b,p,h) AS (VALUES {tuples(','.join([_NUMBER] * 3), count)})"  # noqa: S608
        " UPDATE billing_counter SET held = billing_counter.held + d.h"
        " FROM d WHERE budget_id = d.b AND period_start = d.p"
        f" AND spent + held + d.h <= COALESCE({_CAP}, {_UNLIMITED})"
        " RETURNING budget_id"
    )


def hold(cursor: CursorWrapper, sums: Mapping[Hold, tuple[int, int]], *, now: int) -> bool:
    """Add to what counters hold, each only while it stays inside its cap; False: one did not."""
    if not sums:
        return True
    cursor.execute(
        _hold(len(sums)),
        [*(n for hold, (_, held) in sums.items() for n in (hold.budget_id, hold.period_start, held)), now],
    )
    return len(cursor.fetchall()) == len(sums)


def scalar(cursor: CursorWrapper, statement: str, parameters: Sequence[Any] = ()) -> Any:
    """Return the first value of the first row, or None when there is no row."""
    cursor.execute(statement, parameters)
    row = cursor.fetchone()
    return None if row is None else row[0]
