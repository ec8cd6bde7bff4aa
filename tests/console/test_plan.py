"""Why a request went where it went: on its page, in the API and on the command line."""

from __future__ import annotations

import pytest

from billing.budget import create_budget
from catalog.models import Offer
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import main
from llmhub.lib import clock, ids
from tests.billing import rows
from tests.billing.planned import planned_request
from tests.catalog.test_breakers import happened

pytestmark = pytest.mark.django_db


@pytest.fixture
def made():
    return planned_request()


def test_the_panel_says_in_which_order_why_and_what_became_of_each(signed_in, made):
    url = f"/requests/{ids.request_id(made.pk)}/plan/"

    page = signed_in("viewer").get(url).text

    for shown in (
        "cost, reliability, latency and throughput together, as the route says",
        "The call needs a model that calls tools",
        "Passed over",
        "It could cost more than a budget has left",
        "Failed: upstream_timeout",
        "Answered",
        "expected $0.002",
        "acme/blind-1",
        "Is no model that calls tools",
        "worse than the best",
    ):
        assert shown in page, shown
    assert f'hx-get="{url}"' in signed_in("viewer").get(url.removesuffix("plan/")).text
    assert "<html" not in signed_in("viewer").get(url, headers={"hx-request": "true"}).text


def test_the_api_has_the_same_as_figures_whose_terms_sum_to_the_value(api_as, made):
    plan = api_as("viewer").get(f"/usage/{ids.request_id(made.pk)}").json()["plan"]

    assert (plan["policy"], plan["policy_from"], plan["needs"]) == ("balanced", "route", ["tools"])
    assert [each["outcome"] for each in plan["candidates"]] == ["passed_over", "failed", "answered"]
    for each in plan["candidates"]:
        assert sum(each["terms"].values()) == pytest.approx(each["value"], abs=1e-5)
        assert float(each["expected_cost"]) > 0
    assert [(each["model"], each["reason"]) for each in plan["dropped"]] == [("acme/blind-1", "lacks")]


def test_of_the_only_offer_it_is_said_that_it_was_the_only_one(signed_in, api_as, made):
    offer = Offer.objects.first()
    record = rows.usage(clock.now(), team_id=made.team_id, plan=str(offer.pk))
    rows.attempt(record, 1, offer_id=offer.pk)
    name = ids.request_id(record.pk)

    assert "It was the only offer" in signed_in("viewer").get(f"/requests/{name}/plan/").text
    shown = api_as("viewer").get(f"/usage/{name}").json()["plan"]
    assert (shown["is_brief"], shown["candidates"][0]["outcome"]) == (True, "answered")


def test_of_a_request_from_before_nothing_is_made_up(signed_in, api_as, made):
    name = ids.request_id(rows.usage(clock.now(), team_id=made.team_id).pk)

    assert "Not known" in signed_in("viewer").get(f"/requests/{name}/plan/").text
    assert api_as("viewer").get(f"/usage/{name}").json()["plan"] is None


def test_an_offer_that_was_deleted_is_said_to_be(signed_in, made):
    made.plan = made.plan.replace('"o":', '"o":9999')
    made.save()

    assert "deleted" in signed_in("viewer").get(f"/requests/{ids.request_id(made.pk)}/plan/").text


# --- before a call is made -----------------------------------------------------------------------


def test_the_page_says_where_a_call_would_go(signed_in, made):
    client = signed_in("admin")

    assert "Name a model or a route" in client.get("/explain/").text
    page = client.get("/explain/?model=support&needs=tools").text
    part = client.post(
        "/explain/", {"model": "support", "policy": "cost"}, headers={"hx-request": "true"}
    ).text

    assert "Goes here" in page
    assert "Is no model that calls tools" in page
    assert "as the call asks" in part
    assert "at most $" in part
    assert "<html" not in part


def test_what_cannot_be_asked_is_said(signed_in, api_as, made):
    page = signed_in("admin").post("/explain/", {"model": "suport", "policy": ""})
    bad = api_as("admin").post("/explain", model="support", body={"messages": 3})

    assert page.status_code == 422
    assert "did you mean" in page.text
    assert bad.status_code == 422
    assert "messages" in bad.json()["error"]["message"]
    assert api_as("admin").post("/explain", model="support", key=99).status_code == 422


def test_a_body_counts_and_a_budget_that_is_in_the_way_is_named(api_as, made):
    create_budget(actor=COMMAND_LINE, scope="team", name="support", per="day", cap="0.00001")
    body = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 100}
    tools = [{"type": "function", "function": {"name": "f"}}]

    plan = (
        api_as("admin").post("/explain", model="support", team="support", body=body | {"tools": tools}).json()
    )
    free = api_as("admin").post("/explain", model="support", body=body).json()

    assert plan["needs"] == ["tools"]
    assert {each["budget"] for each in plan["candidates"]} == {"team:support"}
    assert (plan["goes_to"], plan["refusal"]["code"]) == (None, "budget_exceeded")
    assert (free["goes_to"], free["refusal"], free["needs"]) == (0, {}, [])


def test_an_open_breaker_is_known_wherever_it_is_asked_and_one_whose_time_is_over_is_none(
    signed_in, api_as, made, capsys
):
    lab, west, _, _ = Offer.objects.order_by("pk")
    happened(lab, "open", seconds=25)
    happened(west, "open", ago=31, seconds=30)  # the next call tries it
    happened(west, "open", seconds=25, base_url="http://another.test/v1")  # another server

    plan = api_as("admin").post("/explain", model="support", policy="cost").json()

    assert {(each["model"], each["provider"], each["reason"]) for each in plan["dropped"]} == {
        ("acme/small-1", "lab", "failing")
    }
    assert [each["provider"] for each in plan["candidates"]] == ["west", "west", "lab"]
    assert 20 < plan["waits"]["lab"] <= 25
    assert "tried again in" in signed_in("admin").post("/explain/", {"model": "support"}).text
    assert main.run(["explain", "--model", "support"]) == 0
    assert "tried again in" in capsys.readouterr().out


def test_where_a_session_was_answered_is_known_by_the_ledger(api_as, made):
    _, west, large, _ = Offer.objects.order_by("pk")
    said = {"model": "support", "policy": "cost", "team": "support"}

    def at(**more) -> tuple[str, str]:
        first = api_as("admin").post("/explain", **said | more).json()["candidates"][0]
        return f"{first['model']} at {first['provider']}", first["note"]

    def answered(offer, **more) -> None:
        facts = {"requested": "support:floor", "session": "chat-7", "offer_id": offer.pk} | more
        rows.usage(clock.now(), team_id=made.team_id, **facts)

    answered(west)
    answered(large, status="error")
    answered(large, session="chat-8")
    answered(large, requested="another")

    assert at(session="chat-7") == ("acme/small-1 at west", "session")
    assert at()[1] == ""
    assert at(session="chat-9")[1] == ""


def test_who_sees_some_teams_hears_nothing_of_other_peoples_budgets(signed_in, made):
    create_budget(actor=COMMAND_LINE, scope="organisation", name="", per="day", cap="0.00001")

    everything = signed_in("admin").post("/explain/", {"model": "support"}).text
    own = signed_in("member").post("/explain/", {"model": "support"}).text

    assert "0.00001" in everything
    assert "budget_exceeded" in own
    assert "0.00001" not in own
