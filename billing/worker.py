"""A lease on the worker bits of ids: no two processes alive make ids with the same ones."""

from __future__ import annotations

import os
import secrets
import socket
import time
from dataclasses import dataclass

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from billing import ledger_sql
from llmhub.lib import clock, ids

SECONDS = 60  # how long a lease lasts without being renewed
RENEW_AFTER = 15  # seconds
MARGIN = 10  # seconds before its end in which a lease no longer counts: clocks differ between machines
_MAX_AHEAD_MS = 3_600_000  # an id from further in the future comes from a clock that was wrong

_TABLES = ("billing_reservation", "billing_usagerecord", "billing_attempt")  # whose ids are made here
_TAKE = (
    "INSERT INTO billing_worker AS w (id, lease_until, owner) VALUES (%s,%s,%s)"
    " ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until, owner = excluded.owner"
    " WHERE w.lease_until < %s RETURNING id"
)
_RENEW = "UPDATE billing_worker SET lease_until = %s WHERE id = %s AND owner = %s RETURNING id"


class NoFreeWorker(RuntimeError):
    """All worker numbers are leased."""


@dataclass(frozen=True)
class WorkerLease:
    """The right of one process to make ids with the bits `worker`."""

    worker: int
    owner: str
    until: float  # on the monotonic clock of this process: from here on no id may be made

    @property
    def is_valid(self) -> bool:
        """Whether ids may still be made under it; a process that was stopped for long wakes up late."""
        return time.monotonic() < self.until


def _deadline() -> float:
    return time.monotonic() + SECONDS - MARGIN


def take(alias: str) -> tuple[WorkerLease, ids.IdMaker]:
    """Lease a free number and return it with a maker of ids that nobody made before.

    They begin after the newest there is; where a clock was wrong by more than an hour they begin now, with
    a number that was in nobody's hands then. Raises `NoFreeWorker` when 1,024 processes are alive.
    """
    owner = f"{socket.gethostname()[:24]}:{os.getpid()}:{secrets.token_hex(8)}"
    until = _deadline()
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        now = clock.unix_ms() // 1000
        cursor.execute("SELECT id FROM billing_worker WHERE lease_until >= %s", [now])
        taken = {row[0] for row in cursor.fetchall()}
        is_followed = _is_followed(_newest_id(cursor))
        if not is_followed:
            taken |= _numbers_after(cursor, ids.first_at(clock.now()))
        for worker in range(ids.WORKERS):
            if worker in taken:
                continue
            if ledger_sql.scalar(cursor, _TAKE, [worker, now + SECONDS, owner, now]) is not None:
                # Asked once more: who had the number until this moment may have made some meanwhile.
                newest = _newest_id(cursor) if is_followed else 0
                return WorkerLease(worker, owner, until), ids.IdMaker(worker, after=newest)
    raise NoFreeWorker(f"all {ids.WORKERS} worker numbers are leased: stop processes that are not needed")


def _newest_id(cursor: CursorWrapper) -> int:
    """Return the newest id of the ledger, 0 where there is none."""
    parts = " UNION ALL ".join(f"SELECT MAX(id) AS id FROM {table}" for table in _TABLES)  # noqa: S608
    return ledger_sql.scalar(cursor, f"SELECT MAX(id) FROM ({parts}) AS newest") or 0  # noqa: S608


def _is_followed(newest: int) -> bool:
    """Return whether new ids come after this one, and not from a clock that is right again."""
    return (newest >> ids.TIME_SHIFT) + ids.EPOCH_MS - clock.unix_ms() <= _MAX_AHEAD_MS


def _numbers_after(cursor: CursorWrapper, first: int) -> set[int]:
    """Return the numbers that made ids from `first` on: the clock will pass there once more."""
    ahead = f"SELECT DISTINCT id / {1 << ids.WORKER_SHIFT} %% {ids.WORKERS} FROM {{}} WHERE id >= %s"  # noqa: S608
    cursor.execute(" UNION ".join(map(ahead.format, _TABLES)), [first] * len(_TABLES))
    return {row[0] for row in cursor.fetchall()}


def renew(alias: str, lease: WorkerLease) -> WorkerLease | None:
    """Return the lease with a new end, or None when another process has taken the number."""
    until = _deadline()
    with connections[alias].cursor() as cursor:
        end = clock.unix_ms() // 1000 + SECONDS
        found = ledger_sql.scalar(cursor, _RENEW, [end, lease.worker, lease.owner])
    return None if found is None else WorkerLease(lease.worker, lease.owner, until)


def give_back(alias: str, lease: WorkerLease) -> None:
    """End the lease, so that the number is free at once."""
    with connections[alias].cursor() as cursor:
        cursor.execute("DELETE FROM billing_worker WHERE id = %s AND owner = %s", [lease.worker, lease.owner])
