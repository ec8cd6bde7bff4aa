"""Questions for more: told when they are asked, over when they are decided."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing import raise_alerts
from billing.budget import create_budget, remove_budget
from billing.raise_request import approve, ask_for_raise, refuse, withdraw
from llmhub.alerts.models import Alert, Delivery
from llmhub.audit.actor import COMMAND_LINE, Actor
from llmhub.lib import clock
from llmhub.people.team import create_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return create_team(actor=COMMAND_LINE, name="Support")


@pytest.fixture
def max_(team):
    return Actor(kind="user", label="max@example.org", role="member", id=7, teams={team.pk: "member"})


@pytest.fixture
def asked(team, max_):
    budget = create_budget(actor=COMMAND_LINE, scope="team", name="support", per="month", cap="100")
    return ask_for_raise(actor=max_, budget=budget, cap="150", reason="the launch")


def test_who_decides_is_told_once_with_what_is_asked(asked, webhook):
    webhook()

    for _ in range(3):
        raise_alerts.look()

    found = Alert.objects.get()
    assert found.title == "max@example.org asks for more: support, monthly budget"
    assert "“the launch” 150.00 USD instead of 100.00 USD, until 1 " in found.text
    assert (found.severity, found.team.slug) == ("warning", "support")
    assert found.path == f"/budgets/{asked.budget_id}/"
    assert (found.facts["asked_cap"], found.facts["spent"]) == ("150", "0")
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (
            lambda asked, _: approve(actor=COMMAND_LINE, asked=asked, note="go"),
            "Approved by command line: go",
        ),
        (lambda asked, _: refuse(actor=COMMAND_LINE, asked=asked), "Refused by command line."),
        (lambda asked, max_: withdraw(actor=max_, asked=asked), "Withdrawn by max@example.org."),
        (
            lambda asked, _: remove_budget(actor=COMMAND_LINE, budget=asked.budget),
            "Nobody decided before the end that was asked for, or the budget was removed.",
        ),
    ],
)
def test_the_answer_is_told_to_those_who_were_asked(asked, max_, webhook, act, said):
    webhook()
    raise_alerts.look()

    act(asked, max_)
    raise_alerts.look()

    assert (Alert.objects.get().state, Alert.objects.get().text) == ("resolved", said)
    assert Delivery.objects.count() == 2


def test_a_question_nobody_decided_ends_with_the_end_that_was_asked_for(asked):
    raise_alerts.look()

    raise_alerts.look(clock.now() + timedelta(days=40))

    assert Alert.objects.get().state == "resolved"


def test_what_was_decided_before_anybody_looked_is_told_to_nobody(asked):
    approve(actor=COMMAND_LINE, asked=asked)

    raise_alerts.look()

    assert not Alert.objects.exists()
