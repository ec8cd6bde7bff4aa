"""The same ledger, the same SQL, on a real Postgres server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections import Counter as Counted
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.db import connections
from django.db.utils import ConnectionHandler
from msgspec.structs import replace

from billing import ledger_batch, reconcile, rollup, rollup_bucket, rollup_read, worker
from billing.entries import Hold, LedgerUnavailable, Once, OverBudget, Refused, Repeated
from billing.ledger import Ledger
from billing.models import Budget, Counter, Reservation, UsageRecord
from billing.overshoot_models import Overshoot
from billing.rollup_read import Span
from billing.sweep import sweep
from billing.worker_models import Worker
from llmhub.lib import database, ids
from tests.billing import calls
from tests.fixtures import defects

pytestmark = pytest.mark.postgres
PG = "postgres"
ROOM = 20  # calls
TEAMS = count(1)
MOMENT = datetime(2026, 2, 3, 12, tzinfo=UTC)  # nobody else counts there


@pytest.fixture(scope="module")
def postgres(postgres_url, django_db_setup, django_db_blocker):
    """An alias of a server that has our tables."""
    settings = ConnectionHandler().configure_settings({"default": database.from_url(postgres_url)})
    with django_db_blocker.unblock():
        connections.settings[PG] = settings["default"]
        call_command("migrate", database=PG, verbosity=0)
        yield PG
        connections[PG].close()
        del connections[PG], connections.settings[PG]


@pytest.fixture
def ledgers(postgres):
    """Two ledgers, as of two gateways."""
    made = [Ledger(alias=PG), Ledger(alias=PG)]
    for ledger in made:
        ledger.start()
    yield made
    for ledger in made:
        ledger.close()


def budget(cap: int | None) -> Hold:
    made = Budget.objects.using(PG).create(scope="team", scope_id=next(TEAMS), per="total", cap=cap)
    return Hold(made.pk, 0)


def standing(hold: Hold) -> tuple[int, int]:
    return Counter.objects.using(PG).values_list("spent", "held").get(budget_id=hold.budget_id)


def test_two_gateways_serve_twenty_together_in_every_round(ledgers):
    holds = [budget(ROOM * 100) for _ in range(5)]
    everything = budget(None)

    async def call(ledger, hold) -> bool:
        id_ = ledger.next_id()
        try:
            await ledger.reserve(calls.reserve(id_, 100, hold, everything))
        except OverBudget:
            return False
        await ledger.settle(calls.settle(id_, calls.attempt(100), tags={"task": "reply"}))
        return True

    async def crowd(hold) -> int:
        return sum(await asyncio.gather(*(call(ledger, hold) for ledger in ledgers for _ in range(50))))

    assert [asyncio.run(crowd(hold)) for hold in holds] == [ROOM] * 5
    assert [standing(hold) for hold in holds] == [(ROOM * 100, 0)] * 5
    assert standing(everything) == (5 * ROOM * 100, 0)
    assert UsageRecord.objects.using(PG).filter(tags__task="reply").count() == 5 * ROOM
    assert Worker.objects.using(PG).count() == 2


def test_calls_on_budgets_in_any_order_do_not_lock_each_other_out(ledgers):
    holds = [budget(None) for _ in range(6)]

    async def call(number: int) -> None:
        ledger = ledgers[number % 2]
        id_ = ledger.next_id()
        mine = (holds[number % 6], holds[number * 5 % 6], holds[-number % 6])
        await ledger.reserve(calls.reserve(id_, 10, *mine))
        await ledger.settle(calls.settle(id_, calls.attempt(1)))

    async def all_calls():
        await asyncio.gather(*(call(number) for number in range(400)))

    asyncio.run(all_calls())

    assert [held for _, held in map(standing, holds)] == [0] * 6
    assert [ledger.stats().failures for ledger in ledgers] == [0, 0]


def test_keys_claimed_and_freed_in_any_order_let_one_call_of_each_through(ledgers):
    busy, most = Counted(), Counted()

    async def call(number: int) -> str:
        ledger, name = ledgers[number % 2], f"key-{number * 7 % 5}"
        id_ = ledger.next_id()
        try:
            await ledger.reserve(replace(calls.reserve(id_), once=Once(name, "body")))
        except Repeated:
            return "repeated"
        busy[name] += 1
        most[name] = max(most[name], busy[name])
        await asyncio.sleep(0)
        busy[name] -= 1
        await ledger.settle(calls.settle(id_, status="error", frees_key=True))
        return "first"

    async def rounds() -> Counted:
        said = Counted()
        for _ in range(20):
            said.update(await asyncio.gather(*map(call, range(60))))
        return said

    said = asyncio.run(rounds())

    assert said["first"] >= 20 * 5
    assert said["repeated"] > 0
    assert set(most.values()) == {1}
    assert [ledger.stats().failures for ledger in ledgers] == [0, 0]


def test_a_late_settle_puts_the_truth_in_the_place_of_the_sweepers_estimate(ledgers):
    ledger, hold = ledgers[0], budget(1000)
    id_ = ledger.next_id()
    asyncio.run(ledger.reserve(calls.reserve(id_, 100, hold, seconds=-1, cost_nano=25, tags={"a": "b"})))

    sweep(alias=PG)  # the other gateway may just start, sweep at its start, and be first
    assert UsageRecord.objects.using(PG).get(pk=id_).status == "interrupted"
    assert standing(hold) == (25, 0)
    asyncio.run(ledger.settle(calls.settle(id_, calls.attempt(40))))

    assert UsageRecord.objects.using(PG).get(pk=id_).cost_nano == 40
    assert standing(hold) == (40, 0)
    assert not Reservation.objects.using(PG).exists()


def test_what_a_provider_wrote_cannot_break_a_batch(ledgers):
    odd = "\ud800\0é" * 500
    entry = calls.settle(
        ledgers[0].next_id(), calls.attempt(upstream_model=odd), requested=odd, tags={odd: odd}
    )

    asyncio.run(ledgers[0].settle(entry))

    assert UsageRecord.objects.using(PG).filter(pk=entry.id).exists()


def test_two_gateways_count_refusals_in_one_record_of_each_key_code_and_minute(ledgers):
    def count_refusals(ledger: Ledger, kinds: range) -> None:
        for key_id in kinds:
            told = {"team_id": 1, "http_status": 429, "reason": "wait", "tags": {"a": "b"}}
            id_ = ids.first_at(MOMENT) + next(TEAMS)
            for _ in range(3):
                ledger.count_refusal(Refused(id=id_, key_id=key_id, error_code="rate_limited", **told))

    async def drained() -> list[bool]:
        return await asyncio.gather(*(ledger.drain(10) for ledger in ledgers))

    for _ in range(3):  # in one order here and in the other there
        count_refusals(ledgers[0], range(1, 251))
        count_refusals(ledgers[1], range(250, 0, -1))
        assert asyncio.run(drained()) == [True, True]

    found = UsageRecord.objects.using(PG).filter(status="refused")
    assert sorted(found.values_list("key_id", "refusals")) == [(key_id, 18) for key_id in range(1, 251)]
    bucket = rollup_bucket.at(MOMENT)
    assert rollup.roll_up(bucket, alias=PG)
    day = Span(MOMENT - timedelta(days=1), MOMENT + timedelta(days=1))
    sums = rollup_read.sums([day], by=("refusal_code",), having="refusals", alias=PG)
    assert [(row.of, row.values["refusals"], row.values["requests"]) for row in sums] == [
        (("rate_limited",), 4500, 0)
    ]
    assert reconcile.of_buckets([bucket], alias=PG) == []


def test_locked_request_by_request_they_would_lock_each_other_out(ledgers, monkeypatch):
    """The negative control of one lock order over the whole batch."""
    monkeypatch.setattr(ledger_batch, "_apply", ledger_batch._apply)  # to be put back
    defects.hasty()
    holds = [budget(None) for _ in range(8)]
    dice = random.Random(1)

    async def call(number: int) -> None:
        ledger = ledgers[number % 2]
        id_ = ledger.next_id()
        with contextlib.suppress(LedgerUnavailable):
            await ledger.reserve(calls.reserve(id_, 10, *dice.sample(holds, 4)))
            await ledger.settle(calls.settle(id_, calls.attempt(1)))

    async def rounds():
        until = time.monotonic() + 40  # usually the first rounds do; when batches fall otherwise, later ones
        while not any(ledger.stats().failures for ledger in ledgers) and time.monotonic() < until:
            await asyncio.gather(*(call(number) for number in range(100)))

    asyncio.run(rounds())

    assert sum(ledger.stats().failures for ledger in ledgers) > 0


def test_a_worker_number_of_a_clock_that_was_hours_ahead_is_left_out(postgres):
    lease, maker = worker.take(PG)
    ahead = UsageRecord.objects.using(PG).create(
        pk=maker.next() + (3 * 3_600_000 << ids.TIME_SHIFT), requested="x", status="ok"
    )
    worker.give_back(PG, lease)
    try:
        other, _ = worker.take(PG)
        worker.give_back(PG, other)
    finally:
        ahead.delete()

    assert other.worker != lease.worker


def test_what_goes_beyond_what_was_held_is_written_down_and_a_refused_fallback_changes_nothing(ledgers):
    ledger, hold = ledgers[0], budget(1000)
    id_ = ledger.next_id()

    async def call() -> str:
        await ledger.reserve(calls.reserve(id_, 100, hold, cost_nano=90))
        with pytest.raises(OverBudget):
            await ledger.move(calls.reserve(id_, 5000, hold, cost_nano=5000))
        facts = Reservation.objects.using(PG).values_list("facts", flat=True)
        kept = await sync_to_async(facts.get)(pk=id_)
        await ledger.settle(calls.settle(id_, calls.attempt(250), capped_nano=100))
        return kept

    assert json.loads(asyncio.run(call())) == {"cost_nano": 90}
    assert Overshoot.objects.using(PG).get(pk=id_).beyond_nano == 150
    assert standing(hold) == (250, 0)
