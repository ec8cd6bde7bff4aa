"""Which budgets a call is held against."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from billing import budget, scopes
from billing.models import Budget
from billing.scopes import BudgetValue
from llmhub.lib import clock
from tests.billing import rows

AT = datetime(2026, 3, 29, 12, 30, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")


def value(id_: int, scope: str, whose: int | str, per: str = "total") -> BudgetValue:
    return BudgetValue(id_, scope, whose, per, UTC_ZONE)


def test_a_call_is_paid_by_the_budgets_of_its_organisation_team_key_person_and_tags():
    budgets = scopes.by_subject(
        [
            value(1, "organisation", 0),
            value(2, "team", 7),
            value(3, "team", 8),
            value(4, "key", 7),
            value(5, "key", 9),
            value(6, "tag", "env=prod"),
            value(7, "tag", "env=test"),
            value(8, "team", 7),
            value(9, "provider", 7),
            value(10, "person", 9),
            value(11, "person", 5),
        ]
    )

    subjects = scopes.payers(team_id=7, key_id=9, person_id=5, tags={"env": "prod", "task": "x"})
    paying = scopes.of(budgets, subjects)

    assert [found.id for found in paying] == [1, 2, 8, 5, 11, 6]


def test_an_attempt_is_paid_by_the_budgets_of_where_it_goes_and_only_for_itself():
    budgets = scopes.by_subject([value(1, "provider", 7), value(2, "model", 7), value(3, "provider", 8)])

    paying = scopes.of(budgets, scopes.suppliers(provider_id=7, entry_id=7))

    assert [(found.id, found.only) for found in paying] == [(1, ("provider_id", 7)), (2, ("entry_id", 7))]


def test_a_call_without_a_key_is_paid_by_the_organisation_alone():
    assert scopes.payers(team_id=None, key_id=None, person_id=None, tags={}) == [("organisation", 0)]


def test_a_budget_says_when_its_period_began_and_when_the_next_one_does():
    berlin = BudgetValue(1, "team", 7, "day", ZoneInfo("Europe/Berlin"))

    assert berlin.period_start(AT) == int(datetime(2026, 3, 28, 23, tzinfo=UTC).timestamp())
    assert berlin.resets_at(AT).isoformat() == "2026-03-30T00:00:00+02:00"
    assert value(2, "team", 7).resets_at(AT) is None


@pytest.mark.django_db
def test_budgets_in_force_know_their_names_and_leave_out_what_was_removed():
    team = rows.team()
    kept = Budget.objects.create(
        scope="team", scope_id=team.pk, per="day", time_zone="Europe/Berlin", cap=5, unit="tokens"
    )
    Budget.objects.create(scope="team", scope_id=team.pk, per="day", cap=5, removed_at=clock.now())
    Budget.objects.create(scope="tag", tag="env=prod", per="day", cap=None)

    found = budget.in_force()

    assert found[0] == BudgetValue(
        kept.pk, "team", team.pk, "day", ZoneInfo("Europe/Berlin"), unit="tokens", label="team:support"
    )
    assert (found[1].label, found[1].whose, found[1].hard) == ("tag:env=prod", "env=prod", False)
    assert len(found) == 2
