"""Reservations that nobody settled."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest
from django.db import connection

from billing import sweep as sweeping
from billing.entries import OverBudget
from billing.ledger import Ledger
from billing.models import Reservation, UsageRecord
from billing.sweep import sweep
from llmhub.lib import clock
from tests.billing import calls

pytestmark = pytest.mark.django_db(transaction=True)


def abandon(ledger, *reserves):
    """Reserve and never settle, as a gateway that is killed."""

    async def all_of_them():
        await asyncio.gather(*(ledger.reserve(entry) for entry in reserves))

    asyncio.run(all_of_them())


def test_an_expired_reservation_becomes_an_interrupted_record_with_its_estimate(ledger):
    hold = calls.budget(1000)
    entry = calls.reserve(
        ledger.next_id(), 100, hold, seconds=-1,
        cost_nano=25, team_id=7, key_id=8, requested="acme/small-1", tags={"task": "reply"},
    )  # fmt: skip
    abandon(ledger, entry)

    assert sweep() == 1

    record = UsageRecord.objects.get()
    assert (record.pk, record.status, record.error_code) == (entry.id, "interrupted", "lease_expired")
    assert (record.cost_nano, record.cost_source) == (25, "estimated")
    assert (record.team_id, record.key_id, record.requested, record.tags) == (
        7,
        8,
        "acme/small-1",
        {"task": "reply"},
    )
    assert calls.standing(hold) == (25, 0)
    assert not Reservation.objects.exists()


def test_without_an_estimate_all_that_was_reserved_is_charged(ledger):
    hold = calls.budget(1000)
    abandon(ledger, calls.reserve(ledger.next_id(), 100, hold, seconds=-1))

    sweep()

    assert UsageRecord.objects.get().cost_nano == 100
    assert calls.standing(hold) == (100, 0)


def test_where_nothing_is_known_the_cost_is_unknown_and_not_zero(ledger):
    abandon(ledger, calls.reserve(ledger.next_id(), 0, seconds=-1))

    sweep()

    record = UsageRecord.objects.get()
    assert (record.cost_nano, record.cost_source) == (None, "unpriced")
    assert record.unpriced_reason


@pytest.mark.parametrize(
    ("facts", "amount", "cost", "source"),
    [({"cost_nano": 0}, 0, 0, "estimated"), ({"cost_nano": None}, 70, None, "unpriced")],
)
def test_an_estimate_of_zero_is_one_and_an_unknown_one_is_none(ledger, facts, amount, cost, source):
    abandon(ledger, calls.reserve(ledger.next_id(), amount, seconds=-1, **facts))

    sweep()

    record = UsageRecord.objects.get()
    assert (record.cost_nano, record.cost_source) == (cost, source)


def test_a_ledger_that_starts_sees_to_what_an_earlier_process_left_behind(ledger):
    abandon(ledger, calls.reserve(ledger.next_id(), 100, seconds=-1))
    ledger.close()

    successor = Ledger()
    successor.start()
    successor.close()

    assert UsageRecord.objects.get().status == "interrupted"


def test_calls_in_flight_are_left_alone(ledger):
    abandon(ledger, calls.reserve(ledger.next_id(), 100, seconds=60))

    assert sweep() == 0
    assert sweep(clock.now() + timedelta(minutes=2)) == 1


def test_a_late_settle_puts_the_truth_in_the_place_of_the_estimate(ledger):
    hold = calls.budget(1000)
    id_ = ledger.next_id()
    abandon(ledger, calls.reserve(id_, 100, hold, seconds=-1))
    sweep()

    for _ in range(2):
        asyncio.run(ledger.settle(calls.settle(id_, calls.attempt(40))))

    record = UsageRecord.objects.get()
    assert (record.status, record.error_code, record.cost_nano, record.attempts) == ("ok", "", 40, 1)
    assert calls.standing(hold) == (40, 0)


def test_a_sweep_after_the_settle_finds_nothing(ledger):
    hold = calls.budget(1000)
    id_ = ledger.next_id()
    abandon(ledger, calls.reserve(id_, 100, hold, seconds=-1))
    asyncio.run(ledger.settle(calls.settle(id_, calls.attempt(40))))

    assert sweep() == 0
    assert calls.standing(hold) == (40, 0)


def test_a_reservation_whose_call_has_its_record_already_is_only_given_back(ledger):
    hold = calls.budget(1000)
    id_ = ledger.next_id()
    asyncio.run(ledger.settle(calls.settle(id_, calls.attempt(40))))
    abandon(ledger, calls.reserve(id_, 100, hold, seconds=-1))

    assert sweep() == 1
    assert UsageRecord.objects.get().cost_nano == 40
    assert calls.standing(hold) == (0, 0)


def test_more_than_a_transaction_full_is_swept_by_two_at_once_and_counted_once(ledger, monkeypatch):
    monkeypatch.setattr(sweeping, "_AT_ONCE", 7)
    hold = calls.budget(None)
    abandon(ledger, *(calls.reserve(ledger.next_id(), 10, hold, seconds=-1) for _ in range(60)))
    swept = []
    sweepers = [threading.Thread(target=lambda: swept.append(_sweep_and_close())) for _ in range(2)]

    for sweeper in sweepers:
        sweeper.start()
    for sweeper in sweepers:
        sweeper.join()

    assert sum(swept) == UsageRecord.objects.count() == 60
    assert calls.standing(hold) == (600, 0)


def test_sweeping_while_calls_are_settled_counts_each_of_them_once(transactional_db):
    """Every lease has run out already: sweeper and settle race for each call."""
    ledger = Ledger()
    ledger.start()
    hold = calls.budget(None)
    done = threading.Event()
    sweeper = threading.Thread(target=_sweep_until, args=[done])
    sweeper.start()

    async def call():
        for _ in range(40):
            id_ = ledger.next_id()
            await ledger.reserve(calls.reserve(id_, 100, hold, seconds=-1))
            await ledger.settle(calls.settle(id_, calls.attempt(7)))

    async def clients():
        await asyncio.gather(*(call() for _ in range(8)))

    try:
        asyncio.run(clients())
    finally:
        done.set()
        sweeper.join()
        ledger.close()

    assert UsageRecord.objects.filter(status="ok", cost_nano=7).count() == UsageRecord.objects.count() == 320
    assert calls.standing(hold) == (320 * 7, 0)


def _sweep_and_close() -> int:
    try:
        return sweep()
    finally:
        connection.close()


def _sweep_until(done: threading.Event) -> None:
    while not done.is_set():
        _sweep_and_close()


def test_a_move_that_was_refused_leaves_the_estimate_of_what_is_held(ledger):
    hold = calls.budget(1000)
    id_ = ledger.next_id()

    async def fall_back() -> None:
        await ledger.reserve(calls.reserve(id_, 100, hold, seconds=-1, provider_id=7, cost_nano=90))
        with pytest.raises(OverBudget):
            await ledger.move(calls.reserve(id_, 5000, hold, seconds=-1, provider_id=8, cost_nano=5000))

    asyncio.run(fall_back())  # and its gateway is killed here
    sweep()

    record = UsageRecord.objects.get()
    assert (record.cost_nano, record.provider_id) == (90, 7)
    assert calls.standing(hold) == (90, 0)
