"""The ledger: the only code that writes what calls cost. One per gateway process.

Callers hand entries to one thread, which writes everything that is waiting in one transaction
and wakes them after its commit: what `settle` returned from is on disk. docs/ledger.md says more.
"""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS

from billing.entries import (
    BadEntry,
    LedgerUnavailable,
    Move,
    OverBudget,
    Refused,
    Repeated,
    Reserve,
    Room,
    Settle,
)
from billing.ledger_batch import Release
from billing.ledger_inbox import Entry, Inbox, Waiting
from billing.ledger_refusals import Refusals
from billing.ledger_writer import Writer
from llmhub.lib import money

__all__ = ["BadEntry", "Ledger", "LedgerStats", "LedgerUnavailable", "OverBudget", "Repeated"]

_RESERVE_PATIENCE = 5.0  # seconds
_SETTLE_PATIENCE = 10.0  # seconds
_START_PATIENCE = 30.0  # seconds
_CLOSE_PATIENCE = 15.0  # seconds
_LOOK = 0.01  # seconds between two looks at whether refusals are written
_NOBODY = 0  # the id of no call


@dataclass(frozen=True)
class LedgerStats:
    """What the ledger has done since it was started, for metrics."""

    depth: int  # entries that wait
    lost_refusals: int  # not counted: too many kinds of them waited
    batches: int
    entries: int
    refused: int  # reservations over a budget
    failures: int  # batches that the database did not take
    largest_batch: int
    busy_seconds: float


class Ledger:
    """Reserves before a call and settles after it, exactly and durably."""

    def __init__(self, *, alias: str = DEFAULT_DB_ALIAS) -> None:
        self._inbox = Inbox()
        self._refusals = Refusals(alias)
        self._writer = Writer(alias, self._inbox, self._refusals)
        self._thread = threading.Thread(target=self._writer.run, name="ledger", daemon=True)
        self._is_closed = False

    def start(self) -> None:
        """Connect and lease the worker bits of ids.

        Raises `LedgerUnavailable` when the database is not there or has no tables yet.
        """
        self._thread.start()
        if not self._writer.started.wait(_START_PATIENCE):
            raise LedgerUnavailable(f"the database did not answer within {_START_PATIENCE:.0f} s")
        if self._writer.start_error is not None:
            raise LedgerUnavailable(f"the ledger cannot start: {self._writer.start_error}") from (
                self._writer.start_error
            )

    def next_id(self) -> int:
        """Return a new id. Raises `LedgerUnavailable` while the worker bits are not surely ours."""
        lease, ids = self._writer.lease, self._writer.ids
        if lease is None or ids is None or not lease.is_valid:
            raise LedgerUnavailable("no id can be made: the database does not answer")
        return ids.next()

    async def reserve(self, entry: Reserve) -> Room | None:
        """Hold what a call may cost in all its budgets, durably, or in none.

        Returns what is left of the tightest of them, None where none has a limit. When the caller
        is cancelled meanwhile, the reservation is given back.
        Raises `OverBudget`, `Repeated`, `LedgerUnavailable`, and `BadEntry` on an amount out of range.
        """
        _check_range(entry)
        future = self._submit(entry, _RESERVE_PATIENCE, "the database is too slow, nothing was reserved")
        try:
            return await future
        except asyncio.CancelledError:
            self._give_back(future, entry)
            raise

    async def move(self, new: Reserve) -> Room | None:
        """Put `new` in the place of the reservation of its id, whole or not at all.

        Raises what `reserve` raises; then the reservation is as it was. A settle takes whichever
        is there.
        """
        _check_range(new)
        return await self._submit(Move(new), _RESERVE_PATIENCE, "the database is too slow, nothing was moved")

    async def settle(self, entry: Settle) -> None:
        """Write how a call ended; a second settle of the same call changes nothing.

        Returns after the commit. Raises `LedgerUnavailable` after 10 s; the entry stays queued
        and is written when the database is back, also when the caller is cancelled.
        """
        await self._submit(
            entry, _SETTLE_PATIENCE, "the call is not written yet: the database does not answer"
        )

    def give_back(self, id_: int) -> None:
        """Release a reservation whose call leaves no record; whoever waits for room gets it soon."""
        if not self._is_closed:
            self._inbox.put(Waiting(Release(id_)))

    def count_refusal(self, entry: Refused) -> None:
        """Count a request for which nothing was done; written within about a second, or at the end."""
        self._refusals.add(entry)

    async def drain(self, timeout: float) -> bool:
        """Wait until nothing is queued; False when `timeout` seconds were not enough."""
        self._refusals.hurry()
        try:
            async with asyncio.timeout(timeout):  # it comes out when everything before it is written
                await self._submit(Release(_NOBODY), timeout, "what is queued is not written yet")
                while self._refusals:
                    await asyncio.sleep(_LOOK)
        except (TimeoutError, LedgerUnavailable):
            return False
        return True

    def close(self) -> None:
        """Write what is queued, give the worker bits back, and end the thread; safe to repeat."""
        self._is_closed = True
        if self._thread.is_alive():
            self._refusals.hurry()
            self._inbox.close()
            self._thread.join(_CLOSE_PATIENCE)

    @property
    def healthy(self) -> bool:
        """Whether reservations can be made: the thread lives, the database answers in time, ids are ours."""
        writer, since = self._writer, self._writer.oldest_since
        return (
            self._thread.is_alive()
            and not self._is_closed
            and not writer.is_failing
            and (since is None or time.monotonic() - since < _RESERVE_PATIENCE)
            and writer.lease is not None
            and writer.lease.is_valid
        )

    def stats(self) -> LedgerStats:
        """Return what the thread has done so far."""
        return LedgerStats(
            depth=self._inbox.depth, lost_refusals=self._refusals.lost, **vars(self._writer.counts)
        )

    def _submit(self, entry: Entry, patience: float, otherwise: str) -> asyncio.Future[Room | None]:
        """Queue an entry; after `patience` seconds its waiter is told `otherwise`.

        A timer of its own costs a fraction of `asyncio.timeout`, and each call waits here twice.
        """
        if self._is_closed or not self._thread.is_alive():
            raise LedgerUnavailable("the ledger is not running")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Room | None] = loop.create_future()
        timer = loop.call_later(patience, _give_up, future, otherwise)
        self._inbox.put_in_turn(Waiting(entry, future, loop, timer), loop)
        return future

    def _give_back(self, future: asyncio.Future[Room | None], entry: Reserve) -> None:
        """Release what was granted to a caller that no longer waits for it.

        A future that is done tells the thread so itself, whichever comes first.
        """
        if future.done() and not future.cancelled() and future.exception() is None:
            self.give_back(entry.id)


def _give_up(future: asyncio.Future[Room | None], reason: str) -> None:
    """Tell a waiter that it has waited long enough; what it holds by then, it keeps."""
    if not future.done():
        future.set_exception(LedgerUnavailable(reason))


def _check_range(entry: Reserve) -> None:
    amounts = [entry.amount_nano, *(hold.amount for hold in entry.holds if hold.amount is not None)]
    for amount in amounts:
        if not 0 <= amount <= money.MAX_CALL_NANO:
            raise BadEntry(f"{amount} is out of range: 0 to {money.MAX_CALL_NANO}")
