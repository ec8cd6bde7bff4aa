"""Budgets that refuse calls: told at the first, though the cap is not spent, and over when there is room."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing import refusal_alerts
from billing.budget import change_budget, create_budget, remove_budget
from billing.budget_alerts import crossing
from billing.budget_raise import raise_budget
from billing.budget_refusal_models import BudgetRefusal
from billing.budget_state import states
from billing.models import Budget, Counter
from llmhub.alerts.models import Alert, Delivery
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from llmhub.people.team import create_team
from tests.billing.calls import USD

pytestmark = pytest.mark.django_db


@pytest.fixture
def budget():
    """97 of 100 USD are spent: no threshold is left to be crossed but the last, which never will be."""
    create_team(actor=COMMAND_LINE, name="Support")
    made = create_budget(actor=COMMAND_LINE, scope="team", name="support", per="month", cap="100")
    start = crossing.period_of(made, clock.now())
    Counter.objects.create(budget_id=made.pk, period_start=start, spent=97 * USD)
    return made


def refuse(budget: Budget, usd: float = 5, *, times: int = 1, ago: timedelta = timedelta(0)) -> None:
    """As the ledger counts it."""
    now = clock.now()
    start, at = crossing.period_of(budget, now), int((now - ago).timestamp())
    row, is_new = BudgetRefusal.objects.get_or_create(
        budget_id=budget.pk,
        period_start=start,
        defaults={"times": times, "first_at": at, "last_at": at, "amount": round(usd * USD)},
    )
    if not is_new:
        row.times, row.last_at, row.amount = row.times + times, at, round(usd * USD)
        row.save()


def states_of() -> list[str]:
    return list(Alert.objects.order_by("id").values_list("state", flat=True))


def test_the_first_refused_call_is_told_once_with_its_numbers(budget, webhook):
    webhook()
    refuse(budget, times=12)

    for _ in range(3):
        refusal_alerts.look()

    found = Alert.objects.get()
    assert found.title == "support has calls refused by its monthly budget"
    assert "12 calls since" in found.text
    assert "3.00 USD of 100.00 USD are left, the last one could take 5.00 USD." in found.text
    assert (found.severity, found.team.slug, found.path) == ("critical", "support", f"/budgets/{budget.pk}/")
    facts = found.facts
    assert (facts["left"], facts["cap"], facts["estimate"], facts["refused"]) == ("3", "100", "5", 12)
    assert Delivery.objects.count() == 1


def test_what_only_calls_in_flight_held_up_is_told_to_nobody(budget):
    """What they hold comes back in a moment; the control is what is really spent."""
    Counter.objects.update(spent=50 * USD, held=49 * USD)
    refuse(budget)
    refusal_alerts.look()
    assert states_of() == []

    Counter.objects.update(spent=98 * USD, held=0)
    refusal_alerts.look()
    assert states_of() == ["firing"]


def _raised(budget):
    raise_budget(actor=COMMAND_LINE, budget=budget, cap="200")


def _more(budget):
    change_budget(actor=COMMAND_LINE, budget=budget, cap="200")


def _soft(budget):
    change_budget(actor=COMMAND_LINE, budget=budget, hard=False)


def _removed(budget):
    remove_budget(actor=COMMAND_LINE, budget=budget)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (_raised, "There is room again: 103.00 USD of 200.00 USD are left."),
        (_more, "There is room again: 103.00 USD of 200.00 USD are left."),
        (_soft, "It only counts now: no call is refused."),
        (_removed, "The budget was removed."),
    ],
)
def test_it_is_over_when_nothing_is_refused_any_more(budget, act, said):
    refuse(budget)
    refusal_alerts.look()

    act(budget)
    refusal_alerts.look()

    assert (Alert.objects.get().state, Alert.objects.get().text) == ("resolved", said)


@pytest.mark.parametrize(
    ("later", "said"),
    [
        (timedelta(hours=25), "It has refused nothing for 24 hours."),
        (timedelta(days=40), "Its period has ended: a new one begins at zero."),
    ],
)
def test_it_is_over_when_callers_gave_up_or_the_period_ends(later, said):
    create_team(actor=COMMAND_LINE, name="Support")
    per = "total" if later < timedelta(days=30) else "month"
    made = create_budget(actor=COMMAND_LINE, scope="team", name="support", per=per, cap="0")
    refuse(made)
    refusal_alerts.look()
    assert states_of() == ["firing"]

    refusal_alerts.look(clock.now() + later)

    assert (Alert.objects.get().state, Alert.objects.get().text) == ("resolved", said)


def test_after_a_raise_it_is_told_anew_at_the_next_refusal_and_not_before(budget):
    refuse(budget, ago=timedelta(minutes=5))
    refusal_alerts.look()
    _more(budget)
    refusal_alerts.look()
    Counter.objects.update(spent=199 * USD)  # no call was refused since
    refusal_alerts.look()
    assert states_of() == ["resolved"]

    refuse(budget, ago=timedelta(seconds=-5))
    refusal_alerts.look()
    assert states_of() == ["firing"]


def test_a_large_call_that_does_not_fit_in_a_half_full_budget_is_less_urgent(budget):
    Counter.objects.update(spent=50 * USD)
    refuse(budget, usd=60)

    refusal_alerts.look()

    assert Alert.objects.get().severity == "warning"


def test_a_budget_says_what_it_refused_in_this_period(budget):
    refuse(budget, times=3)
    BudgetRefusal.objects.create(
        budget_id=budget.pk, period_start=1, times=9, first_at=1, last_at=1, amount=1
    )

    (row,) = states([budget], at=clock.now())

    assert (row.refused, row.refused_at.tzinfo.key) == (3, "UTC")


def test_many_budgets_are_looked_at_with_a_few_queries(budget, django_assert_max_num_queries):
    for number in range(30):
        team = create_team(actor=COMMAND_LINE, name=f"Team {number}")
        other = create_budget(actor=COMMAND_LINE, scope="team", name=team.slug, per="day", cap="100")
        refuse(other)
    refuse(budget)

    with django_assert_max_num_queries(40):  # the one that has too little left is told of
        refusal_alerts.look()
    assert Alert.objects.get().subject == f"budget:{budget.pk}"
