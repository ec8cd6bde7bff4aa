"""What a budget will have spent when its period ends: the method as plain functions, then from roll-ups."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from billing import forecasts, rollup
from billing.budget import create_budget
from billing.budget_alerts import crossing
from billing.forecast import Day, foretell
from billing.forecast_models import BudgetForecast
from billing.models import Counter
from llmhub.alerts.models import Alert
from llmhub.audit.actor import COMMAND_LINE
from tests.billing import rows

MONDAY = date(2026, 11, 2)


def days(*amounts: int, first: date = MONDAY) -> list[Day]:
    return [Day(first + timedelta(number), amount) for number, amount in enumerate(amounts)]


def to_come(first: date, count: int) -> list[tuple[date, float]]:
    return [(first + timedelta(number), 1.0) for number in range(count)]


def test_days_that_are_all_alike_foretell_their_sum_and_nothing_else():
    made = foretell(days(10, 10, 10), spent=30, left=to_come(MONDAY + timedelta(3), 7))

    assert (made.low, made.expected, made.high, made.per_day, made.days) == (100, 100, 100, 10, 3)


def test_the_interval_is_that_of_the_textbook():
    """Mean 20, deviation 10, three days, four to come: 2 degrees of freedom, t = 1.886."""
    made = foretell(days(10, 20, 30), spent=60, left=to_come(MONDAY + timedelta(3), 4))

    margin = 1.886 * 10 * (4 + 16 / 3) ** 0.5
    assert (made.low, made.expected, made.high) == (140 - round(margin), 140, 140 + round(margin))


def test_the_rest_of_today_counts_for_its_share():
    left = [(MONDAY + timedelta(3), 0.25), (MONDAY + timedelta(4), 1.0)]

    assert foretell(days(8, 8, 8), spent=30, left=left).expected == 30 + 10


def test_a_weekend_is_foretold_by_weekends():
    """Two weeks of 10 on workdays and 0 on weekends; a Saturday to come costs nothing."""
    fortnight = days(*[10] * 5, 0, 0, *[10] * 5, 0, 0)
    saturday = [(MONDAY + timedelta(19), 1.0)]

    assert foretell(fortnight, spent=100, left=saturday).expected == 100
    assert foretell(fortnight, spent=100, left=to_come(MONDAY + timedelta(14), 7)).expected == 150


@pytest.mark.parametrize("amounts", [(), (10, 10), (0, 0, 0, 0)])
def test_too_little_foretells_nothing(amounts):
    assert foretell(days(*amounts), spent=sum(amounts), left=to_come(MONDAY, 5)) is None


def test_what_was_spent_is_never_less():
    assert foretell(days(0, 0, 90), spent=90, left=to_come(MONDAY + timedelta(3), 1)).low == 90


def test_four_of_five_months_end_inside_their_interval():
    dice, inside = random.Random(14), 0
    for _ in range(1000):
        month = [max(0, round(dice.gauss(1000, 300))) for _ in range(30)]
        made = foretell(days(*month[:12]), spent=sum(month[:12]), left=to_come(MONDAY + timedelta(12), 18))
        inside += made.low <= sum(month) <= made.high

    assert 770 <= inside <= 830


NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)


@pytest.fixture
def spending(db):
    """A team with two keys that spends 4 USD a day, and its budget of a month."""
    team = rows.team()
    loud, quiet = rows.key(team, "loud"), rows.key(team, "quiet")
    for day in range(1, 16):
        for key, usd in ((loud, 3), (quiet, 1)):
            rows.usage(
                datetime(2026, 11, day, 9, tzinfo=UTC), team_id=team.pk, key_id=key.pk, cost_nano=usd * 10**9
            )
    rollup.recompute(now=NOW)
    return team


def budget(cap: str, spent: int = 60, **values):
    made = create_budget(
        actor=COMMAND_LINE, **({"scope": "team", "name": "support", "per": "month", "cap": cap} | values)
    )
    start = crossing.period_of(made, NOW)
    Counter.objects.create(budget_id=made.pk, period_start=start, spent=spent * 10**9)
    return made


def test_a_budget_that_will_be_overspent_is_told_of_with_its_largest_contributors(spending):
    made = budget("100")

    assert forecasts.look(NOW) == 1

    kept, told = BudgetForecast.objects.get(pk=made.pk), Alert.objects.get()
    assert (kept.days, kept.per_day, kept.expected) == (15, 4 * 10**9, 60 * 10**9 + 58 * 10**9)
    assert told.title == "support is about to spend more than its monthly budget"
    assert "118.00 USD to 118.00 USD of 100.00 USD (80 % interval, from 15 whole days)" in told.text
    assert "most of it: loud 45.00 USD, quiet 15.00 USD." in told.text
    assert (told.facts["expected"], told.facts["contributors"][0]["name"]) == ("118", "loud")
    assert told.team == spending


def test_what_was_given_back_is_no_contributor(spending):
    at = datetime(2026, 11, 10, 9, tzinfo=UTC)
    rows.usage(at, team_id=spending.pk, status="adjusted", cost_nano=-2 * 10**9, cost_source="adjusted")
    rollup.recompute(now=NOW)
    made = budget("100")

    forecasts.look(NOW)

    most = BudgetForecast.objects.get(pk=made.pk).contributors
    assert [each["name"] for each in most] == ["loud", "quiet"]


def test_a_raised_cap_resolves_it_and_it_is_not_told_of_again_in_this_period(spending):
    made = budget("100")
    forecasts.look(NOW)

    made.__class__.objects.update(cap=200 * 10**9)
    forecasts.look(NOW + timedelta(minutes=15))
    assert Alert.objects.get().state == "resolved"
    made.__class__.objects.update(cap=100 * 10**9)
    forecasts.look(NOW + timedelta(minutes=30))
    assert Alert.objects.get().state == "resolved"


@pytest.mark.parametrize(
    ("values", "foretold"),
    [
        ({"cap": "150"}, True),
        ({"cap": None}, False),
        ({"cap": "1", "per": "day"}, False),
        ({"cap": "1", "per": "total"}, False),
        ({"cap": "50", "unit": "requests"}, True),
        ({"cap": "150", "scope": "organisation", "name": ""}, True),
        ({"cap": "1", "scope": "tag", "name": "env=prod"}, False),
    ],
)
def test_which_budgets_are_foretold(spending, values, foretold):
    budget(**values)

    assert forecasts.look(NOW) == int(foretold)
    assert not Alert.objects.filter(rule="forecast").exclude(title__contains="support").exists()
