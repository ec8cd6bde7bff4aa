"""Add up days of the organisation's zone from roll-ups, so that long spans read few rows.

A day counts while its `RolledDay` is ready and no bucket in it is out of date. Who replaces the
roll-ups of a bucket takes the row of its day away in the same transaction (`forget`). To add a day
up is: put a stamp of one's own on its row, see that no bucket is out of date, read, write, and call
it ready where the stamp is still there. A bucket that changes in between has taken the row away.
"""

from __future__ import annotations

import logging
import random
import secrets
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import Sum

from billing import rollup_bucket
from billing.rollup_models import DayRollUp, DirtyBucket, RolledDay, RollUp
from billing.rollup_sum import COUNTS
from billing.span import day_start
from llmhub.lib import clock
from llmhub.people import organisation

log = logging.getLogger(__name__)

_AT_ONCE = 500  # rows in one transaction: a gateway waits no longer than that
_PAUSE = 0.02  # seconds between two transactions, in which gateways write
_PATIENCE = 10.0  # seconds that one run goes on
_COMPARED = 7  # newest days that a check looks at, and as many older ones
_LOT = random.SystemRandom()
DIMENSIONS = tuple(
    field.attname
    for field in DayRollUp._meta.concrete_fields
    if field.attname != "id" and field.attname not in COUNTS
)
COLUMNS = ("id", *DIMENSIONS, *COUNTS)
_WRITE = (
    f"INSERT INTO {DayRollUp._meta.db_table} ({','.join(COLUMNS)}) VALUES ({','.join(['%s'] * len(COLUMNS))})"  # noqa: S608
    f" ON CONFLICT (id) DO UPDATE SET {','.join(f'{name} = excluded.{name}' for name in COLUMNS[1:])}"
)


def recompute(
    *,
    now: datetime | None = None,
    alias: str = DEFAULT_DB_ALIAS,
    patience: float = _PATIENCE,
    pause: float = _PAUSE,
) -> int:
    """Add up days that have ended and are not ready, the newest first; return how many.

    What is left after ten seconds is for the next run. Safe to run twice, at the same time too.
    """
    zone = organisation.current().time_zone
    _drop_other_zones(zone, alias)
    done, enough = 0, time.monotonic() + patience
    for start, until in _missing(ZoneInfo(zone), now or clock.now(), alias):
        if time.monotonic() > enough:
            break
        done += add_up(start, until, zone=zone, alias=alias, pause=pause)
        time.sleep(pause)
    return done


def add_up(
    start: int, until: int, *, zone: str, alias: str = DEFAULT_DB_ALIAS, pause: float = _PAUSE
) -> bool:
    """Add one day up; False where a bucket of it is out of date, or became so meanwhile."""
    stamp = secrets.randbits(63)
    RolledDay.objects.using(alias).update_or_create(
        start=start, defaults={"until": until, "zone": zone, "stamp": stamp, "ready": False}
    )
    mine = RolledDay.objects.using(alias).filter(start=start, stamp=stamp)
    if _is_dirty(start, until, alias):
        return False
    rows, written = _rows(start, until, alias), 0
    while some := list(islice(rows, _AT_ONCE)):
        with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
            if not mine.select_for_update().exists():
                return False  # another worker began anew, or a bucket changed
            cursor.executemany(_WRITE, some)
        written += len(some)
        time.sleep(pause)
    _trim(start, written, alias)
    return bool(mine.update(ready=True))


def forget(bucket: int, *, alias: str = DEFAULT_DB_ALIAS) -> None:
    """Have the day of a bucket added up anew: its roll-ups change in this transaction."""
    RolledDay.objects.using(alias).filter(start__lte=bucket, until__gt=bucket).delete()


def compare(*, everything: bool = False, alias: str = DEFAULT_DB_ALIAS) -> int:
    """Compare days with their roll-ups, have those that differ added up anew, and return how many.

    Looks at the newest days and at some drawn by lot; `everything` looks at all.
    """
    ready = list(RolledDay.objects.using(alias).filter(ready=True).order_by("-start"))
    older = ready[_COMPARED:]
    drawn = older if everything else _LOT.sample(older, k=min(_COMPARED, len(older)))
    wrong = [day for day in (*ready[:_COMPARED], *drawn) if not _agrees(day, alias)]
    for day in wrong:
        log.error("the day that begins at %d differs from its roll-ups: it is added up anew", day.start)
        RolledDay.objects.using(alias).filter(start=day.start, stamp=day.stamp).delete()
    return len(wrong)


def _agrees(day: RolledDay, alias: str) -> bool:
    """Return whether a day has the sums of its roll-ups, or is out of date anyway."""
    whole = RollUp.objects.using(alias).filter(
        id__gte=rollup_bucket.first_id(day.start), id__lt=rollup_bucket.first_id(day.until)
    )
    first, end = rollup_bucket.ids_of(day.start)
    kept = DayRollUp.objects.using(alias).filter(id__gte=first, id__lt=end)
    sums = [Sum(name) for name in COUNTS]
    if kept.aggregate(*sums) == whole.aggregate(*sums):
        return True
    still = RolledDay.objects.using(alias).filter(start=day.start, stamp=day.stamp, ready=True)
    return not still.exists() or _is_dirty(day.start, day.until, alias)


def _rows(start: int, until: int, alias: str) -> Iterator[Sequence[Any]]:
    """Yield the rows of a day; the same roll-ups make the same rows."""
    first, end = rollup_bucket.first_id(start), rollup_bucket.first_id(until)
    found = RollUp.objects.using(alias).filter(id__gte=first, id__lt=end)
    sums = found.values_list(*DIMENSIONS).annotate(*(Sum(name) for name in COUNTS)).order_by(*DIMENSIONS)
    for number, row in enumerate(sums.iterator(chunk_size=2000)):
        yield [first + number, *row[: len(DIMENSIONS)], *map(int, row[len(DIMENSIONS) :])]


def _missing(zone: ZoneInfo, now: datetime, alias: str) -> Iterator[tuple[int, int]]:
    """Yield the days that have ended and are not ready, as far back as there are roll-ups."""
    oldest = RollUp.objects.using(alias).order_by("id").values_list("bucket", flat=True).first()
    if oldest is None:
        return
    ready = set(RolledDay.objects.using(alias).filter(ready=True).values_list("start", flat=True))
    day, until = now.astimezone(zone).date(), rollup_bucket.at(day_start(now.astimezone(zone).date(), zone))
    while until > oldest:
        day -= timedelta(days=1)
        start = rollup_bucket.at(day_start(day, zone))
        if start not in ready and start < until:
            yield start, until
        until = start


def _drop_other_zones(zone: str, alias: str) -> None:
    """Delete the days of a zone that the organisation left."""
    others = RolledDay.objects.using(alias).exclude(zone=zone)
    for start in list(others.values_list("start", flat=True)):
        RolledDay.objects.using(alias).filter(start=start).delete()
        _trim(start, 0, alias)


def _is_dirty(start: int, until: int, alias: str) -> bool:
    return DirtyBucket.objects.using(alias).filter(bucket__gte=start, bucket__lt=until).exists()


def _trim(start: int, kept: int, alias: str) -> None:
    """Delete the rows of a day that it no longer has."""
    first, end = rollup_bucket.ids_of(start)
    beyond = DayRollUp.objects.using(alias).filter(id__gte=first + kept, id__lt=end).order_by("id")
    while gone := list(beyond.values_list("id", flat=True)[:_AT_ONCE]):
        DayRollUp.objects.using(alias).filter(id__in=gone).delete()
        time.sleep(_PAUSE)
