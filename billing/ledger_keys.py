"""Idempotency keys in a batch: which call is the first of its key, and what the others are told.

Keys are claimed after reservations and before counters are locked, in one order, and a claim never
waits for a row that is there and stays: with the order of billing/ledger_sql.py no two batches can
wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.backends.utils import CursorWrapper

from billing.entries import FirstCall, Once, Repeated, Reserve
from billing.ledger_text import marks


def claim(cursor: CursorWrapper, reserves: Sequence[Reserve]) -> dict[int, Repeated]:
    """Write the keys of these calls and return, by id, the calls whose key was there already."""
    asked = {entry.id: entry.once for entry in reserves if entry.once is not None}
    late = asked.keys() - _insert(cursor, asked)
    firsts = _find(cursor, {asked[id_].digest for id_ in late})
    return {id_: _repeated(asked[id_], firsts) for id_ in late}


def free(cursor: CursorWrapper, ids: Iterable[int]) -> None:
    """Forget the keys of calls for which nothing was done upstream: they may be made again."""
    wanted = sorted(ids)
    if wanted:
        cursor.execute(
            f"DELETE FROM billing_idempotencykey WHERE usage_id IN ({marks(len(wanted))})",  # noqa: S608
            wanted,
        )


def _insert(cursor: CursorWrapper, asked: dict[int, Once]) -> set[int]:
    """Write the keys that are not there yet, in one order, and return the calls that they belong to."""
    if not asked:
        return set()
    rows = sorted(
        ((once.digest, once.body_digest, id_) for id_, once in asked.items()), key=lambda row: row[0]
    )
    cursor.execute(
        "INSERT INTO billing_idempotencykey (digest, body_digest, usage_id)"  # noqa: S608
        f" VALUES {','.join(['(%s,%s,%s)'] * len(rows))}"
        " ON CONFLICT (digest) DO NOTHING RETURNING usage_id",
        [value for row in rows for value in row],
    )
    return {row[0] for row in cursor.fetchall()}


def _find(cursor: CursorWrapper, digests: Iterable[str]) -> dict[str, FirstCall]:
    """Return the calls that keys belong to; one without a record is still in flight."""
    wanted = sorted(digests)
    if not wanted:
        return {}
    cursor.execute(
        "SELECT digest, body_digest, usage_id, status, http_status, cost_nano"  # noqa: S608
        " FROM billing_idempotencykey LEFT JOIN billing_usagerecord ON billing_usagerecord.id = usage_id"
        f" WHERE digest IN ({marks(len(wanted))})",
        wanted,
    )
    return {row[0]: FirstCall(*row[1:]) for row in cursor.fetchall()}


def _repeated(once: Once, firsts: dict[str, FirstCall]) -> Repeated:
    """Return what a late call is told; a key that was freed this moment counts as in flight."""
    first = firsts.get(once.digest)
    return Repeated(first, is_same=first is None or first.body_digest == once.body_digest)
