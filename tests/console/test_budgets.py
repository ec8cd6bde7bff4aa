"""The pages of budgets, and of a key's limits."""

from __future__ import annotations

import pytest

from billing.budget import create_budget, value_of
from billing.budget_names import Names
from billing.call_rules_models import CallRules
from billing.models import ApiKey, Budget, Counter
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from tests.console.test_keys import made as make_key

pytestmark = pytest.mark.django_db
NEW = {"scope": "team", "name": "support", "per": "month", "unit": "usd", "cap": "250.00", "hard": "on"}


def made(scope="team", name="support", per="month", cap="10", **values) -> Budget:
    return create_budget(actor=COMMAND_LINE, scope=scope, name=name, per=per, cap=cap, **values)


def spend(budget: Budget, *, spent: int = 0, held: int = 0) -> None:
    start = value_of(budget, Names.of([budget])).period_start(clock.now())
    Counter.objects.create(budget_id=budget.pk, period_start=start, spent=spent, held=held)


def test_the_list_shows_what_is_spent_held_and_left_with_a_bar(signed_in, team):
    spend(made(), spent=6 * 10**9, held=10**9)

    page = signed_in("viewer").get("/budgets/").text

    assert "support" in page
    for amount in ("$6.00", "$1.00", "$3.00", "$10.00"):
        assert amount in page
    assert 'width="60.0%"' in page
    assert 'x="60.0%" width="10.0%"' in page
    assert "70" in page.split('role="img" aria-label="')[1].split('"')[0]


def test_what_went_over_a_cap_is_said(signed_in, team):
    spend(made(cap="10"), spent=11 * 10**9)

    page = " ".join(signed_in("viewer").get("/budgets/").text.split())

    assert '<span class="tabular">$1.00</span> <div class="small fw-medium">over</div>' in page


def test_choosing_a_scope_swaps_only_the_table(signed_in, team):
    made()
    made(scope="organisation", name="", per="day")

    swapped = signed_in("viewer").get("/budgets/?scope=organisation", headers={"HX-Request": "true"}).text

    assert swapped.lstrip().startswith('<div id="budget-table">')
    assert "support" not in swapped


def test_the_list_takes_the_same_number_of_queries_for_one_budget_and_for_many(
    signed_in, team, django_assert_max_num_queries
):
    client = signed_in("viewer")
    for per in ("hour", "day", "week", "month", "year", "total"):
        made(per=per)
        made(scope="organisation", name="", per=per)

    with django_assert_max_num_queries(10):
        assert client.get("/budgets/").status_code == 200


def test_a_budget_is_made_changed_and_removed(signed_in, team):
    client = signed_in("admin")

    page = client.post("/budgets/add/", NEW, follow=True)
    budget = Budget.objects.get()
    assert page.redirect_chain == [(f"/budgets/{budget.pk}/", 302)]
    assert (budget.cap, budget.hard, budget.scope_id) == (250 * 10**9, True, team.pk)

    assert client.post(f"/budgets/{budget.pk}/", {"cap": "", "hard": "on"}).status_code == 422
    client.post(f"/budgets/{budget.pk}/", {"cap": "unlimited"})
    budget.refresh_from_db()
    assert (budget.cap, budget.hard) == (None, False)

    client.post(f"/budgets/{budget.pk}/remove/")
    assert not Budget.objects.in_force().exists()
    assert "Removed" in client.get(f"/budgets/{budget.pk}/").text


@pytest.mark.parametrize("cap", ["NaN", "-1", "1e309", str(2**63)])
def test_a_cap_that_is_no_amount_is_refused_at_its_field(signed_in, team, cap):
    client = signed_in("admin")

    response = client.post("/budgets/add/", {**NEW, "cap": cap})

    assert response.status_code == 422
    assert 'id="id_cap_error"' in response.text
    assert not Budget.objects.exists()
    budget = made()
    assert client.post(f"/budgets/{budget.pk}/", {"cap": cap, "hard": "on"}).status_code == 422


def test_the_pages_of_team_and_key_say_which_limit_binds_and_what_is_left(signed_in, team):
    key = make_key(team)
    spend(made(cap="10"), spent=10**9)
    spend(made(scope="key", name=str(key.pk), cap="4"), spent=3 * 10**9)
    made(scope="organisation", name="", cap="0", hard=False)
    client = signed_in("viewer")

    of_key, of_team = (
        client.get(path).text for path in (f"/keys/{key.pk}/budgets/", "/teams/support/budgets/")
    )

    assert of_key.count("binds first") == of_team.count("binds first") == 1
    assert "Key · <strong>binds first" in of_key
    assert "Team · <strong>binds first" in of_team
    assert f'hx-get="/keys/{key.pk}/budgets/"' in client.get(f"/keys/{key.pk}/").text
    assert 'hx-get="/teams/support/budgets/"' in client.get("/teams/support/").text


def test_the_rules_of_calls_are_saved(signed_in, team):
    client = signed_in("admin")

    client.post("/budgets/rules/", {"default_output_tokens": "500", "unpriced": "allow", "allowance": "0.25"})

    row = CallRules.objects.get()
    assert (row.team_id, row.default_output_tokens, row.unpriced, row.allowance_nano) == (
        0,
        500,
        "allow",
        25 * 10**7,
    )
    assert 'value="0.25"' in client.get("/budgets/").text
    assert client.post("/budgets/rules/", {"allowance": "-1"}).status_code == 422


def test_a_key_is_limited_when_it_is_made_and_later(signed_in, team):
    client = signed_in("admin")
    client.post("/keys/add/", {"team": "support", "name": "bot", "requests_per_minute": "60"})
    key = ApiKey.objects.get()
    assert (key.requests_per_minute, key.tokens_per_minute) == (60, None)

    client.post(f"/keys/{key.pk}/limit/", {"tokens_per_minute": "1000"})

    key.refresh_from_db()
    assert (key.requests_per_minute, key.tokens_per_minute) == (None, 1000)
    assert client.post(f"/keys/{key.pk}/limit/", {"tokens_per_minute": "0"}).status_code == 422


@pytest.mark.parametrize("path", ["/budgets/add/", "/budgets/{}/remove/", "/budgets/rules/", "/budgets/{}/"])
def test_a_viewer_changes_nothing(signed_in, team, path):
    budget = made()

    assert signed_in("viewer").post(path.format(budget.pk), NEW).status_code == 403
    assert Budget.objects.in_force().get().cap == 10 * 10**9
