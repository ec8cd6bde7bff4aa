"""The ledger as the gateway uses it."""

from __future__ import annotations

import asyncio

import pytest
from django.db import OperationalError, connection
from msgspec.structs import replace

from billing import ledger_batch, ledger_sql
from billing.entries import BadEntry, LedgerUnavailable, OverBudget
from billing.ledger import Ledger
from billing.models import Attempt, Budget, Reservation, UsageRecord
from billing.overshoot_models import Overshoot
from billing.worker_models import Worker
from llmhub.lib import money
from tests.billing import calls
from tests.billing.calls import USD

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_call_is_reserved_then_settled(ledger):
    team, key = calls.budget(5 * USD), calls.budget(None)

    async def call():
        id_ = ledger.next_id()
        await ledger.reserve(calls.reserve(id_, 2 * USD, team, key))
        in_flight = await asyncio.to_thread(lambda: (calls.standing(team), Reservation.objects.count()))
        await ledger.settle(calls.settle(id_, calls.attempt(USD), tags={"task": "reply"}))
        return id_, in_flight

    id_, in_flight = asyncio.run(call())

    record = UsageRecord.objects.get()
    assert in_flight == ((0, 2 * USD), 1)
    assert calls.standing(team) == calls.standing(key) == (USD, 0)
    assert not Reservation.objects.exists()
    assert (record.pk, record.cost_nano, record.attempts, record.tags) == (id_, USD, 1, {"task": "reply"})
    assert Attempt.objects.get().usage_id == id_


def test_a_call_without_budgets_leaves_a_reservation_that_shows_a_crash(ledger):
    id_ = ledger.next_id()

    asyncio.run(ledger.reserve(calls.reserve(id_, 100, team_id=7)))

    assert Reservation.objects.get().pk == id_


def test_a_call_over_budget_is_refused_with_the_budget_that_has_the_least_room(ledger):
    wide, narrow = calls.budget(100 * USD), calls.budget(3 * USD)

    async def call():
        await ledger.reserve(calls.reserve(ledger.next_id(), 2 * USD, wide, narrow))
        await ledger.reserve(calls.reserve(ledger.next_id(), 2 * USD, wide, narrow))

    with pytest.raises(OverBudget) as refusal:
        asyncio.run(call())

    found = refusal.value
    assert (found.budget_id, found.cap, found.spent, found.held, found.amount) == (
        narrow.budget_id, 3 * USD, 0, 2 * USD, 2 * USD,
    )  # fmt: skip
    assert calls.standing(wide) == calls.standing(narrow) == (0, 2 * USD)
    assert Reservation.objects.count() == 1


@pytest.mark.parametrize("values", [{"hard": False}, {"removed_at": "2026-01-01T00:00:00Z"}])
def test_a_soft_or_removed_budget_counts_and_never_refuses(ledger, values):
    hold = calls.budget(1, **values)

    asyncio.run(ledger.reserve(calls.reserve(ledger.next_id(), 50, hold)))

    assert calls.standing(hold) == (0, 50)


def test_a_cap_of_zero_allows_nothing_not_even_what_is_free(ledger):
    with pytest.raises(OverBudget):
        asyncio.run(ledger.reserve(calls.reserve(ledger.next_id(), 0, calls.budget(0))))


def test_what_a_call_overshoots_is_booked(ledger):
    hold = calls.budget(100)

    async def call():
        id_ = ledger.next_id()
        await ledger.reserve(calls.reserve(id_, 100, hold))
        await ledger.settle(calls.settle(id_, calls.attempt(250), capped_nano=100))
        await ledger.settle(calls.settle(ledger.next_id(), calls.attempt(100), capped_nano=100))
        await ledger.settle(calls.settle(ledger.next_id(), calls.attempt(250)))  # no hard cap applied
        return id_

    id_ = asyncio.run(call())

    assert calls.standing(hold) == (250, 0)
    assert list(Overshoot.objects.values_list("id", "held_nano", "charged_nano")) == [(id_, 100, 250)]


def test_a_second_settle_of_the_same_call_changes_nothing(ledger):
    hold = calls.budget(1000)

    async def call():
        id_ = ledger.next_id()
        await ledger.reserve(calls.reserve(id_, 100, hold))
        at_once = [ledger.settle(calls.settle(id_, calls.attempt(cost))) for cost in (40, 41, 42)]
        await asyncio.gather(*at_once)
        await ledger.settle(calls.settle(id_, calls.attempt(99)))

    asyncio.run(call())

    assert calls.standing(hold) == (40, 0)
    assert (UsageRecord.objects.get().cost_nano, Attempt.objects.count()) == (40, 1)


def test_a_settle_without_reservation_still_counts(ledger):
    asyncio.run(ledger.settle(calls.settle(ledger.next_id())))

    assert UsageRecord.objects.get().cost_nano == 40


def test_a_caller_that_leaves_while_it_reserves_holds_nothing(ledger):
    hold = calls.budget(100 * USD)

    async def leave(delay):
        call = asyncio.create_task(ledger.reserve(calls.reserve(ledger.next_id(), USD, hold)))
        await asyncio.sleep(delay)
        call.cancel()
        return (await asyncio.gather(call, return_exceptions=True))[0]

    async def leave_at_every_moment():
        early = [leave(step * 0.0001) for step in range(60)]
        outcomes = await asyncio.gather(*early, leave(1.0))
        await ledger.drain(5)  # what was granted to those who had left ...
        await ledger.drain(5)  # ... is given back by what this adds to the queue
        return sum(not isinstance(outcome, BaseException) for outcome in outcomes)

    granted = asyncio.run(leave_at_every_moment())

    assert 0 < granted < 61
    assert calls.standing(hold) == (0, granted * USD)
    assert Reservation.objects.count() == granted


def test_a_settle_is_written_although_its_caller_left(ledger):
    async def leave():
        call = asyncio.create_task(ledger.settle(calls.settle(ledger.next_id())))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        assert await ledger.drain(5)

    asyncio.run(leave())

    assert UsageRecord.objects.count() == 1


@pytest.mark.parametrize("amount", [-1, money.MAX_CALL_NANO + 1])
def test_an_amount_out_of_range_is_refused(ledger, amount):
    with pytest.raises(BadEntry, match="out of range"):
        asyncio.run(ledger.reserve(calls.reserve(ledger.next_id(), amount)))


def test_a_bad_entry_harms_only_itself(ledger):
    async def call():
        taken = ledger.next_id()
        good = [ledger.reserve(calls.reserve(ledger.next_id())) for _ in range(5)]
        twice = [ledger.reserve(calls.reserve(taken)) for _ in range(2)]
        return await asyncio.gather(*good, *twice, return_exceptions=True)

    outcomes = asyncio.run(call())

    assert outcomes[:6] == [None] * 6
    assert isinstance(outcomes[6], BadEntry)
    assert Reservation.objects.count() == 6


def test_what_a_provider_wrote_cannot_break_a_batch(ledger):
    odd = "\ud800\0é" * 500
    hostile = calls.attempt(
        10**30, upstream_model=odd, input_tokens=-5, output_tokens=2**80, http_status=10**6, latency_ms=-1
    )

    asyncio.run(
        ledger.settle(calls.settle(ledger.next_id(), hostile, requested=odd, tags={odd: odd, "n": 1}))
    )

    record = UsageRecord.objects.get()
    assert (len(record.requested), record.cost_nano, record.input_tokens) == (200, money.MAX_CALL_NANO, 0)
    assert Attempt.objects.get().http_status == 2**15 - 1


def test_a_cap_that_is_lowered_between_reading_and_writing_holds(ledger, monkeypatch):
    """Another writer cannot come between on SQLite, so it is put there by hand."""
    hold = calls.budget(100)
    read = ledger_sql.lock_counters
    moments = []

    def lower_after_reading(cursor, holds, **options):
        found = read(cursor, holds, **options)
        if not moments:
            moments.append("lowered")
            return {key: replace(value, cap=1000) for key, value in found.items()}
        return found

    monkeypatch.setattr(ledger_sql, "lock_counters", lower_after_reading)

    with pytest.raises(OverBudget):
        asyncio.run(ledger.reserve(calls.reserve(ledger.next_id(), 500, hold)))

    assert calls.standing(hold) == (0, 0)


def test_while_the_database_does_not_answer_reserving_fails_and_settling_waits(ledger, monkeypatch):
    apply = ledger_batch.apply
    down = [True]

    def unreliable(*arguments, **options):
        if down[0]:
            raise OperationalError("disk I/O error")
        return apply(*arguments, **options)

    monkeypatch.setattr(ledger_batch, "apply", unreliable)
    hold = calls.budget(100)

    async def outage():
        settling = asyncio.create_task(ledger.settle(calls.settle(ledger.next_id())))
        with pytest.raises(LedgerUnavailable):
            await ledger.reserve(calls.reserve(ledger.next_id(), 60, hold))
        assert not settling.done()
        assert not ledger.healthy
        down[0] = False
        await asyncio.wait_for(settling, 5)
        await ledger.reserve(calls.reserve(ledger.next_id(), 60, hold))

    asyncio.run(outage())

    assert ledger.healthy
    assert UsageRecord.objects.count() == 1
    assert calls.standing(hold) == (0, 60)


def test_a_reservation_whose_commit_was_not_heard_of_is_given_back(ledger, monkeypatch):
    apply = ledger_batch.apply
    lost = []

    def lose_the_first_answer(*arguments, **options):
        outcome = apply(*arguments, **options)
        if not lost:
            lost.append(outcome)
            raise OperationalError("server closed the connection unexpectedly")
        return outcome

    monkeypatch.setattr(ledger_batch, "apply", lose_the_first_answer)
    hold = calls.budget(100)

    async def call():
        with pytest.raises(LedgerUnavailable):
            await ledger.reserve(calls.reserve(ledger.next_id(), 60, hold))
        assert await ledger.drain(5)

    asyncio.run(call())

    assert calls.standing(hold) == (0, 0)
    assert not Reservation.objects.exists()


def test_a_settle_whose_commit_was_not_heard_of_is_written_once(ledger, monkeypatch):
    apply = ledger_batch.apply
    lost = []

    def lose_the_first_answer(*arguments, **options):
        outcome = apply(*arguments, **options)
        if not lost:
            lost.append(outcome)
            raise OperationalError("server closed the connection unexpectedly")
        return outcome

    monkeypatch.setattr(ledger_batch, "apply", lose_the_first_answer)

    asyncio.run(ledger.settle(calls.settle(ledger.next_id())))

    assert lost
    assert (UsageRecord.objects.count(), Attempt.objects.count()) == (1, 1)


def test_closing_writes_what_is_queued_and_gives_the_worker_bits_back(transactional_db):
    started = Ledger()
    started.start()
    assert Worker.objects.count() == 1

    async def call():
        settling = asyncio.create_task(started.settle(calls.settle(started.next_id())))
        await asyncio.sleep(0)
        await asyncio.to_thread(started.close)
        await settling

    asyncio.run(call())
    started.close()

    assert UsageRecord.objects.count() == 1
    assert not Worker.objects.exists()
    assert not started.healthy


def test_a_closed_ledger_takes_nothing(ledger):
    ledger.close()

    with pytest.raises(LedgerUnavailable):
        asyncio.run(ledger.settle(calls.settle(1)))
    assert asyncio.run(ledger.drain(1)) is False


def test_it_does_not_start_without_its_tables(transactional_db):
    with connection.schema_editor() as editor:
        editor.alter_db_table(Worker, "billing_worker", "hidden_worker")
    try:
        with pytest.raises(LedgerUnavailable, match="cannot start"):
            Ledger().start()
    finally:
        with connection.schema_editor() as editor:
            editor.alter_db_table(Worker, "hidden_worker", "billing_worker")


def test_every_commit_reaches_the_disk(ledger, monkeypatch):
    """SQLite with FULL calls fsync on its write-ahead log before a commit returns, Postgres with on."""
    expected = {
        "sqlite": {"synchronous": 2, "journal_mode": "wal"},
        "postgresql": {"synchronous_commit": "on"},
    }[connection.vendor]
    ask = {"sqlite": "PRAGMA", "postgresql": "SHOW"}[connection.vendor]
    seen = []
    take = ledger_sql.take_reservations

    def look(cursor, ids, **options):
        seen.append({name: ledger_sql.scalar(cursor, f"{ask} {name}") for name in expected})
        return take(cursor, ids, **options)

    monkeypatch.setattr(ledger_sql, "take_reservations", look)

    asyncio.run(ledger.settle(calls.settle(ledger.next_id())))

    assert seen == [expected]


def test_a_budget_saved_by_a_form_cannot_overwrite_what_was_spent(ledger):
    hold = calls.budget(1000)
    stale = Budget.objects.get(pk=hold.budget_id)
    asyncio.run(ledger.reserve(calls.reserve(ledger.next_id(), 70, hold)))

    stale.cap = 2000
    stale.save()

    assert calls.standing(hold) == (0, 70)
