"""Refusals: one record of each key, code and minute, however many there are and whoever counts them."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection

from billing import (
    ledger_inserts,
    ledger_refusals,
    reconcile,
    retention,
    rollup,
    rollup_bucket,
    rollup_read,
)
from billing.budget_refusal_models import BudgetRefusal
from billing.entries import Over, Refused
from billing.ledger import Ledger
from billing.ledger_refusals import Refusals
from billing.models import UsageRecord
from billing.rollup_models import Discrepancy, ReportTag, RollUp, SupplyRollUp
from billing.rollup_read import Span
from llmhub.lib import ids
from tests.billing import calls

pytestmark = pytest.mark.django_db(transaction=True)
T0 = datetime(2026, 3, 29, 12, tzinfo=UTC)
LATER = T0 + timedelta(days=9)
BUCKET = rollup_bucket.at(T0)
BUSY = 2 << ids.WORKER_SHIFT  # the worker bits of another gateway


def refusal(row_id: int, code: str = "rate_limited", key_id: int = 4, **values) -> Refused:
    values = {"team_id": 3, "http_status": 429, "reason": "wait 1.0 s"} | values
    return Refused(id=row_id, key_id=key_id, error_code=code, **values)


def at(seconds: float = 0, number: int = 0) -> int:
    return ids.first_at(T0 + timedelta(seconds=seconds)) + number


def write(*entries: Refused) -> None:
    """As the ledger of one gateway does."""
    refusals = Refusals("default")
    for entry in entries:
        refusals.add(entry)
    while refusals:
        refusals.hurry()
        assert refusals.write_due()


def counted() -> list[tuple[int, str, int]]:
    """By record: key, code, refusals."""
    return list(UsageRecord.objects.order_by("id").values_list("key_id", "error_code", "refusals"))


def roll_up_everything() -> None:
    while rollup.recompute(now=LATER):
        pass


def by_code() -> dict[str, tuple[int, int]]:
    """By code, as pages read it: refusals and requests."""
    rows = rollup_read.sums([Span(T0 - timedelta(days=1), LATER)], by=("refusal_code",))
    return {row.of[0]: (row.values["refusals"], row.values["requests"]) for row in rows}


# --- in memory ----------------------------------------------------------------------------------


def test_a_flood_of_one_key_takes_no_memory_and_one_row():
    refusals = Refusals("default")
    refusals.add(refusal(at()))
    tracemalloc.start()
    for number in range(20_000):
        refusals.add(refusal(at(0, number), tags={"n": str(number)}))
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(refusals) == 1
    assert grown < 20_000
    refusals.write_due()
    assert counted() == [(4, "rate_limited", 20_001)]


def test_a_flood_of_many_keys_is_bounded_and_says_what_it_left_out():
    refusals = Refusals("default", most=50)
    for number in range(300):
        refusals.add(refusal(at(0, number), key_id=number % 60 + 1))

    assert len(refusals) == 50
    assert refusals.lost == 50


def test_it_writes_about_once_a_second(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(ledger_refusals, "time", SimpleNamespace(monotonic=lambda: now[0]))
    refusals = Refusals("default")
    assert refusals.patience(7) == 7
    refusals.add(refusal(at()))
    assert refusals.patience(7) == 0
    assert refusals.write_due()

    refusals.add(refusal(at()))
    assert refusals.patience(7) == 1
    assert not refusals.write_due()
    now[0] += 1
    assert refusals.write_due()
    assert counted() == [(4, "rate_limited", 2)]


# --- in the ledger ------------------------------------------------------------------------------


def test_each_key_code_and_minute_has_one_record_and_the_first_one_stays():
    write(refusal(at(1), requested="first"), refusal(at(59), requested="second"))
    write(refusal(at(2, BUSY), requested="of another gateway"), refusal(at(61)), refusal(at(5), key_id=9))
    write(refusal(at(3), code="budget_exceeded"))

    assert counted() == [
        (4, "rate_limited", 3),
        (4, "budget_exceeded", 1),
        (9, "rate_limited", 1),
        (4, "rate_limited", 1),
    ]
    first = UsageRecord.objects.earliest("id")
    assert (first.requested, first.reason, first.status) == ("first", "wait 1.0 s", "refused")
    assert (first.cost_nano, first.attempts, first.http_status) == (0, 0, 429)


def test_each_budget_counts_what_it_refused_in_a_period_whoever_asked():
    over, other = Over(7, 1000, amount=50), Over(8, 1000, amount=9)
    code = "budget_exceeded"
    write(refusal(at(1), code, over=over), refusal(at(2), code, over=Over(7, 1000, amount=60)))
    write(
        refusal(at(3, BUSY), code, over=other),
        refusal(at(4), code, over=over),
        refusal(at(5), code, key_id=9),
    )
    write(
        refusal(at(70), code, key_id=9, over=Over(7, 1000, amount=2**70)), refusal(at(71), code, over=other)
    )

    assert counted() == [(4, code, 4), (9, code, 1), (9, code, 1), (4, code, 1)]  # one record a minute
    rows = BudgetRefusal.objects.order_by("budget_id").values_list("budget_id", "times", "amount")
    assert list(rows) == [(7, 4, 2**63 - 1), (8, 2, 9)]
    seven = BudgetRefusal.objects.get(budget_id=7)
    assert (seven.first_at, seven.last_at) == (int(T0.timestamp()) + 1, int(T0.timestamp()) + 70)


def test_without_the_constraint_two_gateways_would_leave_two(monkeypatch):
    """The negative control."""
    monkeypatch.setattr(ledger_inserts, "_ADD_REFUSAL", ledger_inserts._RECORDS.one)
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX one_refusal_a_minute")
    try:
        write(refusal(at(1)))
        write(refusal(at(2, BUSY)))
        assert counted() == [(4, "rate_limited", 1)] * 2
    finally:
        UsageRecord.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(UsageRecord, UsageRecord._meta.constraints[0])


def test_what_a_caller_wrote_breaks_nothing_and_one_bad_refusal_harms_only_itself():
    odd = "\ud800\0é" * 500
    taken = at(7)  # the id of a call
    UsageRecord.objects.create(id=taken, requested="acme/small-1", status="ok")
    refusals = Refusals("default")
    for entry in (refusal(at(1), requested=odd, reason=odd, tags={odd: odd}), refusal(taken, key_id=8)):
        refusals.add(entry)

    assert refusals.write_due()

    assert counted()[0] == (4, "rate_limited", 1)
    assert (len(refusals), refusals.lost) == (0, 1)


def test_while_the_database_is_away_they_wait_and_none_is_lost(monkeypatch):
    refusals = Refusals("default")
    refusals.add(refusal(at(1)))
    with monkeypatch.context() as away:
        away.setattr(ledger_inserts, "add_refusals", _gone)
        assert not refusals.write_due()
        assert refusals.is_failing
        refusals.add(refusal(at(2)))

    refusals.hurry()
    assert refusals.write_due()
    assert not refusals.is_failing
    assert counted() == [(4, "rate_limited", 2)]


def _gone(*_args):
    raise OperationalError("gone")


def test_the_ledger_writes_them_without_being_asked_and_a_stopping_one_at_once(ledger):
    ledger.count_refusal(refusal(ledger.next_id()))
    until = time.monotonic() + 5
    while not counted() and time.monotonic() < until:
        time.sleep(0.01)
    ledger.count_refusal(refusal(ledger.next_id(), key_id=5))

    began = time.monotonic()
    assert asyncio.run(ledger.drain(5))
    assert time.monotonic() - began < 0.5
    for key_id in range(6, 306):  # more than one transaction
        ledger.count_refusal(refusal(ledger.next_id(), key_id=key_id))
    ledger.close()

    assert {key for key, _, _ in counted()} == set(range(4, 306))


@contextmanager
def slow_writes(monkeypatch, seconds: float):
    """Each transaction of refusals takes so long; gives the list of how many rows each had."""
    add, written = ledger_inserts.add_refusals, []

    def slow(cursor, rows):
        time.sleep(seconds)
        add(cursor, rows)
        written.append(len(rows))

    with monkeypatch.context() as patch:
        patch.setattr(ledger_inserts, "add_refusals", slow)
        yield written


def waited_for(ledger: Ledger, written: list[int]) -> list[int]:
    """For how many transactions of refusals each of ten settles waited while 1,500 kinds of them wait."""
    for number in range(1500):
        ledger.count_refusal(refusal(ledger.next_id(), key_id=number + 1))

    async def call() -> int:
        before = len(written)
        await ledger.settle(calls.settle(ledger.next_id()))
        return len(written) - before

    async def some() -> list[int]:
        return [await call() for _ in range(10)]

    return asyncio.run(some())


def test_a_call_waits_for_one_transaction_of_refusals_at_most(ledger, monkeypatch):
    with slow_writes(monkeypatch, 0.05) as written:
        waited = waited_for(ledger, written)
        assert asyncio.run(ledger.drain(30))
    assert max(waited) <= 2  # one more may end before this is counted
    assert len(written) > 10
    assert UsageRecord.objects.filter(refusals=1).count() == 1500


# --- in the sums --------------------------------------------------------------------------------


def test_they_are_added_up_by_code_beside_requests_and_again_the_same():
    ReportTag.objects.create(slot=1, name="task", since=0)
    write(*(refusal(at(1), person_id=5, tags={"task": "x"}) for _ in range(30)), refusal(at(61)))
    write(refusal(at(3), code="budget_exceeded", key_id=9))
    before = by_code()

    roll_up_everything()
    first = list(RollUp.objects.values())
    rollup.mark_everything()
    roll_up_everything()

    assert before == by_code() == {"rate_limited": (31, 0), "budget_exceeded": (1, 0)}
    assert list(RollUp.objects.values()) == first
    mine = RollUp.objects.get(person_id=5)
    assert (mine.team_id, mine.key_id, mine.refusal_code, mine.refusals, mine.tag_1) == (
        *(3, 4, "rate_limited", 30, ""),
    )
    assert (mine.requests, mine.errors, mine.unpriced, mine.spend_nano) == (0, 0, 0, 0)
    assert SupplyRollUp.objects.count() == 2


def test_more_of_them_in_a_bucket_that_was_added_up_are_added():
    write(refusal(at(1)))
    roll_up_everything()

    write(refusal(at(2, BUSY)))

    assert by_code() == {"rate_limited": (2, 0)}
    roll_up_everything()
    assert by_code() == {"rate_limited": (2, 0)}


def test_reconciliation_compares_them_and_finds_what_differs():
    write(refusal(at(1)), refusal(at(2)))
    roll_up_everything()
    assert reconcile.check(everything=True, now=LATER) == []

    RollUp.objects.update(refusals=1)

    (found,) = reconcile.check(everything=True, now=LATER)
    assert (found.expected["refusals"], found.found["refusals"]) == (2, 1)
    roll_up_everything()
    assert reconcile.check(everything=True, now=LATER) == []
    assert not Discrepancy.objects.filter(resolved_at=None).exists()


def test_records_of_refusals_go_when_they_are_old_and_their_sums_stay(monkeypatch):
    monkeypatch.setattr(retention, "_PAUSE", 0)
    write(refusal(at(1)), refusal(at(2)))
    roll_up_everything()

    assert retention.clear(2, now=LATER) == 1

    assert counted() == []
    assert by_code() == {"rate_limited": (2, 0)}
