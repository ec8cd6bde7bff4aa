"""Thresholds of budgets: which amount crosses which, and that the ledger notes each once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from billing import ledger_batch, thresholds
from billing.budget import change_budget
from billing.crossing import recount
from billing.crossing_models import Crossing
from billing.ledger_batch import Batch
from billing.models import Budget
from billing.sweep import sweep
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from tests.billing import calls
from tests.billing.calls import USD


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("0", "49.999999999", []),
        ("49.99", "50", [50]),
        ("50", "79", []),
        ("10", "120", [50, 80, 100]),
        ("120", "500", []),
    ],
)
def test_thresholds_of_a_100_usd_budget(before, after, expected):
    nano = [round(float(each) * 10**9) for each in (before, after)]

    assert thresholds.crossed(*nano, f"{100 * USD}:50,80,100") == expected


def test_a_percent_that_is_no_whole_amount_is_crossed_by_the_next_one():
    assert thresholds.level(3, 50) == 2
    assert thresholds.crossed(0, 1, "3:50") == []
    assert thresholds.crossed(1, 2, "3:50") == [50]


def test_a_cap_of_zero_is_crossed_by_whatever_is_spent():
    assert thresholds.crossed(0, 0, "0:50,100") == []
    assert thresholds.crossed(0, 1, "0:50,100") == [50, 100]


@pytest.mark.parametrize(
    ("text", "kept"),
    [("50, 80,100 %", (50, 80, 100)), ("90 20", (20, 90)), ("80,80", (80,)), ("", ()), ("none", ())],
)
def test_percents_as_people_type_them(text, kept):
    assert thresholds.typed(text) == kept


@pytest.mark.parametrize("text", ["0", "1001", "50.5", "-1", "half", "1 2 3 4 5 6 7 8 9 10 11", "\u0665"])
def test_what_is_no_percent_is_refused(text):
    with pytest.raises(ValueError, match="write up to 10 whole percents"):
        thresholds.typed(text)


def spend(hold, *amounts: int) -> None:
    """Settle a call of each amount, one batch each."""
    for amount in amounts:
        settled(hold, [amount])


def settled(hold, amounts: list[int]) -> None:
    ids = iter(range(next(_IDS) * 1000, 10**9))
    reserves = [calls.reserve(next(ids), 0, hold) for _ in amounts]
    ledger_batch.apply(Batch(reserves=reserves), alias="default", next_id=lambda: next(ids))
    settles = [
        calls.settle(each.id, calls.attempt(cost)) for each, cost in zip(reserves, amounts, strict=True)
    ]
    ledger_batch.apply(Batch(settles=settles), alias="default", next_id=lambda: next(ids))


_IDS = iter(range(1, 10**6))


def crossed(hold) -> list[tuple[int, int]]:
    rows = Crossing.objects.filter(budget_id=hold.budget_id).order_by("threshold")
    return [(row.threshold, row.spent) for row in rows]


@pytest.mark.django_db(transaction=True)
class TestTheLedger:
    def test_it_notes_each_threshold_once_in_a_period(self):
        hold = calls.budget(100, hard=False)

        spend(hold, 49, 1, 10)
        assert crossed(hold) == [(50, 50)]
        spend(hold, 45, 10, 200)
        assert crossed(hold) == [(50, 50), (80, 105), (100, 105)]

    def test_one_batch_can_cross_several_and_many_calls_one(self):
        hold = calls.budget(1000)

        settled(hold, [100] * 9)

        assert crossed(hold) == [(50, 900), (80, 900)]

    @pytest.mark.parametrize(
        "values", [{"cap": None}, {"alert_at": ""}, {"removed_at": "2026-01-01T00:00:00Z"}]
    )
    def test_it_notes_nothing_where_nobody_wants_to_be_told(self, values):
        hold = calls.budget(**({"cap": 100, "hard": False} | values))

        spend(hold, 500)

        assert crossed(hold) == []

    def test_a_call_that_nobody_settled_crosses_too(self):
        hold = calls.budget(100)
        entry = calls.reserve(77, 90, hold, seconds=1)
        ledger_batch.apply(Batch(reserves=[entry]), alias="default", next_id=lambda: 78)

        sweep(clock.now() + timedelta(hours=1))

        assert crossed(hold) == [(50, 90), (80, 90)]

    def test_it_goes_by_a_cap_that_was_changed_a_moment_before(self):
        hold = calls.budget(100)
        spend(hold, 45)
        Budget.objects.filter(pk=hold.budget_id).update(cap=1000)
        spend(hold, 10)

        assert crossed(hold) == []

    def test_a_raised_cap_takes_back_what_is_no_longer_crossed(self):
        hold = calls.budget(100)
        budget = Budget.objects.get(pk=hold.budget_id)
        spend(hold, 85)

        change_budget(actor=COMMAND_LINE, budget=budget, cap="0.00000015")  # 150: 56 %
        assert crossed(hold) == [(50, 85)]
        spend(hold, 40)
        assert crossed(hold) == [(50, 85), (80, 125)]

    def test_a_lowered_cap_and_other_thresholds_are_crossed_at_once(self):
        hold = calls.budget(100)
        budget = Budget.objects.get(pk=hold.budget_id)
        spend(hold, 45)

        change_budget(actor=COMMAND_LINE, budget=budget, cap="0.00000005")
        assert crossed(hold) == [(50, 45), (80, 45)]
        change_budget(actor=COMMAND_LINE, budget=budget, alert_at=[90])
        assert crossed(hold) == [(90, 45)]
        change_budget(actor=COMMAND_LINE, budget=budget, alert_at=[])
        assert crossed(hold) == []

    def test_counting_anew_changes_nothing_where_nothing_changed(self):
        hold = calls.budget(100)
        spend(hold, 85)
        before = list(Crossing.objects.values())

        recount(Budget.objects.get(pk=hold.budget_id), now=clock.now())

        assert list(Crossing.objects.values()) == before

    def test_the_running_ledger_notes_it_before_the_caller_is_answered(self, ledger):
        hold = calls.budget(100)

        async def call():
            id_ = ledger.next_id()
            await ledger.reserve(calls.reserve(id_, 90, hold))
            await ledger.settle(calls.settle(id_, calls.attempt(85)))

        asyncio.run(call())

        assert crossed(hold) == [(50, 85), (80, 85)]


@pytest.mark.django_db
def test_a_budget_refuses_percents_that_are_none():
    budget = Budget.objects.create(scope="organisation", per="day", cap=1)

    with pytest.raises(ValidationError, match="write up to 10"):
        change_budget(actor=COMMAND_LINE, budget=budget, alert_at=[0])
