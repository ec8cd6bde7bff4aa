"""Delete calls that are older than this installation keeps them; their roll-ups stay.

Oldest first, a bucket after the other. Before a bucket is begun, its roll-ups are compared with its
calls: what is not added up, or not added up rightly, is not deleted.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from billing import ledger_inserts, reconcile, rollup, rollup_bucket
from billing.models import UsageRecord
from billing.rollup_models import DirtyBucket, Retention
from llmhub.lib import clock

log = logging.getLogger(__name__)

LEAST_DAYS = 2  # Overview reads the first minutes of the last 24 hours from the ledger
_AT_ONCE = 250  # records in one transaction, with their attempts about 500 rows
_PAUSE = 0.1  # seconds between two transactions, in which gateways write


def clear(
    days: int, *, now: datetime | None = None, limit: int = 25_000, alias: str = DEFAULT_DB_ALIAS
) -> int:
    """Delete calls older than `days` days, about `limit` of them, and return how many; 0 days keeps all.

    Safe to run twice, at the same time too, and to be killed.
    """
    if not days:
        return 0
    end = rollup_bucket.at((now or clock.now()) - timedelta(days=max(days, LEAST_DAYS)))
    deleted = 0
    while deleted < limit:
        bucket = _oldest(alias)
        if bucket is None or bucket >= end or not _may_go(bucket, alias):
            break
        deleted += _clear_bucket(bucket, alias)
    if deleted:
        log.info("%d calls were older than %d days: deleted, their sums are kept", deleted, days)
    return deleted


def _oldest(alias: str) -> int | None:
    first = UsageRecord.objects.using(alias).order_by("id").values_list("id", flat=True).first()
    return None if first is None else rollup_bucket.of_row(first)


def _may_go(bucket: int, alias: str) -> bool:
    """Return whether roll-ups say all that is to be kept of a bucket, and from then on leave them alone."""
    if DirtyBucket.objects.using(alias).filter(bucket=bucket).exists():
        return False  # until it is added up
    if bucket < rollup.whole_from(alias):
        return True  # begun by an earlier run
    if reconcile.of_buckets([bucket], alias=alias):
        log.error("roll-ups of the bucket at %d differ from its calls: nothing is deleted", bucket)
        with connections[alias].cursor() as cursor:
            ledger_inserts.mark_dirty(cursor, [rollup_bucket.first_id(bucket)])
        return False
    after = bucket + rollup_bucket.SECONDS
    Retention.objects.using(alias).update_or_create(id=1, defaults={"whole_from": after})
    return True


def _clear_bucket(bucket: int, alias: str) -> int:
    """Delete the calls of one bucket, unless one has come since it was looked at."""
    deleted = 0
    while count := _clear_some(bucket, alias):
        deleted += count
        time.sleep(_PAUSE)
    return deleted


def _clear_some(bucket: int, alias: str) -> int:
    """Delete a transaction full of calls with their attempts."""
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(
            "DELETE FROM billing_usagerecord WHERE id IN ("
            "SELECT id FROM billing_usagerecord WHERE id >= %s AND id < %s"
            " AND NOT EXISTS (SELECT 1 FROM billing_dirtybucket WHERE bucket = %s)"
            " ORDER BY id LIMIT %s) RETURNING id",
            [*rollup_bucket.ids_of(bucket), bucket, _AT_ONCE],
        )
        gone = [row[0] for row in cursor.fetchall()]
        if gone:
            marks = ",".join(["%s"] * len(gone))
            cursor.execute(f"DELETE FROM billing_attempt WHERE usage_id IN ({marks})", gone)  # noqa: S608
            cursor.execute(f"DELETE FROM billing_overshoot WHERE id IN ({marks})", gone)  # noqa: S608
    return len(gone)
