"""Load millions of demo calls: a few days are made call by call, the rest are copies of them.

A day is copied only to days on which the same prices were in force. Calls, sums and counters of a day
are written in one transaction. Loading replaces the calls that were there.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.db import connection, models, transaction
from django.db.backends.utils import CursorWrapper

from billing import ledger_sql, rollup_bucket, rollup_day
from billing.crossing_models import Crossing
from billing.entries import Hold
from billing.idempotency_models import IdempotencyKey
from billing.ledger_fold import lock_order
from billing.models import Attempt, Counter, Reservation, UsageRecord
from billing.rollup_models import (
    DayRollUp,
    DirtyBucket,
    Discrepancy,
    ReportTag,
    Retention,
    RolledDay,
    RollUp,
    SupplyRollUp,
)
from catalog.models import Price
from llmhub.demo import budgets, cast, copies, shelf, template
from llmhub.demo.copies import Move
from llmhub.demo.fill import facts
from llmhub.demo.traffic import Facts, calls_of
from llmhub.lib import clock, ids

DAYS = 90  # how far back the calls go
DENSEST = 8  # times the calls that a day of the demo has: more of them are copies
MOST = 100_000_000  # attempts
_DAYS_SECONDS = 600  # at most, for adding days up; the worker does the rest
_INDEXED = (UsageRecord, Attempt)
_REPLACED = (
    *(UsageRecord, Attempt, RollUp, SupplyRollUp, DayRollUp, RolledDay, DirtyBucket, Counter),
    *(Reservation, IdempotencyKey, Discrepancy, Retention, Crossing),
)
_DAY = timedelta(days=1)
Each = Callable[[list[date]], Iterable[date]]  # goes over days, and may show how far it is


@dataclass(frozen=True)
class Size:
    """How many calls a day has: so many times those of the demo, in so many copies."""

    density: float
    times: int


def load(attempts: int, *, days: int = DAYS, each: Each = iter) -> int:
    """Replace the demo's calls by about `attempts` upstream calls; return how many it became.

    Raises `RuntimeError` in a home that is no demo, and `ValueError` on a number out of range.
    """
    if not settings.DEMO:
        raise RuntimeError("this home is no demo: demo data goes only where LLMHUB_DEMO=true")
    if not 1 <= attempts <= MOST:
        raise ValueError(f"{attempts} attempts are out of range: 1 to {MOST:,}")
    now = clock.now()
    changes = _price_changes()
    first = max(now.date() - timedelta(days=days), changes[0] + _DAY)
    targets = [first + n * _DAY for n in range((now.date() - first).days + 1)]
    known = facts()
    sources = [source_of(day, today=now.date(), changes=changes) for day in targets]
    size = _size(attempts, known, sources, now.hour / 24)
    with _in_bulk() as cursor:
        written = _write(cursor, each(targets), _Days(cursor, _scaled(known, size), size.times, now, changes))
    rollup_day.recompute(now=now, patience=_DAYS_SECONDS, pause=0)
    budgets.fit_caps(again=True)
    return written


def source_of(day: date, *, today: date, changes: list[date]) -> date:
    """Return the day whose calls stand for `day`: the last with the same weekday and the same prices."""
    if day in changes:
        return day
    end = min([today, *(change for change in changes if change > day)])
    return day + max(0, (end - day - _DAY).days // 7) * timedelta(days=7)


class _Days:
    """Days that copies are made of, each made when it is first asked for."""

    def __init__(
        self, cursor: CursorWrapper, facts: Facts, times: int, now: datetime, changes: list[date]
    ) -> None:
        self._cursor = cursor
        self._facts = facts
        self._times = times
        self._today, self._changes = now.date(), changes
        # Only quarters that are over: copies are turned within them.
        self._until = rollup_bucket.first_id(rollup_bucket.at(now - timedelta(minutes=2)))
        self._limits = budgets.in_force()
        self._tags = dict(ReportTag.objects.values_list("slot", "name"))
        self._made: dict[date, template.Charges] = {}
        copies.make_tables(cursor, times)

    def charges_of(self, day: date) -> tuple[Move, template.Charges]:
        """Return what to copy to `day`, and what it is charged where it was made."""
        source = source_of(day, today=self._today, changes=self._changes)
        if source not in self._made:
            self._made[source] = template.keep(
                self._cursor, source, self._facts, until=self._until,
                times=self._times, limits=self._limits, tags=self._tags,
            )  # fmt: skip
        begin = datetime.combine(source, time(), tzinfo=UTC)
        move = Move(ids.first_at(begin), ids.first_at(begin + _DAY), (day - source).days)
        return move, self._made[source]


def _write(cursor: CursorWrapper, targets: Iterable[date], days: _Days) -> int:
    """Write day after day, the oldest first."""
    written = 0
    for day in targets:
        with transaction.atomic():
            move, charges = days.charges_of(day)
            written += copies.copy(cursor, move)
            _book(cursor, charges, move)
    return written


def _book(cursor: CursorWrapper, charges: template.Charges, move: Move) -> None:
    """Charge the counters of a day."""
    spent: defaultdict[Hold, int] = defaultdict(int)
    for (bucket, payer), charged in charges.items():
        at = datetime.fromtimestamp(bucket + move.ms // 1000, UTC)
        spent[budgets.hold_of(payer, payer.period_start(at))] += charged
    ledger_sql.lock_counters(cursor, sorted(spent, key=lock_order), now=0)
    ledger_sql.book(cursor, {hold: (charged, 0) for hold, charged in spent.items()}, now=0)


def _price_changes() -> list[date]:
    """Return the days on which the demo's prices changed, the first ones included."""
    called = Price.objects.filter(offer__entry__slug__in=[row.slug for row in shelf.MODELS])
    ours = called.filter(offer__provider__slug__in=[row.slug for row in cast.PROVIDERS])
    return sorted({moment.date() for moment in ours.values_list("effective_from", flat=True)})


def _size(attempts: int, known: Facts, sources: Iterable[date], today_so_far: float) -> Size:
    """Return how to come to so many attempts with copies of these days, the last of which is not over."""
    *whole, today = sources
    made = {day: sum(len(call.attempt_ids) for call in calls_of(day, known)) for day in {*whole, today}}
    natural = sum(made[day] for day in whole) + made[today] * today_so_far
    times = max(1, math.ceil(attempts / natural / DENSEST))
    return Size(attempts / natural / times, times)


def _scaled(known: Facts, size: Size) -> Facts:
    """Return services that call so much more often."""
    callers = (
        replace(row, service=replace(row.service, per_weekday=row.service.per_weekday * size.density))
        for row in known.callers
    )
    return replace(known, callers=tuple(callers))


@contextmanager
def _in_bulk() -> Iterator[CursorWrapper]:
    """Empty the ledger and open it for many rows: no indexes, no waiting for the disk.

    A load that broke off left out what it had not come to, and the indexes: the next one makes them.
    """
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                for pragma in ("synchronous = OFF", "cache_size = -100000"):
                    cursor.execute(f"PRAGMA {pragma}")
            _set_indexes(cursor, wanted=False)
            for model in _REPLACED:
                cursor.execute(f"DELETE FROM {model._meta.db_table}")  # noqa: S608
            try:
                yield cursor
            finally:
                copies.drop_tables(cursor)
                _set_indexes(cursor, wanted=True)
    finally:
        connection.close()  # the next one waits for the disk again


def _set_indexes(cursor: CursorWrapper, *, wanted: bool) -> None:
    """Make or drop the indexes of the ledger, as far as they are not there or still are."""
    for model in _INDEXED:
        there = connection.introspection.get_constraints(cursor, model._meta.db_table)
        for index in (index for index in model._meta.indexes if (index.name in there) != wanted):
            _set_index(model, index, wanted=wanted)


def _set_index(model: type[models.Model], index: models.Index, *, wanted: bool) -> None:
    with connection.schema_editor() as editor:
        (editor.add_index if wanted else editor.remove_index)(model, index)
