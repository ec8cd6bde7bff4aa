"""Why a request went where it went: on its page, in the API and on the command line."""

from __future__ import annotations

import pytest

from catalog.models import Offer, Price
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock, ids
from providers.live import Live
from providers.models import Provider
from routing.bound import Size
from routing.explain import decide, kept_text, pass_over
from routing.load import load_snapshot
from routing.plan import Asking, Moment
from routing.resolve import resolve
from routing.route import Target, create_route
from tests.billing import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def made():
    """A request to a route: of its offers one was passed over, one failed, one answered, one is left out."""
    lab, west = rows.provider(), rows.provider("west")
    Provider.objects.update(needs_credential=False)
    small, large, blind = rows.entry(), rows.entry("acme/large-1"), rows.entry("acme/blind-1")
    for entry in (small, large):
        entry.capabilities = ["tools"]
        entry.save()
    blind.capabilities = ["stream"]
    blind.save()
    offers = {}
    for entry, provider, output in (
        (small, lab, "2"),
        (small, west, "3"),
        (large, lab, "4"),
        (blind, west, "1"),
    ):
        offer = Offer.objects.create(entry=entry, provider=provider, upstream_id="m", rank=len(offers))
        Price.objects.create(
            offer=offer, effective_from=rows.NOW.replace(year=2025), input="1", output=output
        )
        offers[entry.slug, provider.slug] = offer.pk
    create_route(
        actor=COMMAND_LINE, name="support", policy="balanced",
        targets=[Target(each) for each in (small, large, blind)], max_cost_multiple=None,
    )  # fmt: skip
    snapshot, now = load_snapshot(), clock.now()
    live = {
        pk: Live(calls=40, reliability=0.9 + 0.01 * number, latency_ms=300.0 * (number + 1))
        for number, pk in enumerate(offers.values())
    }
    asking = Asking(needs=frozenset({"tools"}), size=Size(4000, 2), seed="req_1")
    decision = decide(snapshot.version, resolve(snapshot, "support", now=now), asking, Moment(now, live=live))
    first, second, third = decision.plan.candidates
    pass_over(decision, first, "over_budget")
    team = rows.team()
    record = rows.usage(now, requested="support", team_id=team.pk, plan=kept_text(decision))
    rows.attempt(record, 1, offer_id=second.offer.id, status="error", error_code="upstream_timeout")
    rows.attempt(record, 2, offer_id=third.offer.id)
    return record


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
        "Has no model that can do this: calls tools",
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
