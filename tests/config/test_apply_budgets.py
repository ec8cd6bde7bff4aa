"""Budgets of llmhub.toml."""

from __future__ import annotations

import pytest

from billing.budget import create_budget
from billing.models import Budget
from llmhub.audit.actor import COMMAND_LINE
from llmhub.config import BadFile, export
from tests.config.applying import apply_as_planned

pytestmark = pytest.mark.django_db
MONTH = '[[teams.support.budgets]]\ncap = "250.00"\nper = "month"\n'
DAY = (
    '[[teams.support.budgets]]\ncap = "2000"\nper = "day"\nunit = "tokens"\nhard = false\ntimezone = "UTC"\n'
)


@pytest.fixture
def apply(tmp_path):
    def write_and_apply(text):
        path = tmp_path / "llmhub.toml"
        path.write_text('[hub]\ntimezone = "Europe/Berlin"\n' + text)
        return apply_as_planned(path).changes

    return write_and_apply


def there() -> list[tuple]:
    rows = Budget.objects.in_force().order_by("per", "unit")
    return list(rows.values_list("per", "cap", "unit", "hard", "time_zone", "origin"))


def test_the_budgets_of_a_team_become_true_once(apply):
    apply(MONTH + DAY)

    assert there() == [
        ("day", 2000, "tokens", False, "UTC", "file"),
        ("month", 250 * 10**9, "usd", True, "Europe/Berlin", "file"),
    ]
    assert apply(MONTH + DAY) == ()


def test_another_cap_is_the_same_budget_with_what_it_has_counted(apply):
    apply(MONTH)
    id_ = Budget.objects.get().pk

    apply(MONTH.replace("250.00", "0"))

    assert Budget.objects.values_list("pk", "cap").get() == (id_, 0)


def test_what_the_file_says_no_more_is_removed_and_what_people_made_stays(apply):
    apply(MONTH + DAY)
    create_budget(actor=COMMAND_LINE, scope="team", name="support", per="year", cap="9")

    apply(MONTH)
    assert [row[0] for row in there()] == ["month", "year"]

    apply("")
    assert [row[0] for row in there()] == ["year"]


def test_a_budget_by_another_clock_is_another_budget(apply):
    apply(MONTH)

    apply(MONTH + 'timezone = "Asia/Tokyo"\n')

    assert [row[4] for row in there()] == ["Asia/Tokyo"]
    assert Budget.objects.count() == 2


def test_budgets_of_all_calls_of_a_tag_and_of_none_that_is_there(apply):
    apply(
        '[[budgets]]\nscope = "organisation"\ncap = "unlimited"\nper = "total"\n'
        '[[budgets]]\nscope = "tag"\nname = "env=prod"\ncap = "1"\nper = "day"\n'
    )

    assert list(Budget.objects.in_force().order_by("id").values_list("scope", "tag", "cap")) == [
        ("organisation", "", None),
        ("tag", "env=prod", 10**9),
    ]
    with pytest.raises(BadFile, match=r"5:1: budgets\[0\].name: no provider is called 'lab'"):
        apply('[[budgets]]\nscope = "provider"\nname = "lab"\ncap = "1"\nper = "day"\n')


def test_thresholds_are_said_changed_and_left_as_they_are(apply):
    apply(MONTH + "alert_at = [90, 50]\n")
    assert Budget.objects.get().alert_at == "50,90"
    assert "alert_at = [50, 90]" in export().text

    apply(MONTH)
    assert Budget.objects.get().alert_at == "50,90"
    apply(MONTH + "alert_at = []\n")
    assert Budget.objects.get().alert_at == ""
