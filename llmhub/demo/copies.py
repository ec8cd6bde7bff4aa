"""Days of the ledger, copied by the database itself: the same SQL on SQLite and Postgres.

A copy is moved by whole days, so that it has the same weekday and the same quarters of an hour.
Several copies of one day are turned within each quarter by different amounts, and bear different worker
bits: sums per quarter stay what they were, times and ids differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.backends.utils import CursorWrapper

from billing import ledger_rows, rollup, rollup_bucket
from billing.models import Attempt, UsageRecord
from billing.rollup_models import RollUp, SupplyRollUp
from llmhub.lib import ids

_DAY = 86_400_000  # ms
_QUARTER = rollup_bucket.SECONDS * 1000  # ms
_MS, _WORKER = 1 << ids.TIME_SHIFT, 1 << ids.WORKER_SHIFT  # one more of each, in an id
# Attempts follow their call, so two that were apart may meet: these bits of the counter part them.
_TURNED, _ODD_DAY = 2048, 1024
COLUMNS: dict[type[models.Model], Sequence[str]] = {
    UsageRecord: ledger_rows.RECORD_COLUMNS,
    Attempt: ledger_rows.ATTEMPT_COLUMNS,
    RollUp: rollup.COLUMNS[RollUp],
    SupplyRollUp: rollup.COLUMNS[SupplyRollUp],
}


@dataclass(frozen=True)
class Move:
    """The ids of one day, and how far its copies go."""

    first: int
    end: int
    days: int

    @property
    def ms(self) -> int:
        """How far the copies go, in milliseconds."""
        return self.days * _DAY

    @property
    def is_to_odd_day(self) -> bool:
        """Whether it goes to every second day."""
        return (self.first // _MS + self.ms) // _DAY % 2 == 1


def make_tables(cursor: CursorWrapper, copies: int) -> None:
    """Make the tables that days are copied from, gone with the connection."""
    for model in COLUMNS:
        table = model._meta.db_table
        cursor.execute(f"CREATE TEMPORARY TABLE seed_{table} AS SELECT * FROM {table} WHERE 1 = 0")  # noqa: S608
        cursor.execute(f"CREATE INDEX seed_{table}_id ON seed_{table} (id)")
    turns = ",".join(f"({number}, {number * _QUARTER // copies})" for number in range(copies))
    cursor.execute("CREATE TEMPORARY TABLE seed_copy (copy BIGINT, turn BIGINT)")
    cursor.execute(f"INSERT INTO seed_copy (copy, turn) VALUES {turns}")  # noqa: S608


def drop_tables(cursor: CursorWrapper) -> None:
    """Drop what `make_tables` made, as far as it is there."""
    for table in (*(f"seed_{model._meta.db_table}" for model in COLUMNS), "seed_copy"):
        cursor.execute(f"DROP TABLE IF EXISTS {table}")


def keep(cursor: CursorWrapper, model: type[models.Model], rows: Sequence[Sequence[Any]]) -> None:
    """Keep rows of a day to copy them."""
    names, marks = _names(model), ",".join(["%s"] * len(COLUMNS[model]))
    cursor.executemany(f"INSERT INTO seed_{model._meta.db_table} ({names}) VALUES ({marks})", rows)  # noqa: S608


def copy(cursor: CursorWrapper, move: Move) -> int:
    """Write all copies of a day, calls and sums, and return how many attempts that were."""
    turned = f"(shift + {move.ms}) * {_MS} - copy * {_WORKER}"
    apart = f"CASE WHEN shift < 0 THEN {_TURNED} ELSE 0 END + {_ODD_DAY if move.is_to_odd_day else 0}"
    calls = {"id": f"id + {turned}"}
    attempts = {
        "id": f"id + {turned} + {apart}",
        "usage_id": f"usage_id + {turned}",
        "started_at_ms": f"started_at_ms + shift + {move.ms}",
    }
    sums = {"id": f"id + {move.ms * _MS}", "bucket": f"bucket + {move.ms // 1000}"}
    _insert(cursor, UsageRecord, _turned(UsageRecord, "id", move), calls)
    written = _insert(cursor, Attempt, _turned(Attempt, "usage_id", move), attempts)
    for model in (RollUp, SupplyRollUp):
        where = f"WHERE id >= {move.first} AND id < {move.end}"
        _insert(cursor, model, f"seed_{model._meta.db_table} {where}", sums)
    return written


def _turned(model: type[models.Model], call: str, move: Move) -> str:
    """Return the rows of a day, each as often as there are copies, with how far it is turned."""
    at = f"({call} >> {ids.TIME_SHIFT}) % {_QUARTER}"
    return (
        f"(SELECT t.*, c.copy, ({at} + c.turn) % {_QUARTER} - {at} AS shift"  # noqa: S608
        f" FROM seed_{model._meta.db_table} t CROSS JOIN seed_copy c"
        f" WHERE t.id >= {move.first} AND t.id < {move.end}) AS turned"
    )


def _insert(cursor: CursorWrapper, model: type[models.Model], rows: str, changed: dict[str, str]) -> int:
    """Write rows in the order of their ids: a table grows fastest at its end."""
    values = ",".join(changed.get(name, f'"{name}"') for name in COLUMNS[model])
    cursor.execute(
        f"INSERT INTO {model._meta.db_table} ({_names(model)}) SELECT {values} FROM {rows} ORDER BY 1"  # noqa: S608
    )
    return cursor.rowcount


def _names(model: type[models.Model]) -> str:
    return ",".join(f'"{name}"' for name in COLUMNS[model])
