"""One batch of the ledger: everything that was waiting, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from billing import charge, ledger_crossings
from billing import ledger_fold as fold
from billing import ledger_inserts as inserts
from billing import ledger_keys as keys
from billing import ledger_rows as rows
from billing import ledger_sql as sql
from billing.entries import LEASE_EXPIRED, Hold, Move, OverBudget, Repeated, Reserve, Room, Settle
from billing.totals import total
from llmhub.lib import clock
from llmhub.lib.sqlite.base import DatabaseWrapper as SqliteWrapper

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
    moves: Sequence[Move] = ()
    releases: Sequence[Release] = ()
    # Counters of calls in flight here, for a settle that comes after the sweeper took its reservation.
    known_holds: dict[int, tuple[Hold, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What became of the reservations of a batch, by id."""

    repeated: dict[int, Repeated]  # a call with their idempotency key was there before
    refused: dict[int, OverBudget]
    gone: frozenset[int]  # moves whose reservation was no longer there
    rooms: dict[int, Room]


def apply(batch: Batch, *, alias: str, next_id: Callable[[], int]) -> Outcome:
    """Write the batch, commit, and return what became of its reservations.

    Raises what the database raises; then nothing of the batch was written.
    """
    for _ in range(_MAX_REDOS):
        try:
            with _transaction(alias) as cursor:
                return _apply(batch, cursor, next_id)
        except CapMoved:
            continue
    raise CapMoved(f"caps were lowered {_MAX_REDOS} times while one batch was written")


@contextmanager
def _transaction(alias: str) -> Iterator[Any]:
    """Give a cursor of the database's own: Django's looks at each statement, for errors, logs and hooks."""
    connection = connections[alias]
    if isinstance(connection, SqliteWrapper) and not connection.in_atomic_block:
        with connection.one_transaction() as cursor:
            yield cursor
        return
    with (
        transaction.atomic(using=alias),
        connection.wrap_database_errors,
        closing(connection.create_cursor()) as cursor,
    ):
        yield cursor


def _apply(batch: Batch, cursor: CursorWrapper, next_id: Callable[[], int]) -> Outcome:
    ended = {entry.id for entry in batch.settles} | {entry.id for entry in batch.releases}
    moves = {move.id: move.new for move in batch.moves if move.id not in ended}
    now = int(clock.now().timestamp())
    taken = sql.take_reservations(cursor, ended | moves.keys(), with_facts=bool(moves))
    leases = {id_: lease for id_, lease in taken.items() if id_ in ended}
    settles, corrected = _countable(batch.settles, leases, cursor)
    settled = fold.summed(_changes(settles, corrected, leases, batch.known_holds))
    repeated = keys.claim(cursor, batch.reserves)
    firsts = [reserve for reserve in batch.reserves if reserve.id not in repeated]
    wishes = [*_moved(moves, taken), *map(fold.Wish, firsts)]

    counters = {hold for wish in wishes for hold in wish.deltas} | settled.keys()
    standings = sql.lock_counters(cursor, sorted(counters, key=fold.lock_order), now=now)
    admission = fold.admit(fold.moved(standings, settled), wishes)
    given, held = _split(admission.accepted)

    ledger_crossings.book(cursor, fold.summed(_both(settled, given)), now=now)
    kept = [taken[id_].row() for id_ in moves.keys() & admission.refused.keys()]
    inserts.insert_reservations(
        cursor, [rows.reservation(wish.reserve) for wish in admission.accepted] + kept
    )
    keys.free(cursor, _unused(batch, admission))
    sql.delete_records(cursor, corrected)
    _insert_records(cursor, settles, next_id)
    if not sql.hold(cursor, held, now=now):
        raise CapMoved
    gone = frozenset(move.id for move in batch.moves) - taken.keys()
    return Outcome(repeated, admission.refused, gone, admission.rooms)


def _moved(moves: Mapping[int, Reserve], taken: Mapping[int, sql.Lease]) -> Iterator[fold.Wish]:
    """Return what takes the place of reservations that are still there."""
    for id_, new in moves.items():
        if id_ in taken:
            yield fold.Wish(new, before=taken[id_].held(), is_move=True)


def _unused(batch: Batch, admission: fold.Admission) -> set[int]:
    """Return the calls for which nothing was done upstream: their idempotency keys are free again."""
    refused = {entry.id for entry in batch.reserves if entry.once and entry.id in admission.refused}
    settled = {entry.id for entry in batch.settles if entry.frees_key}
    return refused | settled | {entry.id for entry in batch.releases}


def _split(accepted: Sequence[fold.Wish]) -> tuple[fold.Sums, fold.Sums]:
    """Return what all reservations together give back, and what they take: only that has a limit."""
    sums = fold.summed(
        fold.Change(hold, 0, delta) for wish in accepted for hold, delta in wish.deltas.items()
    )
    given = {hold: sum_ for hold, sum_ in sums.items() if sum_[1] < 0}
    return given, {hold: sum_ for hold, sum_ in sums.items() if sum_[1] > 0}


def _both(*sums: fold.Sums) -> Iterator[fold.Change]:
    for each in sums:
        yield from (fold.Change(hold, spent, held) for hold, (spent, held) in each.items())


def _insert_records(cursor: CursorWrapper, settles: Sequence[Settle], next_id: Callable[[], int]) -> None:
    attempts = [
        rows.attempt(attempt, row_id=next_id(), usage_id=settle.id)
        for settle in settles
        for attempt in settle.attempts
    ]
    records = [rows.record(settle, total(settle.attempts)) for settle in settles]
    inserts.insert_records(cursor, records, attempts=attempts)
    over = [settle for settle in settles if charge.beyond(settle)]
    inserts.insert_overshoots(cursor, [rows.overshoot(settle) for settle in over])


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
    settles: Sequence[Settle],
    corrected: Mapping[int, int],
    leases: Mapping[int, sql.Lease],
    known_holds: Mapping[int, tuple[Hold, ...]],
) -> Iterator[fold.Change]:
    """Return what each settle and release changes: the counters are those of its reservation."""
    for settle in settles:
        lease = leases.get(settle.id)
        held = lease.held() if lease else dict.fromkeys(known_holds.get(settle.id, ()), 0)
        estimate = corrected.get(settle.id)
        for hold, amount in held.items():
            booked = 0 if estimate is None else charge.charged_unheard(hold, estimate)
            spent = charge.charged(hold, settle.attempts, unknown_nano=settle.unknown_nano)
            yield fold.Change(hold, spent - booked, -amount)
    for id_ in leases.keys() - {settle.id for settle in settles}:
        yield from (fold.Change(hold, 0, -amount) for hold, amount in leases[id_].held().items())
