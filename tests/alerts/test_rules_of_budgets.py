"""Budgets: each threshold is told once, however many look at the same time, until it is no longer crossed."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections

from billing import budget_alerts
from billing.budget import change_budget, create_budget, remove_budget
from billing.budget_raise import raise_budget
from billing.crossing_models import Crossing
from billing.entries import Hold
from billing.ledger_crossings import book
from billing.models import Budget, Counter
from llmhub.alerts.models import Alert, Delivery
from llmhub.alerts.sending import send_due
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from llmhub.people.team import create_team
from tests.billing import calls
from tests.billing.calls import USD
from tests.billing.test_crossings import settled

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def budget():
    create_team(actor=COMMAND_LINE, name="Support")
    return create_budget(actor=COMMAND_LINE, scope="team", name="support", per="month", cap="100", hard=False)


def hold_of(budget: Budget) -> Hold:
    return Hold(budget.pk, budget_alerts.crossing.period_of(budget, clock.now()))


def spend(budget: Budget, usd: float) -> None:
    settled(hold_of(budget), [round(usd * USD)])


def states() -> list[tuple[int, str]]:
    return list(Alert.objects.order_by("threshold").values_list("threshold", "state"))


def test_a_threshold_fires_with_the_numbers_of_its_crossing(budget, webhook):
    webhook()
    spend(budget, 81.25)

    budget_alerts.look()

    [half, most] = Alert.objects.order_by("threshold")
    assert most.title == "support has spent 80 % of its monthly budget"
    assert "81.25 USD of 100.00 USD are spent, 18.75 USD are left. It only counts" in most.text
    assert "The next period begins on 1 " in most.text
    assert (most.facts["spent"], most.facts["cap"], most.facts["unit"]) == ("81.25", "100", "usd")
    assert (most.team.slug, most.path, most.severity) == ("support", f"/budgets/{budget.pk}/", "warning")
    assert half.threshold == 50


def test_tokens_are_told_in_groups_of_digits():
    create_team(actor=COMMAND_LINE, name="Support")
    budget = create_budget(
        actor=COMMAND_LINE, scope="team", name="support", per="month", cap="28000000", unit="tokens"
    )
    start = budget_alerts.crossing.period_of(budget, clock.now())
    Counter.objects.update_or_create(budget_id=budget.pk, period_start=start, defaults={"spent": 24_416_183})
    budget_alerts.crossing.recount(budget, now=clock.now())

    budget_alerts.look()

    text = Alert.objects.get(threshold=80).text.replace("\u202f", " ")
    assert "24 416 183 tokens of 28 000 000 tokens are spent, 3 583 817 tokens are left." in text


def test_all_three_and_each_once(budget, webhook):
    webhook()

    for usd in (40, 20, 30, 20, 100):
        spend(budget, usd)
        budget_alerts.look()
        budget_alerts.look()

    assert states() == [(50, "firing"), (80, "firing"), (100, "firing")]
    assert Alert.objects.get(threshold=100).severity == "critical"
    assert Delivery.objects.count() == 3


def test_a_raised_cap_resolves_and_the_new_one_is_told_of_again(budget, webhook):
    webhook()
    spend(budget, 85)
    budget_alerts.look()

    change_budget(actor=COMMAND_LINE, budget=budget, cap="120")
    budget_alerts.look()
    assert states() == [(50, "firing"), (80, "resolved")]
    said = Alert.objects.get(threshold=80).text
    assert said == "80 % are no longer crossed: 85.00 USD are spent, the cap is 120.00 USD now."

    spend(budget, 15)
    budget_alerts.look()
    assert states() == [(50, "firing"), (80, "firing")]


def test_a_raise_for_a_while_resolves_and_its_end_is_told_of(budget):
    spend(budget, 85)
    budget_alerts.look()

    raise_budget(actor=COMMAND_LINE, budget=budget, cap="200", until=clock.now() + timedelta(seconds=20))
    budget_alerts.look()
    assert states() == [(50, "resolved"), (80, "resolved")]
    spend(budget, 1)
    budget_alerts.look(clock.now() + timedelta(seconds=30))
    assert states() == [(50, "firing"), (80, "firing")]
    assert Alert.objects.get(threshold=80).facts["cap"] == "100"


def test_a_cap_that_was_raised_and_crossed_between_two_looks_is_told_of(budget, webhook):
    webhook()
    spend(budget, 85)
    budget_alerts.look()

    change_budget(actor=COMMAND_LINE, budget=budget, cap="120")
    spend(budget, 15)
    budget_alerts.look()

    life = Alert.objects.get(threshold=80).transitions.values_list("state", flat=True)
    assert list(life) == ["pending", "firing", "resolved", "pending", "firing"]


def test_the_end_of_the_period_resolves(budget):
    spend(budget, 60)
    budget_alerts.look()

    budget_alerts.look(clock.now() + timedelta(days=32))

    assert states() == [(50, "resolved")]
    assert "period has ended" in Alert.objects.get().text


@pytest.mark.parametrize("how", ["removed", "no cap", "no thresholds"])
def test_what_is_no_longer_asked_for_resolves(budget, how):
    spend(budget, 60)
    budget_alerts.look()

    if how == "removed":
        remove_budget(actor=COMMAND_LINE, budget=budget)
    elif how == "no cap":
        change_budget(actor=COMMAND_LINE, budget=budget, cap=None)
    else:
        change_budget(actor=COMMAND_LINE, budget=budget, alert_at=[])
    budget_alerts.look()

    assert states() == [(50, "resolved")]


def test_an_estimate_that_was_corrected_resolves(budget):
    spend(budget, 60)
    budget_alerts.look()
    with connections["default"].cursor() as cursor:
        book(cursor, {hold_of(budget): (-30 * USD, 0)}, now=0)

    budget_alerts.look()
    budget_alerts.look()

    assert states() == [(50, "resolved")]
    assert not Crossing.objects.exists()


def run(*jobs) -> None:
    """Run jobs at the same time, each in a thread with a connection of its own."""
    failures: list[BaseException] = []

    def one(job):
        try:
            job()
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def test_two_schedulers_four_workers_and_a_hundred_calls_tell_three_things_once(budget, webhook, receiver):
    """The small form of `./run prove R-14`."""
    webhook()
    ended = threading.Event()

    def spend_some():
        for _ in range(5):
            spend(budget, 2)

    def schedule():
        while not ended.is_set():
            budget_alerts.look()

    def work():
        while not ended.is_set():
            send_due()
            ended.wait(0.01)

    def calls_then_end():
        run(*[spend_some] * 10)
        ended.set()

    run(calls_then_end, schedule, schedule, work, work, work, work)
    budget_alerts.look()
    send_due()

    assert calls.standing(hold_of(budget)) == (100 * USD, 0)
    told = [(each["type"], each["data"]["threshold"]) for each in receiver.documents()]
    assert sorted(told) == [("alert.firing", 50), ("alert.firing", 80), ("alert.firing", 100)]
    assert set(Delivery.objects.values_list("attempts", "state")) == {(1, "sent")}

    change_budget(actor=COMMAND_LINE, budget=budget, cap="1000")
    run(*[budget_alerts.look] * 3)
    run(*[send_due] * 3)

    resolved = [each["data"]["threshold"] for each in receiver.documents()[3:]]
    assert sorted(resolved) == [50, 80, 100]
    assert {each["type"] for each in receiver.documents()[3:]} == {"alert.resolved"}
