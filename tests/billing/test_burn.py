"""Budgets that are spent much faster than their caps allow: plain functions first, then from roll-ups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from billing import budget_burn, burn, rollup
from billing.budget import create_budget
from billing.budget_alerts import crossing
from billing.burn import Spent, burning
from billing.models import Budget, Counter
from llmhub.alerts.models import Alert
from llmhub.audit.actor import COMMAND_LINE
from tests.billing import rows

NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
BEGIN, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
CAP = 72_000  # of a month: 100 an hour
MINUTE = timedelta(minutes=1)


def windows(*amounts: int, calls: int = 100) -> list[Spent]:
    """What the last hour, its last 5 minutes, 6 hours and their last half hour had."""
    pairs = zip(burn.WINDOWS, amounts, strict=True)
    return [Spent(NOW - window, NOW, amount, calls) for window, amount in pairs]


def judged(*amounts: int, calls: int = 100, left: int = CAP // 2, per: str = "month", end: datetime = END):
    return burning(windows(*amounts, calls=calls), per=per, cap=CAP, left=left, begin=BEGIN, end=end)


@pytest.mark.parametrize(
    ("amounts", "times"),
    [
        ((1440, 120, 1440, 1440), 14.4),  # 2 % of the cap in an hour
        ((1439, 120, 1439, 1439), None),
        ((1440, 119, 1440, 0), None),  # it has stopped: the last minutes say so
        ((600, 50, 3600, 300), 6.0),  # 5 % in six hours
        ((600, 50, 3599, 300), None),
        ((600, 0, 3600, 299), None),  # it has stopped half an hour ago
        ((0, 0, 0, 0), None),
    ],
)
def test_a_month_is_told_of_at_two_percent_in_an_hour_and_at_five_in_six(amounts, times):
    found = judged(*amounts)

    assert (found and round(found.times, 3)) == times


def test_its_numbers_are_those_of_the_window():
    found = judged(7200, 600, 7200, 7200, left=14_400)

    assert (found.amount, found.pace, found.times, found.lasts) == (7200, 7200, 72.0, 2.0)
    assert found.is_urgent
    assert not judged(1440, 120, 1440, 1440).is_urgent  # 25 hours


@pytest.mark.parametrize(
    ("values", "is_told"),
    [
        ({"calls": burn.LEAST_CALLS}, True),
        ({"calls": burn.LEAST_CALLS - 1}, False),  # a few dear calls are no pace
        ({"left": 0}, True),
        ({"end": NOW + timedelta(hours=26)}, True),  # 36 000 last 25 hours
        ({"end": NOW + timedelta(hours=24)}, False),  # and the period less: nobody runs short
        ({"per": "day"}, False),  # 2 % of a day in an hour is slow
        ({"per": "hour"}, False),
        ({"per": "total"}, False),
    ],
)
def test_when_a_fast_hour_is_told_of(values, is_told):
    assert (judged(1440, 120, 1440, 1440, **values) is not None) == is_told


def test_a_cap_of_nothing_cannot_burn():
    assert burning(windows(9, 9, 9, 9), per="month", cap=0, left=0, begin=BEGIN, end=END) is None


@pytest.fixture
def budget(db):
    """A team's cap of 720 USD in November, of which 1 USD an hour may go."""
    rows.team()
    made = create_budget(actor=COMMAND_LINE, scope="team", name="support", per="month", cap="720")
    start = crossing.period_of(made, NOW)
    Counter.objects.create(budget_id=made.pk, period_start=start, spent=360 * 10**9)
    return made


def spend(budget: Budget, until: datetime, *, usd: int, minutes: int = 60) -> None:
    """So many dollars in the minutes before a moment, a call of a team in each."""
    for minute in range(minutes):
        at = until - MINUTE * (minute + 1)
        rows.usage(at, team_id=budget.scope_id, cost_nano=usd * 10**9 // minutes)
    rollup.recompute(now=until)


def test_a_burst_is_pending_then_firing_with_numbers_then_resolved(budget):
    spend(budget, NOW + budget_burn.HOLD, usd=30)
    budget_burn.look(NOW)
    assert Alert.objects.get().state == "pending"

    budget_burn.look(NOW + budget_burn.HOLD)

    told = Alert.objects.get()
    assert (told.state, told.severity, told.team.slug) == ("firing", "warning", "support")
    assert told.title == "support spends its monthly budget 28 times as fast as it allows"
    assert "30.00 USD since 11:00 (UTC), by 60 calls: 27.69 USD an hour" in told.text
    assert "28 times what the cap of 720.00 USD allows. 360.00 USD are left, for 13 hours at" in told.text
    assert (told.facts["spent"], told.facts["cap"], told.facts["left"]) == ("30", "720", "360")
    budget_burn.look(NOW + 30 * MINUTE)
    over = Alert.objects.get()
    assert (over.state, over.text) == ("resolved", "It slowed down: 17.50 USD since 11:30 (UTC).")


def test_what_is_over_before_it_fires_is_told_to_nobody(budget):
    spend(budget, NOW, usd=30)
    budget_burn.look(NOW)

    budget_burn.look(NOW + 21 * MINUTE)

    told = Alert.objects.get()
    assert (told.state, told.fired_at) == ("resolved", None)


@pytest.mark.parametrize("how", ["slowly", "by another team", "without a cap", "on a total"])
def test_nothing_is_told_where_it_is_spent(budget, how):
    other = rows.team("other")
    if how == "without a cap":
        Budget.objects.update(cap=None)
    elif how == "on a total":
        Budget.objects.update(per="total")
    spend(budget, NOW, usd=10 if how == "slowly" else 30)
    if how == "by another team":
        Budget.objects.update(scope_id=other.pk)

    budget_burn.look(NOW)

    assert not Alert.objects.exists()


@pytest.mark.parametrize("scope", ["organisation", "team"])
def test_many_budgets_are_read_with_a_query_for_each_scope(budget, scope, django_assert_max_num_queries):
    spend(budget, NOW, usd=10)
    for per in ("day", "week", "year"):
        name = "support" if scope == "team" else ""
        create_budget(actor=COMMAND_LINE, scope=scope, name=name, per=per, cap="99999")

    with django_assert_max_num_queries(16):
        budget_burn.look(NOW)
