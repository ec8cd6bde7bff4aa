"""The pages of budgets, and of a key's limits."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from billing.budget import create_budget, value_of
from billing.budget_line import BudgetLine
from billing.budget_names import Names
from billing.budget_refusal_models import BudgetRefusal
from billing.budget_state import states
from billing.budget_watch import nearest
from billing.call_rules import rule_book, set_rules
from billing.call_rules_models import CallRules
from billing.key import create_key
from billing.models import ApiKey, Budget, Counter
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from llmhub.people.membership import set_member
from llmhub.people.models import Team, User
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

    client.post(
        "/budgets/rules/",
        {"default_output_tokens": "500", "unpriced": "allow", "allowance": "0.25", "when_left": "finish"},
    )

    row = CallRules.objects.get()
    assert (row.team_id, row.default_output_tokens, row.unpriced, row.allowance_nano) == (
        0,
        500,
        "allow",
        25 * 10**7,
    )
    assert row.when_left == "finish"
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


def test_what_is_nearest_to_its_cap_stands_first_with_its_share_in_words(signed_in, team):
    spend(made(per="day", cap="10"), spent=9 * 10**9)
    spend(made(per="week", cap="10"), spent=10**9)

    page = signed_in("viewer").get("/budgets/")

    assert [line.row.budget.per for line in page.context["lines"]] == ["day", "week"]
    assert '<span class="budget-percent" aria-hidden="true">90 %</span>' in page.text


@pytest.mark.parametrize(
    ("scope", "name", "leads"),
    [
        ("team", "support", "by=key&amp;measure=spend&amp;per=day&amp;since={since}&amp;team=support"),
        ("organisation", "", "by=team&amp;measure=spend&amp;per=day&amp;since={since}"),
        ("tag", "env=prod", "/requests/?tag=env%3Dprod"),  # not summed up apart
    ],
)
def test_what_is_spent_leads_to_what_it_is_made_of(signed_in, team, scope, name, leads):
    budget = made(scope=scope, name=name)
    since = clock.now().strftime("%Y-%m-01")

    assert leads.format(since=since) + '"' in signed_in("admin").get(f"/budgets/{budget.pk}/").text


def test_the_page_shows_periods_and_calls_that_were_refused(signed_in, team):
    budget = made(cap="10")
    spend(budget, spent=4 * 10**9)
    Counter.objects.create(budget_id=budget.pk, period_start=1_790_000_000, spent=12 * 10**9)
    start = value_of(budget, Names.of([budget])).period_start(clock.now())
    now = int(clock.now().timestamp())
    BudgetRefusal.objects.create(
        budget_id=budget.pk, period_start=start, times=1234, first_at=now, last_at=now, amount=10**9
    )

    page = " ".join(signed_in("viewer").get(f"/budgets/{budget.pk}/").text.split())

    assert (
        'status=refused&amp;code=budget_exceeded&amp;team=support">1 234 calls</a>, the last just now' in page
    )
    periods = page.split('id="budget-periods"')[1]
    assert "September 2026" in periods
    assert [part in periods for part in ("$12.00", "120 %", "$4.00", "40 %", "so far")] == [True] * 5


def test_overview_shows_the_budgets_nearest_to_their_caps(signed_in, team):
    for per, spent in (("hour", 1), ("day", 9), ("week", 11), ("month", 5), ("year", 3), ("total", 2)):
        spend(made(per=per, cap="10"), spent=spent * 10**9)
    spend(made(scope="organisation", name="", per="day", cap=None), spent=10**12)  # no cap: nothing to watch

    rows = [row.budget.per for row in nearest(COMMAND_LINE, clock.now())]

    assert rows == ["week", "day", "month", "year", "total"]


def test_who_decides_is_said_where_nobody_is_named(signed_in, team):
    of_team, of_all = made(), made(scope="organisation", name="")
    named = made(per="day", contact="#llm-budgets")
    client = signed_in("admin")

    pages = [client.get(f"/budgets/{budget.pk}/").text for budget in (of_team, of_all, named)]

    said = [page.split("Whom to ask for more</dt><dd>")[1].split("<")[0] for page in pages]
    assert said == ["a manager of the team or an admin", "an admin", "#llm-budgets"]


def test_the_form_offers_names_to_choose_from(signed_in, team):
    """To a manager those of their team; the control is an admin, who has more."""
    other = Team.objects.create(slug="search", name="Search")
    for name, whose in (("bot", team), ("twin", team), ("twin", other)):
        create_key(actor=COMMAND_LINE, team=whose, name=name)
    admin, mia = signed_in("admin"), signed_in("member")
    set_member(
        actor=COMMAND_LINE, team=team, user=User.objects.get(email="member@example.com"), role="manager"
    )

    of_admin, of_mia = (
        {each.name for each in client.get("/budgets/add/").context["names"]} for client in (admin, mia)
    )

    twins = {str(pk) for pk in ApiKey.objects.filter(name="twin").values_list("pk", flat=True)}
    assert of_mia == {"support", "bot", "twin"}
    assert of_admin >= {"support", "search", "bot", "admin@example.com", *twins}
    assert '<option value="bot" label="Key bot of Support">' in mia.get("/budgets/add/").text


@pytest.mark.parametrize(
    ("per", "moment", "gone"),
    [
        ("day", datetime(2026, 11, 16, 18, tzinfo=UTC), "75 % of the day is over"),
        ("month", datetime(2026, 11, 16, tzinfo=UTC), "50 % of the month is over"),
        ("total", datetime(2026, 11, 16, tzinfo=UTC), ""),
    ],
)
def test_a_bar_has_a_mark_where_the_period_is(team, per, moment, gone):
    spend(made(per=per), spent=9 * 10**9)

    (row,) = states(Budget.objects.all(), at=moment)

    line = BudgetLine(row)
    assert line.pace_text.partition(", ")[2] == gone
    assert (line.gone_percent is None) == (not gone)


def test_a_team_has_rules_of_its_own_or_those_of_the_organisation(signed_in, team):
    set_rules(actor=COMMAND_LINE, team=None, unpriced="allow", allowance="0.5")
    client, mia = signed_in("admin"), signed_in("viewer")
    before = client.get("/teams/support/rules/").text
    typed = {"default_output_tokens": "900", "unpriced": "block", "allowance": "", "when_left": ""}

    saved = client.post("/teams/support/rules/", typed)
    refused = client.post("/teams/support/rules/", typed | {"allowance": "much"})

    assert ("As the organisation: let through" in before, "if empty: $0.5." in before) == (True, True)
    assert (saved.status_code, refused.status_code) == (302, 422)
    of_team = rule_book().of(team.pk)
    assert (of_team.default_output_tokens, of_team.allows_unpriced) == (900, False)
    assert of_team.allowance_nano == 500_000_000  # the organisation's
    assert "900 tokens" in mia.get("/teams/support/rules/").text
    assert mia.post("/teams/support/rules/", typed).status_code == 403


def test_a_rule_is_as_the_organisations_again_when_it_is_emptied(signed_in, team):
    set_rules(actor=COMMAND_LINE, team=team, default_output_tokens=900, unpriced="allow", when_left="finish")

    signed_in("admin").post("/teams/support/rules/", {"default_output_tokens": "", "unpriced": ""})

    assert rule_book().of(team.pk) == rule_book().organisation
