"""Questions for more: told when they are asked, over when they are decided."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing import raise_alerts
from billing.budget import create_budget, remove_budget
from billing.raise_request import approve, ask_for_raise, refuse, withdraw
from llmhub.alerts.models import Alert, Delivery
from llmhub.alerts.sending import send_due
from llmhub.audit.actor import COMMAND_LINE, Actor
from llmhub.lib import clock
from llmhub.people.access import actor_of_person
from llmhub.people.membership import set_member
from llmhub.people.person import create_user
from llmhub.people.team import create_team
from tests.alerts.receiver import mail_server

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


@pytest.mark.django_db(transaction=True)
def test_who_asked_gets_the_answer_by_mail_and_not_the_question(settings):
    """By the channel that is there by itself; the negative control is the question."""
    with mail_server() as server:
        settings.SMTP_URL = f"smtp://127.0.0.1:{server.server_address[1]}?from=hub@example.org&tls=no"
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        team = create_team(actor=COMMAND_LINE, name="Support")
        people = {
            name: create_user(actor=COMMAND_LINE, email=f"{name}@example.org", role=role)
            for name, role in (("boss", "owner"), ("mia", "member"), ("max", "member"))
        }
        for name, role in (("mia", "manager"), ("max", "member")):
            set_member(actor=COMMAND_LINE, team=team, user=people[name], role=role)
        budget = create_budget(actor=COMMAND_LINE, scope="team", name="support", per="month", cap="100")
        who = actor_of_person(people["max"])
        asked = ask_for_raise(actor=who, budget=budget, cap="150", reason="the launch")

        for act in (lambda: None, lambda: approve(actor=COMMAND_LINE, asked=asked, note="go")):
            act()
            raise_alerts.look()
            send_due()

        _, answer = server.mails
    told = ["boss@example.org", "mia@example.org"]
    assert server.receivers == [told, [*told, "max@example.org"]]
    assert not any(address in answer.partition("\n\n")[0] for address in told)
    assert "Approved by command line: go" in answer
