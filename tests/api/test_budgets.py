"""Budgets, call rules and rate limits through the management API."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from billing import crossing
from billing.budget_refusal_models import BudgetRefusal
from billing.forecast_models import BudgetForecast
from billing.models import Budget, Counter
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock
from tests.billing import rows

pytestmark = pytest.mark.django_db
TEAM = {"scope": "team", "name": "support", "per": "month", "cap": "250.00"}


@pytest.fixture
def api(api_as):
    api = api_as("admin")
    api.post("/teams", name="Support")
    return api


def test_a_budget_shows_what_is_spent_reserved_and_left_and_when_it_begins_anew(api):
    made = api.post("/budgets", **TEAM, time_zone="Europe/Berlin").json()
    budget = Budget.objects.get(pk=made["id"])
    start = _period_start(budget)
    Counter.objects.create(budget_id=budget.pk, period_start=start, spent=248_200_000_000, held=10**9)
    Counter.objects.create(budget_id=budget.pk, period_start=start - 10**6, spent=7)

    shown = api.get(f"/budgets/{made['id']}").json()

    assert (shown["scope"], shown["name"], shown["cap"]) == ("team", "support", "250")
    assert (shown["spent"], shown["reserved"], shown["left"]) == ("248.2", "1", "0.8")
    assert shown["resets_at"].endswith(("+01:00", "+02:00"))
    assert budget.cap == 250 * 10**9


def test_a_team_and_a_key_show_every_budget_they_fall_under_and_which_binds(api):
    key = api.post("/keys", team="support", name="bot").json()["id"]
    wide = api.post("/budgets", scope="organisation", per="day", cap="1000").json()["id"]
    tight = api.post("/budgets", **TEAM).json()["id"]
    own = api.post("/budgets", scope="key", name=str(key), per="total", cap="1", hard=False).json()["id"]
    api.post("/budgets", scope="tag", name="env=prod", per="day", cap="0")  # not every call of theirs
    for id_, spent in ((wide, 10), (tight, 200), (own, 900)):
        budget = Budget.objects.get(pk=id_)
        Counter.objects.create(budget_id=id_, period_start=_period_start(budget), spent=spent * 10**9)

    of_team = api.get("/teams/support/budgets").json()["data"]
    of_key = api.get(f"/keys/{key}/budgets").json()["data"]

    assert {row["id"]: row["binds"] for row in of_team} == {wide: False, tight: True}
    assert {row["id"]: row["binds"] for row in of_key} == {wide: False, tight: True, own: False}
    assert {row["id"]: row["left"] for row in of_key} == {wide: "990", tight: "50", own: "-899"}


@pytest.mark.parametrize("path", ["/teams/nobody/budgets", "/keys/999/budgets"])
def test_budgets_of_what_is_not_there_are_404(api, path):
    assert api.get(path).status_code == 404


def _period_start(budget) -> int:
    from billing.budget import value_of
    from billing.budget_names import Names
    from llmhub.lib import clock

    return value_of(budget, Names.of([budget])).period_start(clock.now())


@pytest.mark.parametrize(
    "cap",
    [
        "NaN",
        "-1",
        "-0.01",
        "1e309",
        "Infinity",
        str(2**63),
        "0.0000000001",
        "1000000000.01",
        "",
        "ten",
        "sNaN",
        5,
    ],
)
@pytest.mark.parametrize("unit", ["usd", "tokens", "requests"])
def test_a_cap_that_is_no_amount_is_422_and_nothing_is_made(api, cap, unit):
    answer = api.post("/budgets", **{**TEAM, "cap": cap, "unit": unit})

    assert answer.status_code == 422
    assert answer.json()["error"]["param"] == "cap"
    assert not Budget.objects.exists()


@pytest.mark.parametrize("cap", ["0", "0.000000001", "1000000000"])
def test_every_cap_from_nothing_to_a_billion_is_taken_to_the_last_digit(api, cap):
    assert api.post("/budgets", **{**TEAM, "cap": cap}).json()["cap"] == cap


def test_no_limit_is_said_and_never_the_default(api):
    assert api.post("/budgets", scope="organisation", per="day").status_code == 422
    assert api.post("/budgets", scope="organisation", per="day", cap=None).json()["cap"] is None


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"scope": "planet"}, "scope"),
        ({"scope": "person", "name": "nobody@example.org"}, "name"),
        ({"name": "nobody"}, "name"),
        ({"scope": "organisation"}, "name"),
        ({"scope": "tag", "name": "env"}, "name"),
        ({"scope": "tag", "name": "Env=prod"}, "name"),
        ({"scope": "key", "name": "99"}, "name"),
        ({"per": "decade"}, "per"),
        ({"unit": "euro"}, "unit"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"alert_at": list(range(1, 12))}, "alert_at"),
        ({"warn_at": [50]}, "warn_at"),
    ],
)
def test_what_makes_no_sense_is_422_at_its_field(api, change, param):
    answer = api.post("/budgets", **(TEAM | change))

    assert (answer.status_code, answer.json()["error"]["param"]) == (422, param)


def test_every_scope_can_have_a_budget(api):
    key = rows.key(rows.team("growth"))
    names = {
        "organisation": "",
        "team": "growth",
        "key": "bot",
        "person": rows.person().email,
        "provider": rows.provider().slug,
        "model": rows.entry().slug,
        "tag": "env=prod",
    }

    made = {
        scope: api.post("/budgets", scope=scope, name=name, per="total", cap="1")
        for scope, name in names.items()
    }

    assert {scope: answer.status_code for scope, answer in made.items()} == dict.fromkeys(names, 201)
    assert {scope: answer.json()["name"] for scope, answer in made.items()} == names
    assert api.get(f"/budgets?scope=key&name={key.pk}").json()["data"][0]["id"] == made["key"].json()["id"]
    assert len(api.get("/budgets").json()["data"]) == 7


def test_a_budget_is_changed_and_removed_and_each_step_is_on_record(api):
    id_ = api.post("/budgets", **TEAM).json()["id"]

    assert api.patch(f"/budgets/{id_}", cap="0").json()["cap"] == "0"
    assert (
        api.patch(f"/budgets/{id_}", hard=False).json() | {"hard": False, "cap": "0"}
        == api.get(f"/budgets/{id_}").json()
    )
    assert api.patch(f"/budgets/{id_}", cap="-1").status_code == 422
    assert api.delete(f"/budgets/{id_}").status_code == 204
    assert api.get("/budgets").json()["data"] == []
    assert api.patch(f"/budgets/{id_}", cap="5").status_code == 422

    actions = (
        AuditEvent.objects.filter(object=f"budget:{id_}").order_by("id").values_list("action", flat=True)
    )
    assert list(actions) == ["budget.created", "budget.changed", "budget.changed", "budget.removed"]


def test_a_second_budget_of_the_same_kind_is_refused_and_one_of_another_kind_is_not(api):
    id_ = api.post("/budgets", **TEAM).json()["id"]

    again = api.post("/budgets", **TEAM)

    assert (again.status_code, f"number {id_}" in again.json()["error"]["message"]) == (422, True)
    for other in ({"per": "day"}, {"unit": "tokens", "cap": "5"}, {"hard": False}):
        assert api.post("/budgets", **(TEAM | other)).status_code == 201


@pytest.mark.parametrize(
    "values",
    [
        {"cap": -1},
        {"cap": 10**18 + 1},
        {"scope": "planet"},
        {"per": "decade"},
        {"unit": "eur"},
        {"tag": "a=b"},
    ],
)
def test_the_database_itself_refuses_what_is_no_budget(values):
    whole = {"scope": "team", "scope_id": 1, "per": "day", "cap": 5}

    with pytest.raises(IntegrityError), transaction.atomic():
        Budget.objects.create(**(whole | values))


def test_a_viewer_sees_budgets_and_changes_none(api, api_as):
    viewer, id_ = api_as("viewer"), api.post("/budgets", **TEAM).json()["id"]

    assert viewer.get(f"/budgets/{id_}").status_code == 200
    assert viewer.post("/budgets", **(TEAM | {"per": "day"})).status_code == 403
    assert viewer.patch(f"/budgets/{id_}", cap=None).status_code == 403
    assert viewer.delete(f"/budgets/{id_}").status_code == 403
    assert viewer.patch("/call-rules", unpriced="allow").status_code == 403


def test_a_team_has_the_organisations_call_rules_but_for_what_it_says_itself(api):
    assert api.get("/call-rules").json()["in_force"] == {
        "default_output_tokens": 4096, "unpriced": "block", "allowance": None, "when_left": "cancel"
    }  # fmt: skip
    api.patch("/call-rules", default_output_tokens=1000, allowance="0.50")

    team = api.patch("/call-rules?team=support", unpriced="allow").json()

    assert team == {
        "default_output_tokens": None, "unpriced": "allow", "allowance": None, "when_left": None,
        "in_force": {
            "default_output_tokens": 1000, "unpriced": "allow", "allowance": "0.5", "when_left": "cancel"
        },
    }  # fmt: skip
    assert api.patch("/call-rules?team=support", unpriced=None).json()["in_force"]["unpriced"] == "block"
    api.patch("/call-rules", when_left="finish")
    assert api.get("/call-rules?team=support").json()["in_force"]["when_left"] == "finish"
    assert api.patch("/call-rules", when_left=None).json()["in_force"]["when_left"] == "cancel"


@pytest.mark.parametrize(
    "rules",
    [
        {"allowance": "-1"},
        {"allowance": "1e309"},
        {"default_output_tokens": 0},
        {"unpriced": "maybe"},
        {"when_left": ""},
    ],
)
def test_call_rules_out_of_range_are_422(api, rules):
    assert api.patch("/call-rules", **rules).status_code == 422


def test_a_key_has_rate_limits_that_can_be_changed_one_by_one(api):
    id_ = api.post("/keys", team="support", name="bot", requests_per_minute=60).json()["id"]

    changed = api.patch(f"/keys/{id_}", tokens_per_minute=1000).json()

    assert (changed["requests_per_minute"], changed["tokens_per_minute"]) == (60, 1000)
    assert changed["paused_reason"] == ""
    assert api.patch(f"/keys/{id_}", requests_per_minute=None).json()["requests_per_minute"] is None
    for wrong in (0, -1, 2**31, 1.5, "many"):
        assert api.patch(f"/keys/{id_}", requests_per_minute=wrong).status_code == 422


def test_the_limit_of_a_key_that_binds_may_be_its_persons(api):
    person = rows.person()
    key, other = rows.key(rows.team("growth"), person=person), rows.key(rows.team("web"))
    made = api.post("/budgets", scope="person", name=person.email.title(), per="day", cap="0").json()

    of_key, of_other = (api.get(f"/keys/{each.pk}/budgets").json()["data"] for each in (key, other))
    of_person = api.get(f"/people/{person.pk}/budgets").json()["data"]

    assert [(row["id"], row["name"], row["binds"]) for row in of_key] == [(made["id"], person.email, True)]
    assert of_person == of_key
    assert of_other == []


def test_a_forecast_is_shown_where_there_is_one(api):
    made = Budget.objects.get(pk=api.post("/budgets", **TEAM).json()["id"])
    assert api.get(f"/budgets/{made.pk}/forecast").status_code == 404

    BudgetForecast.objects.create(
        budget_id=made.pk, period_start=crossing.period_of(made, clock.now()), made_at=clock.now(),
        spent=10**9, low=2 * 10**9, expected=3 * 10**9, high=4 * 10**9, per_day=10**8, days=9,
        contributors=[{"of": "key", "name": "bot", "amount": 9 * 10**8}],
    )  # fmt: skip
    shown = api.get(f"/budgets/{made.pk}/forecast").json()

    assert (shown["low"], shown["high"], shown["days"], shown["unit"]) == ("2", "4", 9, "usd")
    assert shown["contributors"] == [{"of": "key", "name": "bot", "amount": "0.9"}]


def test_thresholds_are_made_changed_and_shown(api):
    made = api.post("/budgets", **TEAM, alert_at=[90, 60]).json()
    assert made["alert_at"] == [60, 90]

    assert api.patch(f"/budgets/{made['id']}", alert_at=[]).json()["alert_at"] == []
    assert api.patch(f"/budgets/{made['id']}", cap="5").json()["alert_at"] == []


def test_a_budget_shows_its_periods_what_it_refused_and_its_history(api):
    made = api.post("/budgets", **TEAM).json()
    budget = Budget.objects.get(pk=made["id"])
    start = _period_start(budget)
    Counter.objects.create(budget_id=budget.pk, period_start=start, spent=2 * 10**9)
    Counter.objects.create(budget_id=budget.pk, period_start=start - 86_400, spent=10**9)
    BudgetRefusal.objects.create(
        budget_id=budget.pk, period_start=start, times=3, first_at=start, last_at=start + 1, amount=5
    )
    api.patch(f"/budgets/{budget.pk}", cap="300")

    shown = api.get(f"/budgets/{budget.pk}").json()
    periods = api.get(f"/budgets/{budget.pk}/periods?limit=1").json()["data"]
    history = api.get(f"/budgets/{budget.pk}/history").json()["data"]

    assert (shown["refused"], shown["last_refused_at"][:4]) == (3, str(clock.now().year))
    assert [(row["spent"], row["refused"], row["open"]) for row in periods] == [("2", 3, True)]
    assert [row["told"] for row in history] == ["Changed cap from 250 to 300", "Made with a cap of 250"]
