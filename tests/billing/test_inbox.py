"""The queue of the ledger's thread: who waits for company, and whose waiting is over."""

from __future__ import annotations

import asyncio
import time

import pytest

from billing.entries import Reserve
from billing.ledger_batch import Release
from billing.ledger_inbox import Inbox, Waiting


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
