"""The queue of the ledger's thread: who waits for company, and whose waiting is over."""

from __future__ import annotations

import asyncio
import time

import pytest

from billing.entries import Reserve
from billing.ledger_batch import Release
from billing.ledger_inbox import MAX_BATCH, Inbox, Waiting


@pytest.fixture
def naps(monkeypatch):
    """The seconds that the thread slept."""
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def gather(inbox, *ids):
    for id_ in ids:
        inbox.put(Waiting(Release(id_)))
    return [item.entry.id for item in inbox.gather(patience=0.1)]


def test_a_lone_caller_waits_for_nobody(naps):
    inbox = Inbox()

    assert [gather(inbox, 1), gather(inbox, 2), naps] == [[1], [2], []]


def test_after_a_batch_of_several_the_next_one_is_given_time_to_fill(naps):
    inbox = Inbox()

    gather(inbox, 1, 2)

    assert (gather(inbox, 3), len(naps)) == ([3], 1)
    assert (gather(inbox, 4), len(naps)) == ([4], 1)


class Counted(Inbox):
    """An inbox that notes how many entries came at a time."""

    def __init__(self):
        super().__init__()
        self.came = []

    def gather(self, *, patience):
        self.came += [self._queue.qsize()]
        return super().gather(patience=patience)


def put_in_one_turn(inbox, *ids):
    """Have an event loop put these in one turn, and return what is gathered after it."""

    async def run():
        loop = asyncio.get_running_loop()
        for id_ in ids:
            inbox.put_in_turn(Waiting(Release(id_)), loop)
        await asyncio.sleep(0)
        return [item.entry.id for item in inbox.gather(patience=0.1)]

    return asyncio.run(run())


def test_entries_of_one_turn_come_one_by_one_to_a_thread_with_little_to_do_and_else_at_once(naps):
    inbox = Counted()

    assert put_in_one_turn(inbox, 1, 2, 3) == [1, 2, 3]
    assert put_in_one_turn(inbox, 4, 5, 6) == [4, 5, 6]

    assert inbox.came == [3, 1]


def test_a_turn_of_more_than_a_batch_is_written_in_several_in_its_order(naps):
    inbox = Inbox()
    gather(inbox, 1, 2)

    first = put_in_one_turn(inbox, *range(MAX_BATCH + 40))
    second = gather(inbox, MAX_BATCH + 40)

    assert (first, second) == (list(range(MAX_BATCH)), list(range(MAX_BATCH, MAX_BATCH + 41)))
    assert inbox.depth == 0


def test_what_a_loop_left_behind_comes_before_the_next_ones_entries_and_at_the_end(naps):
    inbox = Counted()
    gather(inbox, 1, 2)
    left, other = asyncio.new_event_loop(), asyncio.new_event_loop()

    inbox.put_in_turn(Waiting(Release(3)), left)
    left.close()
    inbox.put_in_turn(Waiting(Release(4)), other)
    other.close()
    assert inbox.depth == 2
    inbox.close()

    assert [item.entry.id for item in inbox.gather(patience=0.1)] == [3, 4]


def test_a_reservation_whose_waiting_is_over_is_not_written():
    async def run():
        loop = asyncio.get_running_loop()
        gone, late, waits = (loop.create_future() for _ in range(3))
        gone.cancel()
        late.set_exception(TimeoutError())
        late.exception()
        inbox = Inbox()
        for id_, future in enumerate((gone, late, waits)):
            inbox.put(Waiting(Reserve(id_, 1, 1), future, loop))
        return [item.entry.id for item in inbox.gather(patience=0.1)]

    assert asyncio.run(run()) == [2]
