"""Sums that somebody changed are found; sums that are right are not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F

from billing import ledger_batch, reconcile, rollup
from billing.ledger_batch import Batch
from billing.models import Budget, Counter
from billing.reconcile import check, open_discrepancies
from billing.rollup_models import Discrepancy, RollUp, SupplyRollUp
from billing.rollup_read import MEASURES
from llmhub.lib import ids
from tests.billing import calls, rows

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 12, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
MONTH = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(rollup, "_PAUSE", 0)
    monkeypatch.setattr(reconcile, "_PAUSE", 0)


@pytest.fixture
def rolled_up():
    """Calls of three hours, two teams, added up."""
    for hours in (1, 2, 3):
        for team in (1, 2):
            rows.usage(NOW - hours * HOUR, team_id=team, cost_nano=hours * 10**12, output_tokens=5)
    rollup.recompute(now=NOW)


def test_right_sums_make_no_difference(rolled_up):
    rows.usage(NOW, team_id=1)

    assert check(now=NOW) == check(now=NOW, everything=True) == []
    assert not Discrepancy.objects.exists()


@pytest.mark.parametrize("measure", MEASURES)
def test_one_nano_too_much_in_any_column_of_a_roll_up_is_found(rolled_up, measure):
    changed = RollUp.objects.order_by("id")[2]
    RollUp.objects.filter(pk=changed.pk).update(**{measure: F(measure) + 1})

    (found,) = check(now=NOW)

    assert (found.kind, found.subject, found.period_start) == ("roll-up", "team_id 1", changed.bucket)
    assert found.found[measure] - found.expected[measure] == 1
    assert f"{measure} {found.found[measure]} instead of {found.expected[measure]}" in str(found)


def test_a_changed_sum_over_all_teams_is_found(rolled_up):
    SupplyRollUp.objects.filter(pk=SupplyRollUp.objects.last().pk).update(spend_nano=1)

    (found,) = check(now=NOW)

    assert (found.subject, found.found["spend_nano"]) == ("all teams", 1)


def test_a_roll_up_of_another_person_is_found():
    rows.usage(NOW - HOUR, team_id=1, person_id=3)
    rollup.recompute(now=NOW)
    RollUp.objects.update(person_id=4)

    subjects = ["team_id 1, person_id 3", "team_id 1, person_id 4"]
    assert [found.subject for found in check(now=NOW)] == subjects


def test_a_roll_up_that_is_lost_or_of_another_team_is_found(rolled_up):
    RollUp.objects.order_by("id").first().delete()
    RollUp.objects.filter(pk=RollUp.objects.order_by("id").last().pk).update(team_id=9)

    assert [found.subject for found in check(now=NOW)] == ["team_id 1", "team_id 2", "team_id 9"]


def test_a_difference_stays_open_until_it_is_gone_and_the_roll_up_is_mended(rolled_up):
    RollUp.objects.filter(pk=RollUp.objects.first().pk).update(requests=5)
    check(now=NOW)
    (alarm,) = open_discrepancies()
    assert (alarm.found_at, alarm.found["requests"], alarm.expected["requests"]) == (NOW, 5, 1)

    rollup.recompute(now=NOW)
    assert check(now=NOW + HOUR) == []

    assert open_discrepancies() == []
    assert Discrepancy.objects.get().resolved_at == NOW + HOUR


def test_what_is_about_to_be_added_up_is_no_difference(rolled_up):
    rows.usage(NOW - HOUR, team_id=1)

    assert check(now=NOW) == []


def test_older_buckets_are_drawn_by_lot_and_everything_looks_at_all():
    for days in range(1, 30):
        rows.usage(NOW - timedelta(days=days), cost_nano=1)
    rollup.recompute(now=NOW)
    RollUp.objects.update(requests=2)

    some = check(now=NOW)
    rest = check(now=NOW, everything=True)

    assert len(some) < 29
    assert len(some) + len(rest) == len(open_discrepancies()) == 29


# --- counters -----------------------------------------------------------------------------------


def budget(**values) -> calls.Hold:
    made = Budget.objects.create(**({"scope": "organisation", "per": "month", "cap": None} | values))
    Budget.objects.filter(pk=made.pk).update(created_at=NOW - timedelta(days=40))
    taken = None if "unit" not in values else 100
    return calls.Hold(made.pk, MONTH, amount=taken, unit=values.get("unit", "usd"))


def served(*holds, at: datetime = NOW - HOUR, cost: int | None = 40, **values) -> None:
    served.count += 1
    id_ = ids.first_at(at) + served.count
    apply(Batch(reserves=[calls.reserve(id_, 100, *holds)]))
    apply(Batch(settles=[calls.settle(id_, calls.attempt(cost), **values)]))


served.count = 0


def apply(batch: Batch) -> None:
    served.count += 1
    ledger_batch.apply(batch, alias="default", next_id=lambda: ids.first_at(NOW) + served.count)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({}, 1),
        ({}, -1),
        ({"scope": "team", "scope_id": 1}, 1),
        ({"scope": "key", "scope_id": 2}, -1),
        ({"scope": "person", "scope_id": 3}, 1),
        ({"unit": "tokens"}, 1),
        ({"unit": "tokens"}, -1),
        ({"unit": "requests"}, 1),
    ],
)
def test_a_counter_that_somebody_changed_is_found(values, error):
    hold = budget(**values)
    for hours in (1, 2, 3):
        served(hold, at=NOW - hours * HOUR, team_id=1, key_id=2, person_id=3)
    if values.get("scope_id"):
        served(team_id=5, key_id=6, person_id=7)  # of others
    rollup.recompute(now=NOW)
    assert check(now=NOW) == []
    Counter.objects.update(spent=F("spent") + error)

    (found,) = check(now=NOW)

    assert (found.kind, found.subject, found.period_start) == ("spent", f"budget {hold.budget_id}", MONTH)
    assert found.found["spent"] - found.expected["spent"] == error
    assert open_discrepancies()[0].kind == "spent"


def test_calls_of_unknown_cost_leave_only_a_lower_bound():
    hold = budget()
    served(hold, cost=40)
    served(hold, cost=None)
    Counter.objects.update(spent=1000)
    assert check(now=NOW) == []

    Counter.objects.update(spent=39)
    assert [found.kind for found in check(now=NOW)] == ["spent"]


def test_what_was_spent_before_a_budget_was_made_does_not_count():
    rows.usage(NOW - 2 * HOUR, cost_nano=500)
    hold = budget()
    Budget.objects.update(created_at=NOW - HOUR - timedelta(minutes=2))

    served(hold, at=NOW - HOUR + timedelta(minutes=1))

    assert check(now=NOW) == []


def test_a_counter_that_holds_what_no_reservation_does_is_found():
    hold = budget()
    apply(Batch(reserves=[calls.reserve(ids.first_at(NOW), 100, hold)]))
    assert check(now=NOW) == []

    Counter.objects.update(held=101)
    (found,) = check(now=NOW)
    assert (found.kind, dict(found.expected), dict(found.found)) == ("held", {"held": 100}, {"held": 101})

    Counter.objects.all().delete()
    assert [found.kind for found in check(now=NOW)] == ["held"]


def test_a_counter_is_never_mended_by_itself():
    hold = budget()
    served(hold)
    Counter.objects.update(spent=7)

    check(now=NOW)

    assert calls.standing(hold) == (7, 0)


def test_a_check_takes_few_statements_however_many_roll_ups(rolled_up, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        check(now=NOW)
