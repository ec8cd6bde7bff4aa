"""Which budgets a call is held against."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from billing import budget, scopes
from billing.entries import Hold
from billing.models import Budget
from billing.scopes import BudgetValue
from llmhub.lib import clock

AT = datetime(2026, 3, 29, 12, 30, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")


def test_a_call_is_held_against_the_budgets_of_those_who_pay_in_their_periods():
    budgets = [
        BudgetValue(1, "organisation", 0, "month", UTC_ZONE),
        BudgetValue(2, "team", 7, "hour", UTC_ZONE),
        BudgetValue(3, "team", 8, "hour", UTC_ZONE),
        BudgetValue(4, "key", 7, "total", UTC_ZONE),
        BudgetValue(5, "key", 9, "total", UTC_ZONE),
    ]

    held = scopes.holds(budgets, scopes.subjects(team_id=7, key_id=9), at=AT)

    assert held == (
        Hold(1, int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())),
        Hold(2, int(datetime(2026, 3, 29, 12, tzinfo=UTC).timestamp())),
        Hold(5, 0),
    )


def test_a_call_without_a_key_is_paid_by_the_organisation_alone():
    assert scopes.subjects(team_id=None, key_id=None) == {("organisation", 0)}


@pytest.mark.django_db
def test_a_removed_budget_is_no_longer_in_force():
    kept = Budget.objects.create(scope="team", scope_id=7, per="day", time_zone="Europe/Berlin", cap_nano=5)
    Budget.objects.create(scope="team", scope_id=7, per="day", cap_nano=5, removed_at=clock.now())

    assert budget.in_force() == (BudgetValue(kept.pk, "team", 7, "day", ZoneInfo("Europe/Berlin")),)
