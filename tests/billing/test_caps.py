"""A hard cap is hard, however many callers come at once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter as Tally

import pytest
from django.db import connection
from django.db.models import F

from billing.entries import OverBudget
from billing.models import Counter, UsageRecord
from tests.billing import calls, processes

pytestmark = pytest.mark.django_db(transaction=True)
ROOM = 20  # calls


async def crowd(ledger, hold, callers: int) -> int:
    """Let that many callers come at once and return how many were served."""

    async def call() -> bool:
        id_ = ledger.next_id()
        try:
            await ledger.reserve(calls.reserve(id_, 100, hold, calls_everything))
        except OverBudget:
            return False
        await ledger.settle(calls.settle(id_, calls.attempt(100)))
        return True

    calls_everything = await asyncio.to_thread(_unlimited)
    return sum(await asyncio.gather(*(call() for _ in range(callers))))


def _unlimited():
    try:
        return calls.budget(None)
    finally:
        connection.close()


def test_a_hundred_callers_on_room_for_twenty_are_twenty_served_in_every_round(ledger):
    holds = [calls.budget(ROOM * 100) for _ in range(10)]

    served = [asyncio.run(crowd(ledger, hold, callers=100)) for hold in holds]

    assert served == [ROOM] * 10
    assert [calls.standing(hold) for hold in holds] == [(ROOM * 100, 0)] * 10


def test_two_processes_serve_twenty_together():
    holds = [calls.budget(ROOM * 100) for _ in range(5)]

    said = processes.run("spend", processes=2, budget_ids=[hold.budget_id for hold in holds], clients=50)

    served = Tally()
    for budget_id, count in (line for process in said for line in process):
        served[budget_id] += count
    assert list(served.values()) == [ROOM] * 5
    assert [calls.standing(hold) for hold in holds] == [(ROOM * 100, 0)] * 5
    assert UsageRecord.objects.count() == 5 * ROOM


def test_reading_then_writing_without_a_guard_would_overspend():
    hold = calls.budget(5 * 100)
    Counter.objects.create(budget_id=hold.budget_id, period_start=0)
    together = threading.Barrier(15)

    def naive() -> None:
        together.wait()
        spent, held = calls.standing(hold)
        time.sleep(0.002)  # as long as a call to anything takes
        if spent + held + 100 <= 5 * 100:
            Counter.objects.filter(budget_id=hold.budget_id).update(spent=F("spent") + 100)
        connection.close()

    callers = [threading.Thread(target=naive) for _ in range(15)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()

    assert calls.standing(hold)[0] > 5 * 100
