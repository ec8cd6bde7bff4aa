"""The SQL of the ledger, the same text on SQLite and Postgres. Each function runs one statement.

Locks are taken in one order everywhere, the sweeper included: reservations by id, then counters
by (budget, period). docs/ledger.md says why each statement is as it is.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import msgspec
from django.db.backends.utils import CursorWrapper

from billing import rollup_bucket
from billing.charge import held
from billing.entries import Hold, whole_hold
from billing.ledger_fold import Standing
from billing.ledger_rows import (
    ATTEMPT_COLUMNS,
    RECORD_COLUMNS,
    RESERVATION_COLUMNS,
    Row,
    holds_text,
    parse_holds,
)
from llmhub.lib.ids import PER_MINUTE

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


def _marks(count: int) -> str:
    return ",".join(["%s"] * count)


def _tuples(row: str, count: int) -> str:
    return ",".join([f"({row})"] * count)


def _insert(table: str, columns: Sequence[str], *, rows: int = 1) -> str:
    names = ",".join(f'"{column}"' for column in columns)
    return f'INSERT INTO "{table}" ({names}) VALUES {_tuples(_marks(len(columns)), rows)}'  # noqa: S608


class _Inserts:
    """Inserts many rows at once.

    SQLite gives the interpreter's lock up for each statement that it runs, and has to get it back from the
    event loop: few statements of many rows, of few sizes so that they are prepared once. Psycopg sends
    single rows faster, all in one go.
    """

    _SIZES = (64, 16, 4)

    def __init__(self, table: str, columns: Sequence[str]) -> None:
        self.one = _insert(table, columns)
        self._many = [(rows, _insert(table, columns, rows=rows)) for rows in self._SIZES]

    def run(self, cursor: CursorWrapper, rows: Sequence[Row]) -> None:
        """Write rows, if there are any."""
        done = 0
        if isinstance(cursor, sqlite3.Cursor):
            for size, statement in self._many:
                while len(rows) - done >= size:
                    cursor.execute(statement, [*chain.from_iterable(rows[done : done + size])])
                    done += size
        if done < len(rows):
            cursor.executemany(self.one, rows[done:])


_RESERVATIONS = _Inserts("billing_reservation", RESERVATION_COLUMNS)
_RECORDS = _Inserts("billing_usagerecord", RECORD_COLUMNS)
_ATTEMPTS = _Inserts("billing_attempt", ATTEMPT_COLUMNS)
_CROSSING_COLUMNS = ("budget_id", "period_start", "threshold", "spent", "cap", "crossed_at")
_INSERT_CROSSING = f"{_insert('billing_crossing', _CROSSING_COLUMNS)} ON CONFLICT DO NOTHING"
_INSERT_OVERSHOOT = _insert("billing_overshoot", ("id", "held_nano", "charged_nano"))
_ADD_REFUSAL = (  # the constraint `one_refusal_a_minute`: whichever process came first has the record
    f"{_RECORDS.one} ON CONFLICT (key_id, error_code, (id / {PER_MINUTE})) WHERE status = 'refused'"
    " DO UPDATE SET refusals = billing_usagerecord.refusals + excluded.refusals"
)
_OVER_COLUMNS = ("budget_id", "period_start", "times", "first_at", "last_at", "amount")
_ADD_OVER = (
    f"{_insert('billing_budgetrefusal', _OVER_COLUMNS)} ON CONFLICT (budget_id, period_start) DO UPDATE SET"
    " times = billing_budgetrefusal.times + excluded.times,"
    " last_at = excluded.last_at, amount = excluded.amount"
)


@lru_cache
def _take(count: int, facts: str) -> str:
    return (
        f"DELETE FROM billing_reservation WHERE id IN ({_marks(count)})"  # noqa: S608
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
        f"SELECT id, error_code, cost_nano FROM billing_usagerecord WHERE id IN ({_marks(len(wanted))})",  # noqa: S608
        wanted,
    )
    return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


def delete_records(cursor: CursorWrapper, ids: Iterable[int]) -> None:
    """Take away estimates that the truth replaces."""
    wanted = sorted(ids)
    if wanted:
        cursor.execute(f"DELETE FROM billing_usagerecord WHERE id IN ({_marks(len(wanted))})", wanted)  # noqa: S608


@lru_cache
def _lock(count: int) -> str:
    return (
        "INSERT INTO billing_counter AS c (budget_id, period_start, spent, held)"  # noqa: S608
        f" VALUES {_tuples('%s,%s,0,0', count)}"
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
        f"WITH d(b,p,s,h) AS (VALUES {_tuples(','.join([_NUMBER] * 4), count)})"  # noqa: S608
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
        f"WITH d(b,p,h) AS (VALUES {_tuples(','.join([_NUMBER] * 3), count)})"  # noqa: S608
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


def insert_crossings(cursor: CursorWrapper, rows: Sequence[Row]) -> None:
    """Write which thresholds were crossed; one that was crossed before in its period stays as it is."""
    if rows:
        cursor.executemany(_INSERT_CROSSING, rows)


def insert_reservations(cursor: CursorWrapper, rows: Sequence[Row]) -> None:
    """Write reservations."""
    _RESERVATIONS.run(cursor, rows)


def insert_records(cursor: CursorWrapper, rows: Sequence[Row], *, attempts: Sequence[Row] = ()) -> None:
    """Write usage records with their attempts; their buckets are to be added up anew."""
    _RECORDS.run(cursor, rows)
    if rows:
        mark_dirty(cursor, (row[0] for row in rows))
    _ATTEMPTS.run(cursor, attempts)


def insert_overshoots(cursor: CursorWrapper, rows: Sequence[Row]) -> None:
    """Write which calls cost more than was held for them."""
    if rows:
        cursor.executemany(_INSERT_OVERSHOOT, rows)


def add_refusals(cursor: CursorWrapper, rows: Sequence[Row]) -> None:
    """Count refusals in the record of their key, code and minute; the first makes it."""
    if rows:
        cursor.executemany(_ADD_REFUSAL, rows)
        mark_dirty(cursor, (row[0] for row in rows))


def add_over(cursor: CursorWrapper, rows: Sequence[Row]) -> None:
    """Count what budgets refused in their periods; rows in the order in which every gateway locks them."""
    if rows:
        cursor.executemany(_ADD_OVER, rows)


def mark_dirty(cursor: CursorWrapper, ids: Iterable[int]) -> None:
    """Say that the buckets of these records are out of date, in the transaction that makes them so.

    Each process has rows of its own, so that gateways do not wait for each other here. The stamp is
    new each time: who added a bucket up clears only the stamp that it found (billing/rollup.py).
    """
    marks = sorted({(rollup_bucket.of_row(id_), rollup_bucket.worker_of(id_)) for id_ in ids})
    stamp = secrets.randbits(63)
    cursor.execute(
        f"INSERT INTO billing_dirtybucket (bucket, source, stamp) VALUES {_tuples('%s,%s,%s', len(marks))}"  # noqa: S608
        " ON CONFLICT (bucket, source) DO UPDATE SET stamp = excluded.stamp",
        [number for mark in marks for number in (*mark, stamp)],
    )


def scalar(cursor: CursorWrapper, statement: str, parameters: Sequence[Any] = ()) -> Any:
    """Return the first value of the first row, or None when there is no row."""
    cursor.execute(statement, parameters)
    row = cursor.fetchone()
    return None if row is None else row[0]
