"""One batch of the ledger: everything that was waiting, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from billing import ledger_fold as fold
from billing import ledger_rows as rows
from billing import ledger_sql as sql
from billing.entries import LEASE_EXPIRED, Hold, OverBudget, Reserve, Settle
from billing.totals import total

_MAX_REDOS = 20  # each one means that a cap was lowered within a millisecond


class CapMoved(Exception):
    """A cap was lowered between reading it and writing under it: nothing was written."""


@dataclass(frozen=True)
class Release:
    """Give a reservation back without a record: its call was never sent."""

    id: int


@dataclass(frozen=True)
class Batch:
    """What is applied together."""

    settles: Sequence[Settle] = ()
    reserves: Sequence[Reserve] = ()
    releases: Sequence[Release] = ()
    # Counters of calls in flight here, for a settle that comes after the sweeper took its reservation.
    known_holds: dict[int, tuple[Hold, ...]] = field(default_factory=dict)


def apply(batch: Batch, *, alias: str, next_id: Callable[[], int]) -> dict[int, OverBudget]:
    """Write the batch, commit, and return by id the reservations that did not fit.

    Raises what the database raises; then nothing of the batch was written.
    """
    for _ in range(_MAX_REDOS):
        try:
            with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
                return _apply(batch, cursor, next_id)
        except CapMoved:
            continue
    raise CapMoved(f"caps were lowered {_MAX_REDOS} times while one batch was written")


def _apply(batch: Batch, cursor: CursorWrapper, next_id: Callable[[], int]) -> dict[int, OverBudget]:
    ended = {entry.id for entry in batch.settles} | {entry.id for entry in batch.releases}
    leases = sql.take_reservations(cursor, ended)
    settles, corrected = _countable(batch.settles, leases, cursor)
    totals = {settle.id: total(settle.attempts) for settle in settles}
    charged = {id_: sums.charged_nano - corrected.get(id_, 0) for id_, sums in totals.items()}
    settled = fold.summed(_changes(charged, leases, batch.known_holds))

    holds = {hold for reserve in batch.reserves for hold in reserve.holds} | settled.keys()
    standings = sql.lock_counters(cursor, sorted(holds, key=fold.lock_order))
    accepted, refused = fold.admit(fold.moved(standings, settled), batch.reserves)

    sql.book(cursor, settled)
    sql.insert_reservations(cursor, [rows.reservation(reserve) for reserve in accepted])
    sql.delete_records(cursor, corrected)
    sql.insert_records(
        cursor,
        [rows.record(settle, totals[settle.id]) for settle in settles],
        attempts=[
            rows.attempt(attempt, row_id=next_id(), usage_id=settle.id)
            for settle in settles
            for attempt in settle.attempts
        ],
    )
    held = fold.summed(fold.Change(entry.holds, 0, entry.amount_nano) for entry in accepted)
    if not sql.hold(cursor, held):
        raise CapMoved
    return refused


def _countable(
    settles: Sequence[Settle], leases: dict[int, sql.Lease], cursor: CursorWrapper
) -> tuple[list[Settle], dict[int, int]]:
    """Return the settles that count, and by id what was booked for those that correct an estimate.

    A second settle of the same call is left out. One that comes after the sweeper replaces the
    sweeper's estimate by the truth.
    """
    once = {settle.id: settle for settle in reversed(settles)}
    found = sql.find_records(cursor, once.keys() - leases.keys())
    corrected = {id_: cost or 0 for id_, (code, cost) in found.items() if code == LEASE_EXPIRED}
    counted = [once[id_] for id_ in sorted(once) if id_ not in found or id_ in corrected]
    return counted, corrected


def _changes(
    charged: Mapping[int, int], leases: Mapping[int, sql.Lease], known_holds: Mapping[int, tuple[Hold, ...]]
) -> Iterator[fold.Change]:
    """Return what each settle and release changes: the counters are those of its reservation."""
    for id_, spent in charged.items():
        lease = leases.get(id_)
        if lease is None:
            yield fold.Change(known_holds.get(id_, ()), spent, 0)
        else:
            yield fold.Change(lease.holds, spent, -lease.amount_nano)
    for id_ in leases.keys() - charged.keys():
        yield fold.Change(leases[id_].holds, 0, -leases[id_].amount_nano)
