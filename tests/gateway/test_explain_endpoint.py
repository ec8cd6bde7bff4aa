"""POST /v1/explain and /v1/estimate: what would become of a call, without making it."""

from __future__ import annotations

import json
import secrets

import pytest

from tests.gateway import budgets
from tests.gateway.test_refusals import post

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


@pytest.fixture(scope="module")
def made(gateway, simulator):
    facts = {"capabilities": ["stream", "tools"]}
    return gateway.make_all(
        {
            "cheap": {"at": [simulator.path("tokens/10", tag="foreseen")], "prices": ("0.1", "0.4"), **facts},
            "dear": {"at": [simulator.path("tokens/10", tag="foreseen")], "prices": ("10", "40"), **facts},
            "free": {"at": [simulator.path("tokens/10", tag="foreseen")], "prices": None, **facts},
        }
    )


@pytest.fixture(scope="module")
def route(gateway, made):
    from catalog.models import CatalogEntry
    from llmhub.audit.actor import SYSTEM
    from routing.route import Target, create_route

    name = f"route-{secrets.token_hex(4)}"

    def make() -> None:
        entries = [CatalogEntry.objects.get(pk=made[each].entry_id) for each in ("dear", "cheap", "free")]
        targets = [Target(entry) for entry in entries]
        create_route(actor=SYSTEM, name=name, targets=targets, policy="cost", max_cost_multiple=None)

    gateway.change(make)
    return name


def ask(caller, path: str, model: str, headers=None, **more) -> tuple[int, dict]:
    body = json.dumps(budgets.BODY | {"model": model} | more)
    said = {"authorization": f"Bearer {caller.key}"} | (headers or {})
    status, _, answer = post(caller.gateway, body, path=path, **said)
    return status, answer


def test_it_says_where_a_call_would_go_and_why(simulator, made, route, gateway):
    caller = made["cheap"]
    before = len(simulator.hits("foreseen"))

    status, plan = ask(caller, "/v1/explain", route)

    assert status == 200, plan
    assert (plan["object"], plan["policy"], plan["policy_from"]) == ("explanation", "cost", "route")
    assert [each["model"] for each in plan["candidates"]] == [
        made[key].name for key in ("cheap", "dear", "free")
    ]
    assert plan["goes_to"] == 0
    costs = [each["expected_cost"] for each in plan["candidates"]]
    assert float(costs[0]) < float(costs[1])
    assert costs[2] is None
    assert float(plan["candidates"][0]["bound"]) > float(costs[0])
    assert len(simulator.hits("foreseen")) == before
    assert gateway.records(caller) == gateway.refusals(caller) == []
    assert gateway.reservations() == 0


def test_the_call_that_follows_goes_where_it_said(made, route):
    caller = made["cheap"]
    for headers in ({}, {"x-llmhub-policy": "priority"}, {"x-llmhub-max-cost": "0.0001"}):
        _, plan = ask(caller, "/v1/explain", route, headers)
        answer = caller.client().chat.completions.with_raw_response.create(
            model=route, messages=budgets.BODY["messages"], max_tokens=20, extra_headers=headers
        )

        assert plan["candidates"][plan["goes_to"]]["model"] == answer.headers["x-llmhub-model"]
        made_it = caller.gateway.get(f"/v1/requests/{answer.headers['x-llmhub-request-id']}", key=caller.key)[
            1
        ]
        outcomes = {each["model"]: each["outcome"] for each in made_it["plan"]["candidates"]}
        assert outcomes[answer.headers["x-llmhub-model"]] == "answered"


def test_what_would_refuse_it_now_is_said_by_the_rules_of_admission(made, route):
    caller = made["dear"]
    budget_id = budgets.add(caller, "0.0005")

    _, plan = ask(caller, "/v1/explain", route)
    _, alone = ask(caller, "/v1/explain", made["dear"].name)
    budgets.remove(caller, budget_id)

    by_model = {each["model"]: each for each in plan["candidates"]}
    dear, free = by_model[made["dear"].name], by_model[made["free"].name]
    assert (dear["why"], dear["budget"]) == ("over_budget", f"team:{caller.team}")
    assert free["why"] == "unpriced"
    assert by_model[made["cheap"].name]["why"] == ""
    assert plan["goes_to"] == 0
    assert alone["goes_to"] is None
    assert alone["refusal"]["code"] == "budget_exceeded"


def test_a_call_that_nothing_can_take_is_explained_too(made, route):
    image = [{"role": "user", "content": [IMAGE]}]

    status, plan = ask(made["cheap"], "/v1/explain", route, messages=image)

    assert (status, plan["refusal"]["code"], plan["candidates"]) == (200, "capability_missing", [])
    assert {each["reason"] for each in plan["dropped"]} == {"lacks"}


def test_who_may_not_call_may_not_ask(gateway, made, route):
    caller = made["cheap"]
    body = json.dumps(budgets.BODY | {"model": route})

    for path in ("/v1/explain", "/v1/estimate"):
        assert post(gateway, body, path=path, authorization="Bearer llmh_wrong")[0] == 401
        assert ask(caller, path, "acme/nothing")[0] == 404
        assert ask(caller, path, route, {"x-llmhub-policy": "best"})[0] == 400


def test_a_body_of_the_messages_dialect_is_read_as_one(made):
    caller = made["cheap"]

    _, plan = ask(caller, "/v1/explain?dialect=messages", caller.name, system="Be brief")
    status, error = ask(caller, "/v1/explain?dialect=smoke", caller.name)

    assert plan["candidates"][0]["model"] == caller.name
    assert (status, error["error"]["param"]) == (400, "dialect")


def test_an_estimate_is_expected_usual_and_at_most(made, gateway):
    caller = made["dear"]
    caller.ask(max_tokens=20)
    budget_id = budgets.add(caller, "5")

    status, found = ask(caller, "/v1/estimate", caller.name)
    budgets.remove(caller, budget_id)

    assert status == 200, found
    cost = {name: float(value) for name, value in found["cost"].items()}
    assert cost["p50"] <= cost["expected"] <= cost["worst_case"]
    assert found["output_tokens"]["worst_case"] == 20
    assert found["output_tokens"]["from_calls"] >= 1
    assert made["cheap"].name in [each["model"] for each in found["cheaper"]]
    assert all(float(each["expected"]) < cost["expected"] for each in found["cheaper"])
    assert (found["budget"]["scope"], found["budget"]["unit"]) == (f"team:{caller.team}", "usd")
    left, after = float(found["budget"]["left"]), float(found["budget"]["left_with_worst_case"])
    assert left - after == pytest.approx(cost["worst_case"])
    assert gateway.reservations() == 0


def test_who_asks_is_limited_and_paused_like_a_call_and_leaves_no_record_of_what_was_refused(
    gateway, simulator
):
    from billing.models import ApiKey

    caller = gateway.make(at=[simulator.path()])
    gateway.change(lambda: ApiKey.objects.filter(pk=caller.key_id).update(requests_per_minute=3))

    statuses = [
        ask(caller, "/v1/explain", "acme/nothing")[0],
        ask(caller, "/v1/explain", caller.name)[0],
        ask(caller, "/v1/chat/completions", "acme/nothing-too")[0],
        ask(caller, "/v1/estimate", caller.name)[0],
    ]
    gateway.change(lambda: ApiKey.objects.filter(pk=caller.key_id).update(paused_reason="asked too much"))
    paused, _ = ask(caller, "/v1/explain", caller.name)
    gateway.until(lambda: len(gateway.refusals(caller)) > 2, within=5, what="refusals are written")

    assert statuses == [404, 200, 404, 429]
    assert paused == 503
    kept = {row.error_code: (row.requested, row.refusals) for row in gateway.refusals(caller)}
    assert kept["model_not_found"] == ("acme/nothing-too", 1)
