"""The SQL that adds rows to the ledger's tables, the same text on SQLite and Postgres.

Each function writes rows of one table and takes no lock that others wait for in another order, see
billing/ledger_sql.py.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain

from django.db.backends.utils import CursorWrapper

from billing import rollup_bucket
from billing.ledger_rows import ATTEMPT_COLUMNS, RECORD_COLUMNS, RESERVATION_COLUMNS, Row
from billing.ledger_text import marks, tuples
from llmhub.lib.ids import PER_MINUTE


def _insert(table: str, columns: Sequence[str], *, rows: int = 1) -> str:
    names = ",".join(f'"{column}"' for column in columns)
    return f'INSERT INTO "{table}" ({names}) VALUES {tuples(marks(len(columns)), rows)}'  # noqa: S608


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
    dirty = sorted({(rollup_bucket.of_row(id_), rollup_bucket.worker_of(id_)) for id_ in ids})
    stamp = secrets.randbits(63)
    cursor.execute(
        f"INSERT INTO billing_dirtybucket (bucket, source, stamp) VALUES {tuples('%s,%s,%s', len(dirty))}"  # noqa: S608
        " ON CONFLICT (bucket, source) DO UPDATE SET stamp = excluded.stamp",
        [number for bucket in dirty for number in (*bucket, stamp)],
    )
