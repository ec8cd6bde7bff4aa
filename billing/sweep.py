"""Reservations that nobody settled in time: their gateway was killed, or lost its database.

Each becomes a usage record `interrupted` with an estimate, to be reconciled. If its settle comes
after all, the ledger puts the truth in the estimate's place.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from billing import ledger_crossings
from billing import ledger_fold as fold
from billing import ledger_inserts as inserts
from billing import ledger_rows as rows
from billing import ledger_sql as sql
from billing.charge import charged_unheard
from billing.idempotency_models import IdempotencyKey
from llmhub.lib import clock, ids

log = logging.getLogger(__name__)

KEYS_LAST = timedelta(hours=24)  # from the moment of the call

_AT_ONCE = 50  # reservations in one transaction: a gateway waits no longer than that
_KEYS_AT_ONCE = 500
_PAUSE = 0.02  # seconds between two transactions, in which gateways write


def sweep(now: datetime | None = None, *, alias: str = DEFAULT_DB_ALIAS) -> int:
    """End every reservation that expired before `now` and return how many there were.

    Safe to run twice, at the same time too, and while gateways run.
    """
    moment = int((now or clock.now()).timestamp())
    swept = 0
    while count := _sweep_some(moment, alias):
        swept += count
        if count < _AT_ONCE:
            break
        time.sleep(_PAUSE)
    if swept:
        log.warning("%d calls were never settled: their estimates are in the ledger as interrupted", swept)
    return swept


def _sweep_some(moment: int, alias: str) -> int:
    """End up to a transaction full of expired reservations."""
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        leases = sql.take_expired(cursor, now=moment, limit=_AT_ONCE)
        written = sql.find_records(cursor, [lease.id for lease in leases])
        ended = [
            (lease, *rows.interrupted(usage_id=lease.id, amount_nano=lease.amount_nano, facts=lease.facts))
            for lease in leases
        ]
        sums = fold.summed(
            fold.Change(hold, 0 if lease.id in written else charged_unheard(hold, estimate), -held)
            for lease, _, estimate in ended
            for hold, held in lease.held().items()
        )
        sql.lock_counters(cursor, list(sums), now=moment)
        ledger_crossings.book(cursor, sums, now=moment)
        inserts.insert_records(cursor, [row for lease, row, _ in ended if lease.id not in written])
    return len(leases)


def forget_keys(now: datetime | None = None, *, alias: str = DEFAULT_DB_ALIAS) -> int:
    """Delete idempotency keys that are older than they last and return how many there were.

    Until then a key is taken, however late this runs. Safe to run twice, at the same time too.
    """
    end = ids.first_at((now or clock.now()) - KEYS_LAST)
    old = IdempotencyKey.objects.using(alias).filter(usage_id__lt=end).order_by("usage_id")
    forgotten = 0
    while digests := list(old.values_list("pk", flat=True)[:_KEYS_AT_ONCE]):
        forgotten += IdempotencyKey.objects.using(alias).filter(pk__in=digests).delete()[0]
        time.sleep(_PAUSE)
    return forgotten
