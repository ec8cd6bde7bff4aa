"""What waits for the ledger's thread, and the answers to those who wait in an event loop."""

from __future__ import annotations

import asyncio
import queue
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from billing.entries import Move, Reserve, Room, Settle
from billing.ledger_batch import Release

MAX_BATCH = 256
# Seconds after the first entry of a batch, where the batch before had several: without it batches
# stay small and many. A lone caller, whose batches have one entry each, does not wait for others.
_GATHER = 0.0002

Entry = Reserve | Move | Settle | Release


@dataclass(frozen=True, eq=False)
class Waiting:
    """An entry in the queue, and who waits for it in which event loop."""

    entry: Entry
    future: asyncio.Future[Room | None] | None = None
    loop: asyncio.AbstractEventLoop | None = None
    timer: asyncio.TimerHandle | None = None  # ends the waiting
    since: float = field(default_factory=time.monotonic)

    @property
    def is_abandoned(self) -> bool:
        """Whether a reservation has lost its caller; anything else is written all the same."""
        return isinstance(self.entry, Reserve | Move) and self.future is not None and self.future.done()


Outcome = tuple[Waiting, Exception | Room | None]  # None: written, and no budget has a limit


class Inbox:
    """First in, first out; event loops put, one thread gathers and answers."""

    def __init__(self) -> None:
        self.closed_at: float | None = None  # on the monotonic clock
        self._queue: queue.SimpleQueue[Sequence[Waiting] | None] = queue.SimpleQueue()
        self._turn: list[Waiting] = []  # what one turn of an event loop has put so far
        self._turn_of: asyncio.AbstractEventLoop | None = None
        self._backlog: deque[Waiting] = deque()  # what the database has not taken yet: it goes first
        self._is_crowded = False  # whether the last batch had several entries

    @property
    def depth(self) -> int:
        """How many entries wait, at least: those of one turn of a loop count as one until they are taken."""
        return self._queue.qsize() + len(self._turn) + len(self._backlog)

    def put(self, item: Waiting) -> None:
        """Queue an entry, from any thread."""
        self._queue.put((item,))

    def put_in_turn(self, item: Waiting, loop: asyncio.AbstractEventLoop) -> None:
        """Queue an entry from `loop`, in its thread; where there are many, all of one turn of it at its end.

        Each time that something is queued may wake the thread, which costs the loop more than the entry.
        """
        if not self._is_crowded:
            self.put(item)
        elif self._turn and self._turn_of is loop:
            self._turn.append(item)
        else:
            self._hand_over()  # what another loop left behind
            self._turn, self._turn_of = [item], loop
            loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        turn, self._turn = self._turn, []
        if turn:
            self._queue.put(turn)

    def close(self) -> None:
        """Say that nothing more will come."""
        self._hand_over()
        self._queue.put(None)

    def postpone(self, items: Iterable[Waiting]) -> None:
        """Keep what could not be written for the next batch."""
        self._backlog.extend(items)

    def take_backlog(self) -> list[Waiting]:
        """Return what was never written."""
        left = list(self._backlog)
        self._backlog.clear()
        return left

    def gather(self, *, patience: float) -> list[Waiting]:
        """Return up to a batch of what waits; after `patience` seconds without any, nothing."""
        batch = [self._backlog.popleft() for _ in range(min(len(self._backlog), MAX_BATCH))]
        if not batch and self._accept(batch, patience=patience) and self._is_crowded:
            time.sleep(_GATHER)
        while len(batch) < MAX_BATCH and self._accept(batch):
            pass
        self._backlog.extend(batch[MAX_BATCH:])  # a turn of a loop comes as a whole, however much it is
        del batch[MAX_BATCH:]
        self._is_crowded = len(batch) > 1
        return [item for item in batch if not item.is_abandoned]

    def _accept(self, batch: list[Waiting], *, patience: float = 0) -> bool:
        """Move what was queued at a time to the batch; False when there is nothing."""
        try:
            items = self._queue.get(timeout=patience) if patience else self._queue.get_nowait()
        except queue.Empty:
            return False
        if items is None:
            self.closed_at = self.closed_at or time.monotonic()
        else:
            batch.extend(items)
        return True

    def answer(self, outcomes: Sequence[Outcome]) -> None:
        """Tell each waiter, with one call per event loop."""
        by_loop: dict[asyncio.AbstractEventLoop, list[Outcome]] = {}
        for outcome in outcomes:
            if outcome[0].loop is not None:
                by_loop.setdefault(outcome[0].loop, []).append(outcome)
        for loop, group in by_loop.items():
            try:
                loop.call_soon_threadsafe(self._wake, group)
            except RuntimeError:  # the loop was closed with its callers in it
                self._release_unheard(group)

    def _wake(self, outcomes: Sequence[Outcome]) -> None:
        """Finish the futures of one loop, in that loop."""
        unheard = []
        for item, said in outcomes:
            if item.timer is not None:
                item.timer.cancel()
            if item.future is None or item.future.done():
                unheard.append((item, said))
            elif isinstance(said, Exception):
                item.future.set_exception(said)
            else:
                item.future.set_result(said)
        self._release_unheard(unheard)

    def _release_unheard(self, outcomes: Iterable[Outcome]) -> None:
        """Give back what was reserved for callers that had left."""
        for item, said in outcomes:
            if not isinstance(said, Exception) and isinstance(item.entry, Reserve):
                self.put(Waiting(Release(item.entry.id)))
