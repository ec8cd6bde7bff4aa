"""Idempotency keys in the ledger: the row that a reservation writes with itself decides who is first."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from billing.entries import Once, OverBudget, Repeated
from billing.idempotency_models import IdempotencyKey
from billing.ledger import Ledger
from billing.ledger_batch import Batch, Release, apply
from billing.models import Reservation, UsageRecord
from billing.sweep import KEYS_LAST, forget_keys, sweep
from llmhub.lib import clock, ids
from tests.billing import calls

KEY = Once("key", "body")


def first(ledger, *holds, once=KEY, amount=100, **options) -> int:
    """Reserve a call under a key and return its id."""
    id_ = ledger.next_id()
    asyncio.run(ledger.reserve(replace(calls.reserve(id_, amount, *holds, **options), once=once)))
    return id_


def repeated(ledger, once=KEY) -> Repeated:
    with pytest.raises(Repeated) as caught:
        first(ledger, once=once)
    return caught.value


def settle(ledger, id_, **values):
    asyncio.run(ledger.settle(calls.settle(id_, **values)))


def test_of_twenty_at_once_in_two_ledgers_one_is_first(ledger):
    other = Ledger()
    other.start()

    async def one(each) -> bool:
        try:
            await each.reserve(replace(calls.reserve(each.next_id()), once=KEY))
        except Repeated:
            return False
        return True

    async def all_of_them():
        return await asyncio.gather(*(one(each) for each in [ledger, other] * 10))

    assert sum(asyncio.run(all_of_them())) == 1
    assert Reservation.objects.count() == IdempotencyKey.objects.count() == 1
    other.close()


def test_others_hear_whether_it_runs_and_how_it_ended(ledger):
    id_ = first(ledger)
    while_it_runs = repeated(ledger).first
    settle(ledger, id_)
    after_it = repeated(ledger).first

    assert (while_it_runs.id, while_it_runs.status) == (id_, None)
    assert (after_it.id, after_it.status, after_it.http_status, after_it.cost_nano) == (id_, "ok", 200, 40)


def test_another_body_is_told_from_the_same(ledger):
    first(ledger)

    assert repeated(ledger).is_same
    assert not repeated(ledger, Once("key", "another body")).is_same


def test_a_repeated_call_holds_nothing(ledger):
    hold = calls.budget(1000)
    first(ledger, hold)

    with pytest.raises(Repeated):
        first(ledger, hold)

    assert calls.standing(hold) == (0, 100)


def test_a_call_without_room_leaves_its_key_free(ledger):
    with pytest.raises(OverBudget):
        first(ledger, calls.budget(99))

    assert first(ledger, calls.budget(100))


def test_a_call_that_did_nothing_upstream_leaves_its_key_free(ledger):
    settle(ledger, first(ledger), status="error", frees_key=True)

    assert first(ledger)
    assert UsageRecord.objects.count() == 1


def test_a_caller_that_left_while_it_waited_leaves_its_key_free(ledger):
    given_back = Batch(releases=[Release(first(ledger))])

    apply(given_back, alias="default", next_id=ledger.next_id)

    assert first(ledger)


def test_the_sweeper_ends_a_call_that_nobody_settled(ledger):
    id_ = first(ledger, seconds=-1)
    assert repeated(ledger).first.status is None

    sweep()

    found = repeated(ledger).first
    assert (found.id, found.status, found.cost_nano) == (id_, "interrupted", 100)


@pytest.mark.parametrize(("age", "forgotten"), [(timedelta(hours=23, minutes=59), 0), (KEYS_LAST, 1)])
def test_a_key_lasts_24_hours(ledger, age, forgotten):
    settle(ledger, first(ledger))

    assert forget_keys(clock.now() + age + timedelta(milliseconds=5)) == forgotten
    assert IdempotencyKey.objects.count() == 1 - forgotten


def test_more_keys_than_a_batch_full_are_forgotten(transactional_db):
    old = ids.first_at(clock.now() - KEYS_LAST) - 2000
    IdempotencyKey.objects.bulk_create(
        IdempotencyKey(digest=f"{number}", body_digest="", usage_id=old + number) for number in range(1001)
    )

    assert forget_keys() == 1001
    assert not IdempotencyKey.objects.exists()
