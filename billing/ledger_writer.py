"""The thread of the ledger: writes what is waiting as one batch, and keeps its lease."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import DataError, IntegrityError, connections
from django.db.utils import Error as DatabaseFailure

from billing import ledger_batch, worker
from billing.entries import BadEntry, Hold, LedgerUnavailable, Move, Reserve, Room, Settle
from billing.ledger_batch import Batch, Release
from billing.ledger_batch import Outcome as BatchOutcome
from billing.ledger_inbox import Inbox, Outcome, Waiting
from billing.ledger_refusals import Refusals
from billing.sweep import sweep
from llmhub.lib.ids import IdMaker

log = logging.getLogger(__name__)

_RETRY = 0.25  # seconds between attempts while the database does not answer
_IDLE = 1.0  # seconds: how often an idle thread looks at its lease
_FAREWELL = 5.0  # seconds that closing goes on trying to write what is left


@dataclass
class Counts:
    """What the thread has done so far, for metrics."""

    batches: int = 0
    entries: int = 0
    refused: int = 0
    failures: int = 0  # batches that the database did not take
    largest_batch: int = 0
    busy_seconds: float = 0.0


class Writer:
    """Owns the connection and the lease of one process; `run` is its thread."""

    def __init__(self, alias: str, inbox: Inbox, refusals: Refusals) -> None:
        self.counts = Counts()
        self.started = threading.Event()
        self.start_error: Exception | None = None
        self.is_failing = False
        self.oldest_since: float | None = None  # monotonic: since when what is being written has waited
        self.lease: worker.WorkerLease | None = None
        self.ids: IdMaker | None = None
        self._alias = alias
        self._inbox = inbox
        self._refusals = refusals
        self._holds: dict[int, tuple[Hold, ...]] = {}  # of calls in flight
        self._renew_at = 0.0

    def run(self) -> None:
        """Work until the inbox is closed and everything in it is written, refusals included."""
        try:
            self._take_lease()
        except Exception as exc:
            self.start_error = exc
            connections[self._alias].close()
            return
        finally:
            self.started.set()
        try:
            self._sweep()
            while self._goes_on():
                self._turn()
        finally:
            self._leave()

    def _sweep(self) -> None:
        """See to what an earlier process left behind, before the schedule would."""
        try:
            sweep(alias=self._alias)
        except DatabaseFailure as exc:
            log.warning("expired reservations wait for the next sweep: %s", exc)

    def _goes_on(self) -> bool:
        """Whether there is something to do, or may be later."""
        closed_at = self._inbox.closed_at
        if closed_at is None:
            return True
        out_of_time = time.monotonic() - closed_at > _FAREWELL
        is_stuck = self.is_failing or self._refusals.is_failing
        return bool(self._inbox.depth or self._refusals) and not (is_stuck and out_of_time)

    def _turn(self) -> None:
        """Write one batch, then some refusals if it is time, and see to the lease."""
        if self.is_failing:
            time.sleep(_RETRY)
        waiting = self._inbox.gather(patience=self._refusals.patience(_IDLE))
        if waiting:
            begun = time.perf_counter()
            self.oldest_since = min(item.since for item in waiting)
            self._write(waiting)
            self.oldest_since = None
            self.counts.busy_seconds += time.perf_counter() - begun
        if not (waiting and self.is_failing) and self._refusals.write_due():
            self.is_failing = False
        if time.monotonic() >= self._renew_at:
            self._renew_lease()

    # --- writing ----------------------------------------------------------------------------

    def _write(self, waiting: Sequence[Waiting]) -> None:
        try:
            self._inbox.answer(self._apply(waiting))
            self.is_failing = False
        except (IntegrityError, DataError):
            self._write_one_by_one(waiting)
        except DatabaseFailure as exc:
            self._postpone(waiting, exc)
        except Exception:
            log.exception("the ledger could not write a batch of %d as one", len(waiting))
            self._write_one_by_one(waiting)

    def _apply(self, waiting: Sequence[Waiting]) -> list[Outcome]:
        """Write all of `waiting` in one transaction and return what became of each."""
        entries = [item.entry for item in waiting]
        batch = Batch(
            settles=[entry for entry in entries if isinstance(entry, Settle)],
            reserves=[entry for entry in entries if isinstance(entry, Reserve)],
            moves=[entry for entry in entries if isinstance(entry, Move)],
            releases=[entry for entry in entries if isinstance(entry, Release)],
            known_holds=self._holds,
        )
        outcome = ledger_batch.apply(batch, alias=self._alias, next_id=self._next_id)
        self._remember(batch, outcome)
        self.counts.batches += 1
        self.counts.entries += len(waiting)
        self.counts.refused += len(outcome.refused)
        self.counts.largest_batch = max(self.counts.largest_batch, len(waiting))
        return [(item, _answer(item, outcome)) for item in waiting]

    def _remember(self, batch: Batch, outcome: BatchOutcome) -> None:
        """Keep the counters of calls in flight, as long as they are."""
        granted = [*batch.reserves, *(move.new for move in batch.moves if move.id not in outcome.gone)]
        denied = outcome.refused.keys() | outcome.repeated.keys()
        self._holds.update(
            (entry.id, entry.holds) for entry in granted if entry.holds and entry.id not in denied
        )
        for id_ in (entry.id for entries in (batch.settles, batch.releases) for entry in entries):
            self._holds.pop(id_, None)

    def _write_one_by_one(self, waiting: Sequence[Waiting]) -> None:
        """Write each entry in a transaction of its own, so that a bad one harms only itself."""
        for item in waiting:
            try:
                self._inbox.answer(self._apply([item]))
            except (IntegrityError, DataError) as exc:
                self._refuse(item, exc)
            except DatabaseFailure as exc:
                self._postpone([item], exc)
            except Exception as exc:
                self._refuse(item, exc)

    def _refuse(self, item: Waiting, exc: Exception) -> None:
        log.error("the ledger cannot take entry %d", item.entry.id, exc_info=exc)
        self._inbox.answer([(item, BadEntry(f"the ledger cannot take entry {item.entry.id}: {exc}"))])

    def _postpone(self, waiting: Sequence[Waiting], exc: Exception) -> None:
        """Keep what must land, refuse what may not wait, and begin anew with a fresh connection.

        The commit may have happened although its answer was lost: a settle is written once
        whatever happens, and a reservation that landed unseen is given back.
        """
        if not self.is_failing:
            log.error("the ledger's database does not answer: %s", exc)
        self.is_failing = True
        self.counts.failures += 1
        connections[self._alias].close()
        asked = [item for item in waiting if isinstance(item.entry, Reserve | Move)]
        self._inbox.postpone(item for item in waiting if not isinstance(item.entry, Reserve | Move))
        self._inbox.postpone(
            Waiting(Release(item.entry.id)) for item in asked if isinstance(item.entry, Reserve)
        )
        refusal = LedgerUnavailable("the database does not answer, nothing was reserved")
        self._inbox.answer([(item, refusal) for item in asked])

    # --- the lease --------------------------------------------------------------------------

    def _next_id(self) -> int:
        if self.ids is None:
            raise LedgerUnavailable("the ledger has no worker number")
        return self.ids.next()

    def _take_lease(self) -> None:
        self.lease, self.ids = worker.take(self._alias)
        self._renew_at = time.monotonic() + worker.RENEW_AFTER

    def _renew_lease(self) -> None:
        """Prolong the lease, or take another when it is lost; while neither works no id is made."""
        try:
            renewed = worker.renew(self._alias, self.lease) if self.lease else None
            if renewed is None:
                self._take_lease()
            self.lease = renewed or self.lease
            self._renew_at = time.monotonic() + worker.RENEW_AFTER
        except Exception as exc:
            log.warning("the lease of the ledger could not be renewed: %s", exc)
            self._renew_at = time.monotonic() + _RETRY
            connections[self._alias].close()

    def _leave(self) -> None:
        """Give the lease back, close the connection, and tell those whose entries stay unwritten."""
        left = self._inbox.take_backlog()
        if left:
            log.error("the ledger closed with %d entries unwritten: their reservations remain", len(left))
            gone = LedgerUnavailable("the ledger was closed before this could be written")
            self._inbox.answer([(item, gone) for item in left])
        if self._refusals:
            log.error("the ledger closed with %d kinds of refusals uncounted", len(self._refusals))
        try:
            if self.lease is not None:
                worker.give_back(self._alias, self.lease)
        except DatabaseFailure as exc:
            log.warning("the lease of the ledger runs out by itself: %s", exc)
        finally:
            connections[self._alias].close()


def _answer(item: Waiting, outcome: BatchOutcome) -> Exception | Room | None:
    """Return what the caller of an entry is told."""
    if not isinstance(item.entry, Reserve | Move):
        return None
    id_ = item.entry.id
    if isinstance(item.entry, Move) and id_ in outcome.gone:
        return LedgerUnavailable("the reservation ran out before it could be moved")
    return outcome.repeated.get(id_) or outcome.refused.get(id_) or outcome.rooms.get(id_)
