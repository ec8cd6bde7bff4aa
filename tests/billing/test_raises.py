"""A budget is raised until an end: the ledger goes by the clock, and nothing has to take it back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError

from billing.budget import change_budget, create_budget
from billing.budget_history import told
from billing.budget_raise import end_raise, raise_budget
from billing.budget_state import states
from billing.entries import Hold, OverBudget
from billing.models import Budget
from billing.raise_request import approve, ask_for_raise, refuse, seen_by, withdraw
from llmhub.audit.actor import COMMAND_LINE, Actor
from llmhub.audit.models import AuditEvent
from llmhub.people.roles import NotAllowed
from tests.billing import calls
from tests.billing.calls import USD

MARA = Actor(kind="user", label="mara@example.org", role="viewer", id=7)
NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)


def made(per: str = "month", cap: str | None = "10") -> Budget:
    return create_budget(actor=COMMAND_LINE, scope="organisation", per=per, cap=cap)


def held(budget: Budget, ledger, amount: int) -> bool:
    """Whether the ledger lets a call of so many USD through."""
    try:
        asyncio.run(ledger.reserve(calls.reserve(ledger.next_id(), amount * USD, Hold(budget.pk, 0))))
    except OverBudget:
        return False
    return True


@pytest.mark.django_db(transaction=True)
def test_the_ledger_goes_by_a_raise_until_its_end_and_by_the_cap_again_afterwards(ledger):
    budget = made("total")
    with time_machine.travel(NOON, tick=False):
        assert not held(budget, ledger, 15)
        raise_budget(actor=COMMAND_LINE, budget=budget, cap="20", until=NOON + timedelta(hours=1))
        assert held(budget, ledger, 15)
    with time_machine.travel(NOON + timedelta(minutes=59, seconds=59), tick=False):
        assert held(budget, ledger, 1)
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        assert not held(budget, ledger, 1)  # 16 of 10 are held


@pytest.mark.django_db(transaction=True)
def test_a_raise_that_is_ended_early_holds_no_longer(ledger):
    budget = made("total")
    raise_budget(actor=COMMAND_LINE, budget=budget, cap="20", until=datetime.now(UTC) + timedelta(hours=1))

    end_raise(actor=COMMAND_LINE, budget=budget)

    assert not held(budget, ledger, 15)


@pytest.mark.django_db
@time_machine.travel(NOON, tick=False)
def test_without_an_end_it_lasts_as_long_as_the_period_of_the_moment():
    raised = raise_budget(actor=COMMAND_LINE, budget=made(), cap="20")

    (now,) = states([raised], at=NOON)
    (later,) = states([raised], at=datetime(2026, 6, 1, tzinfo=UTC))

    assert (now.cap, now.raised_until) == (20 * USD, datetime(2026, 6, 1, tzinfo=UTC))
    assert (later.cap, later.raised_until) == (10 * USD, None)


@pytest.mark.django_db
@time_machine.travel(NOON, tick=False)
@pytest.mark.parametrize(
    ("per", "cap", "wanted", "until", "told"),
    [
        ("month", "10", "10", None, "not more than the cap"),
        ("month", "10", "9.99", None, "not more than the cap"),
        ("month", "10", "lots", None, "amount"),
        ("month", "10", "1e309", None, "amount"),
        ("month", "10", "20", NOON, "has passed"),
        ("month", "10", "20", NOON + timedelta(days=400), "a year ahead"),
        ("total", "10", "20", None, "say until when"),
        ("month", None, "20", None, "no limit"),
    ],
)
def test_what_is_no_raise_is_refused_with_what_to_do(per, cap, wanted, until, told):
    budget = made(per, cap)

    with pytest.raises(ValidationError, match=told):
        raise_budget(actor=COMMAND_LINE, budget=budget, cap=wanted, until=until)

    assert Budget.objects.get().raised_cap is None


@pytest.mark.django_db
def test_a_cap_that_reaches_the_raise_takes_its_place():
    raised = raise_budget(actor=COMMAND_LINE, budget=made(), cap="20")

    lower = change_budget(actor=COMMAND_LINE, budget=raised, cap="15")
    higher = change_budget(actor=COMMAND_LINE, budget=raised, cap="20")

    assert (lower.raised_cap, higher.raised_cap, higher.cap) == (20 * USD, None, 20 * USD)


@pytest.mark.django_db
def test_who_is_asked_approves_and_the_budget_is_raised_with_both_on_record():
    budget = made()
    asked = ask_for_raise(actor=MARA, budget=budget, cap="40", reason="launch week")

    approve(actor=COMMAND_LINE, asked=asked, note="until the launch")

    budget.refresh_from_db()
    asked.refresh_from_db()
    assert (budget.raised_cap, asked.state, asked.decided_by) == (40 * USD, "approved", COMMAND_LINE.label)
    events = AuditEvent.objects.filter(object=f"budget:{budget.pk}").order_by("id")
    lines = [told(event.action, event.before, event.after) for event in events]
    assert [event.action for event in events] == [
        "budget.created", "budget.raise_asked", "budget.raised", "budget.raise_approved",
    ]  # fmt: skip
    assert lines[1].endswith(": launch week")
    assert lines[2].startswith("Raised to 40 until 1 ")
    assert lines[2].endswith("mara@example.org: launch week")


@pytest.mark.django_db
def test_a_question_is_answered_once_and_only_its_asker_takes_it_back():
    budget = made()
    asked = ask_for_raise(actor=MARA, budget=budget, cap="40", reason="launch week")
    with pytest.raises(ValidationError, match="only they can take it back"):
        withdraw(actor=COMMAND_LINE, asked=asked)
    with pytest.raises(NotAllowed):
        approve(actor=MARA, asked=asked)

    refuse(actor=COMMAND_LINE, asked=asked, note="not this month")

    with pytest.raises(ValidationError, match="refused by"):
        approve(actor=COMMAND_LINE, asked=asked)
    budget.refresh_from_db()
    assert budget.raised_cap is None


@pytest.mark.django_db
def test_a_key_that_is_named_like_a_person_is_not_that_person():
    budget = made()
    asked = ask_for_raise(actor=MARA, budget=budget, cap="40", reason="launch week")
    namesake = Actor(kind="service_key", label=MARA.label, role="viewer", id=MARA.id)

    with pytest.raises(ValidationError, match="only they can take it back"):
        withdraw(actor=namesake, asked=asked)
    second = ask_for_raise(actor=namesake, budget=budget, cap="99", reason="mine")

    asked.refresh_from_db()
    assert (second.pk != asked.pk, asked.cap, asked.state) == (True, 40 * USD, "open")
    stranger = Actor(kind="service_key", label=MARA.label, role="member", id=9)
    assert asked not in seen_by(stranger)
    withdraw(actor=MARA, asked=asked)


@pytest.mark.django_db
def test_a_person_with_another_name_takes_their_question_back():
    asked = ask_for_raise(actor=MARA, budget=made(), cap="40", reason="launch week")

    withdraw(actor=replace(MARA, label="mara.b@example.org"), asked=asked)

    asked.refresh_from_db()
    assert asked.state == "withdrawn"


@pytest.mark.django_db
def test_asking_again_changes_the_open_question():
    budget = made()
    first = ask_for_raise(actor=MARA, budget=budget, cap="40", reason="launch week")

    second = ask_for_raise(actor=MARA, budget=budget, cap="50", reason="more of it")

    assert (second.pk, second.cap) == (first.pk, 50 * USD)


@pytest.mark.django_db
def test_a_question_whose_end_has_passed_cannot_be_approved_as_it_was_asked():
    with time_machine.travel(NOON, tick=False):
        asked = ask_for_raise(
            actor=MARA, budget=made(), cap="40", reason="today", until=NOON + timedelta(hours=2)
        )
    with time_machine.travel(NOON + timedelta(hours=3), tick=False):
        with pytest.raises(ValidationError, match="has passed"):
            approve(actor=COMMAND_LINE, asked=asked)
        approve(actor=COMMAND_LINE, asked=asked, until=NOON + timedelta(hours=9))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"alert_at": [70]}, "Changed tell at from 50, 80, 100 to 70"),
        ({"hard": False}, "Changed hard from yes to no"),
        ({"contact": "#ai"}, "Changed whom to ask from nothing to #ai"),
    ],
)
def test_whatever_was_changed_of_a_budget_is_told(change, line):
    budget = made()

    change_budget(actor=COMMAND_LINE, budget=budget, **change)

    event = AuditEvent.objects.filter(object=f"budget:{budget.pk}").order_by("-id")[0]
    assert told(event.action, event.before, event.after) == line
