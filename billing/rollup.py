"""Add up the calls of each quarter of an hour, whenever it is out of date, from the ledger.

Who writes into a bucket leaves a stamp on it in the same transaction (`ledger_inserts.mark_dirty`). To add
a bucket up is: put a stamp of one's own on all of its marks, read its calls, write the sums, and
clear the marks that still have that stamp. A call that is written in between puts another stamp
there: then nothing is cleared. The last of two workers to stamp a bucket is the one that writes it.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from billing import rollup_bucket, rollup_day
from billing.models import UsageRecord
from billing.rollup_models import AnyRollUp, DirtyBucket, ReportTag, Retention, RollUp, SupplyRollUp
from billing.rollup_read import BESIDE
from billing.rollup_sum import COUNTS, Bucket, Key, Sums, by_supply
from llmhub.lib import clock, ids

log = logging.getLogger(__name__)

_AT_ONCE = 500  # rows in one transaction: a gateway waits no longer than that
_PAUSE = 0.02  # seconds between two transactions, in which gateways write
_PATIENCE = 10.0  # seconds that one run goes on: the sweeper shares the worker
_CALL = (
    "team_id", "key_id", "person_id", "provider_id", "entry_id", "cost_centre", "status", "attempts",
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens",
    "cost_nano", "cost_source", "latency_ms", "ttft_ms", "refusals", "error_code", "finish_reason",
    "requested", "repeated_nano",
)  # fmt: skip
_TABLES: tuple[type[AnyRollUp], ...] = (RollUp, SupplyRollUp)
_Row = tuple[type[AnyRollUp], list[Any]]


def _upsert(model: type[AnyRollUp]) -> str:
    names = ",".join(COLUMNS[model])
    marks = ",".join(["%s"] * len(COLUMNS[model]))
    new = ",".join(f"{name} = excluded.{name}" for name in COLUMNS[model] if name != "id")
    table = model._meta.db_table
    return f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {new}"  # noqa: S608


COLUMNS = {model: tuple(field.attname for field in model._meta.concrete_fields) for model in _TABLES}
_WRITE = {model: _upsert(model) for model in _TABLES}


@dataclass(frozen=True)
class Claim:
    """A bucket whose marks bear a stamp of ours."""

    bucket: int
    stamp: int
    marks: int


def recompute(limit: int = 500, *, now: datetime | None = None, alias: str = DEFAULT_DB_ALIAS) -> int:
    """Add up at most `limit` buckets that have ended and are out of date; return how many.

    The newest come first: they are what people look at. What is left after ten seconds is for
    the next run. Safe to run twice, at the same time too.
    The open bucket is left alone: it would be out of date again at once, and pages read the ledger.
    """
    done = 0
    enough = time.monotonic() + _PATIENCE
    for bucket in _due(now or clock.now(), limit, alias):
        if time.monotonic() > enough:
            break
        done += roll_up(bucket, alias=alias)
        time.sleep(_PAUSE)
    return done


def roll_up(bucket: int, *, alias: str = DEFAULT_DB_ALIAS) -> bool:
    """Add one bucket up; False when another worker did, or when a call came in between."""
    claimed = claim(bucket, alias=alias)
    if claimed is None:
        return False
    if bucket < whole_from(alias):
        return _leave_alone(claimed, alias)
    return replace(claimed, summed(bucket, alias=alias), alias=alias)


def whole_from(alias: str = DEFAULT_DB_ALIAS) -> int:
    """Return the bucket from which on the ledger still has every call."""
    return Retention.objects.using(alias).values_list("whole_from", flat=True).first() or 0


def mark_everything(*, alias: str = DEFAULT_DB_ALIAS) -> None:
    """Have every bucket of the ledger added up anew: for who writes records past the ledger."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_dirtybucket (bucket, source, stamp)"
            " SELECT DISTINCT (id / %s + %s) / 900000 * 900, 0, %s FROM billing_usagerecord WHERE true"
            " ON CONFLICT (bucket, source) DO UPDATE SET stamp = excluded.stamp",
            [1 << ids.TIME_SHIFT, ids.EPOCH_MS, secrets.randbits(63)],
        )


def claim(bucket: int, *, alias: str = DEFAULT_DB_ALIAS) -> Claim | None:
    """Put a stamp of ours on a bucket, or return None when it is up to date."""
    stamp = secrets.randbits(63)
    with transaction.atomic(using=alias):
        _stamps(bucket, alias)
        marks = DirtyBucket.objects.using(alias).filter(bucket=bucket).update(stamp=stamp)
    return Claim(bucket, stamp, marks) if marks else None


def summed(bucket: int, *, alias: str = DEFAULT_DB_ALIAS) -> dict[Key, Sums]:
    """Return the sums of a bucket as the ledger says."""
    tags = dict(ReportTag.objects.using(alias).values_list("slot", "name"))
    found = Bucket(tags)
    first, end = rollup_bucket.ids_of(bucket)
    records = UsageRecord.objects.using(alias).filter(id__gte=first, id__lt=end)
    columns = (*_CALL, "tags") if tags else _CALL
    records = records.annotate(beside_nano=RawSQL(BESIDE.format(u="billing_usagerecord"), []))  # noqa: S611
    for call in records.order_by("id").values(*columns, "beside_nano").iterator(chunk_size=2000):
        found.add(call)
    return found.sums


def replace(claimed: Claim, sums: Mapping[Key, Sums], *, alias: str = DEFAULT_DB_ALIAS) -> bool:
    """Put these sums in the place of a bucket's roll-ups and clear its marks.

    False when the marks are no longer ours: then the bucket stays out of date.
    """
    supply = by_supply(sums)
    kept: dict[type[AnyRollUp], int] = {RollUp: len(sums), SupplyRollUp: len(supply)}
    found = chain(rows(RollUp, claimed.bucket, sums), rows(SupplyRollUp, claimed.bucket, supply))
    left = sum(kept.values())
    while True:
        some = list(islice(found, _AT_ONCE))
        with transaction.atomic(using=alias):
            if not _is_ours(claimed, alias):
                return False
            _write(some, alias)
            left -= len(some)
            if not left and all(_trim(model, claimed.bucket, count, alias) for model, count in kept.items()):
                _marks(claimed, alias).delete()
                rollup_day.forget(claimed.bucket, alias=alias)
                return True
        time.sleep(_PAUSE)


def _due(now: datetime, limit: int, alias: str) -> list[int]:
    dirty = DirtyBucket.objects.using(alias).filter(bucket__lt=rollup_bucket.at(now))
    return list(dirty.order_by("-bucket").values_list("bucket", flat=True).distinct()[:limit])


def _leave_alone(claimed: Claim, alias: str) -> bool:
    """Clear the marks of a bucket that the ledger no longer has whole: its roll-ups stay."""
    log.warning("calls came for the bucket of %d, which retention has cleared: not added up", claimed.bucket)
    _marks(claimed, alias).delete()
    return False


def _marks(claimed: Claim, alias: str) -> QuerySet[DirtyBucket]:
    return DirtyBucket.objects.using(alias).filter(bucket=claimed.bucket, stamp=claimed.stamp)


def _stamps(bucket: int, alias: str) -> list[int]:
    """Return the stamps of a bucket and lock them, in the order in which everybody does."""
    found = DirtyBucket.objects.using(alias).filter(bucket=bucket).order_by("source")
    return list(found.select_for_update().values_list("stamp", flat=True))


def _is_ours(claimed: Claim, alias: str) -> bool:
    """Return whether nobody stamped the bucket since, and keep it so until the transaction ends."""
    return _stamps(claimed.bucket, alias) == [claimed.stamp] * claimed.marks


def rows(model: type[AnyRollUp], bucket: int, sums: Mapping[Any, Sums]) -> Iterator[_Row]:
    """Yield the roll-ups of a bucket; the same sums make the same rows."""
    first = rollup_bucket.first_id(bucket)
    for number, (key, found) in enumerate(sums.items()):
        values = {name: getattr(key, name) for name in key.__slots__}
        values |= {name: getattr(found, name) for name in COUNTS}
        values |= {"id": first + number, "bucket": bucket}
        values |= {"latency": found.latency.to_bytes(), "ttft": found.ttft.to_bytes()}
        yield model, [values[column] for column in COLUMNS[model]]


def _write(rows: Sequence[_Row], alias: str) -> None:
    """Write roll-ups over those with the same ids."""
    with connections[alias].cursor() as cursor:
        for model in _TABLES:
            some = [row for of, row in rows if of is model]
            if some:
                cursor.executemany(_WRITE[model], some)


def _trim(model: type[AnyRollUp], bucket: int, kept: int, alias: str) -> bool:
    """Delete a transaction full of roll-ups that the bucket no longer has; False when more are left."""
    first, end = rollup_bucket.ids_of(bucket)
    found = model._default_manager.using(alias)
    beyond = found.filter(id__gte=first + kept, id__lt=end)
    gone = list(beyond.order_by("id").values_list("id", flat=True)[:_AT_ONCE])
    removed, _ = found.filter(id__in=gone).delete() if gone else (0, {})
    return removed < _AT_ONCE
