"""Routes through the management API."""

from __future__ import annotations

import pytest

from llmhub.audit.models import AuditEvent
from routing.load import load_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(api_as):
    api = api_as("admin")
    for slug in ("lab", "far"):
        api.post("/providers", slug=slug, name=slug, base_url="http://127.0.0.1:9/v1", needs_credential=False)
    for model in ("acme/small", "acme/large"):
        api.post("/models", id=model)
        api.post("/offers", model=model, provider="lab", upstream_id=model)
    return api


def made(api, **facts):
    return api.post("/routes", **{"name": "support", "targets": [{"model": "acme/small"}], **facts})


def test_a_route_is_made_with_what_is_said_and_the_rest_as_the_docs_say(api):
    answer = made(
        api, policy="weighted", targets=[{"model": "acme/small", "weight": 3}, {"model": "acme/large"}],
        over_budget=[{"model": "acme/small", "provider": "lab"}], require=[], max_cost_multiple="2.50",
    )  # fmt: skip

    assert answer.status_code == 201, answer.content
    said = answer.json()
    assert said["targets"] == [
        {"model": "acme/small", "provider": None, "weight": 3},
        {"model": "acme/large", "provider": None, "weight": 1},
    ]
    assert said["over_budget"] == [{"model": "acme/small", "provider": "lab", "weight": 1}]
    assert (said["max_cost_multiple"], said["explore_percent"], said["keeps_sessions"]) == ("2.5", 2, True)
    assert load_snapshot().routes["support"].policy == "weighted"


def test_what_is_left_out_of_a_change_stays_and_a_null_takes_the_limit_away(api):
    made(api, policy="cost", description="For people who write to us")

    assert api.patch("/routes/support", default_output_tokens=256).json()["default_output_tokens"] == 256
    assert load_snapshot().routes["support"].default_output_tokens == 256
    assert api.patch("/routes/support", default_output_tokens=0).status_code == 422
    nothing = {"max_cost_multiple": None, "default_output_tokens": None}
    changed = api.patch("/routes/support", targets=[{"model": "acme/large"}], **nothing).json()

    assert [each["model"] for each in changed["targets"]] == ["acme/large"]
    assert (changed["policy"], changed["description"]) == ("cost", "For people who write to us")
    assert changed["max_cost_multiple"] is changed["default_output_tokens"] is None
    assert AuditEvent.objects.latest("id").action == "route.changed"


def test_a_change_that_changes_nothing_is_not_written_down(api):
    made(api, policy="cost")
    before = AuditEvent.objects.count()

    assert api.patch("/routes/support", policy="cost").status_code == 200
    assert AuditEvent.objects.count() == before


def test_routes_come_by_name_a_page_at_a_time_and_one_is_taken_away(api):
    for name in ("b", "a", "team/c"):
        made(api, name=name)

    first = api.get("/routes?limit=2").json()
    assert [route["name"] for route in first["data"]] == ["a", "b"]
    second = api.get(f"/routes?limit=2&cursor={first['next_cursor']}").json()
    assert [route["name"] for route in second["data"]] == ["team/c"]
    assert api.get("/routes/team/c").json()["name"] == "team/c"
    assert api.delete("/routes/team/c").status_code == 204
    assert api.get("/routes/team/c").status_code == 404


def test_a_page_of_routes_costs_the_same_whatever_they_list(api, django_assert_max_num_queries):
    for number in range(5):
        made(api, name=f"r{number}", targets=[{"model": "acme/small"}, {"model": "acme/large"}])

    with django_assert_max_num_queries(8):
        assert len(api.get("/routes").json()["data"]) == 5


@pytest.mark.parametrize(
    ("facts", "param", "says"),
    [
        ({"targets": []}, "targets", "a route needs a model"),
        ({"targets": [{"model": "acme/smal"}]}, "targets", "did you mean acme/small"),
        ({"targets": [{"model": "acme/small", "provider": "labb"}]}, "targets", "did you mean lab"),
        ({"targets": [{"model": "acme/small", "provider": "far"}]}, "targets", "it is offered by lab"),
        ({"targets": [{"model": "acme/small"}] * 2}, "targets", "is there twice"),
        ({"targets": [{"model": "quick"}]}, "targets", "name its model, acme/large"),
        ({"targets": [{"model": "other"}]}, "targets", "is a route itself"),
        ({"targets": [{"model": "acme/small", "weight": 1001}]}, "targets.0.weight", "1000"),
        ({"targets": [{"model": "acme/small", "wait": 1}]}, "targets.0.wait", "not permitted"),
        ({"over_budget": [{"model": "nothing"}]}, "over_budget", "there is no model"),
        ({"policy": "best"}, "policy", "'priority'"),
        ({"require": ["telepathy"]}, "require", "telepathy"),
        ({"max_cost_multiple": "0.5"}, "max_cost_multiple", "1"),
        ({"max_cost_multiple": "much"}, "max_cost_multiple", "decimal"),
        ({"explore_percent": 51}, "explore_percent", "50"),
        ({"name": "quick"}, "name", "it is an alias of acme/large"),
        ({"name": "acme/small"}, "name", "a model has it"),
        ({"name": "other"}, "name", "a route has it"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_says_what_to_do(api, facts, param, says):
    api.post("/aliases", name="quick", model="acme/large")
    made(api, name="other")

    answer = made(api, **facts)

    assert answer.status_code == 422, answer.content
    error = answer.json()["error"]
    assert error["param"] == param
    assert says in error["message"]
    assert api.get("/routes").json()["data"][-1]["name"] == "other"


def test_a_name_that_no_route_has_gets_the_nearest_one(api):
    made(api)

    assert "did you mean support" in api.get("/routes/suport").json()["error"]["message"]
    assert "did you mean support" in api.patch("/routes/suport").json()["error"]["message"]


def test_a_call_is_tried_by_a_route_with_changes_that_are_not_saved(api):
    api.post("/offers/lab/acme/small/prices?model=acme/small", tiers=[{"input": "1", "output": "1"}])
    api.post("/offers/lab/acme/large/prices?model=acme/large", tiers=[{"input": "9", "output": "9"}])
    made(api, targets=[{"model": "acme/large"}, {"model": "acme/small"}])
    call = {"input_tokens": 2000, "output_limit": 100}

    tried = api.post("/route-trials", route="support", call=call).json()
    cheap = api.post("/route-trials", route="support", policy="cost", call=call).json()

    assert [(each["model"], each["cost"]) for each in tried["kept"]] == [
        ("acme/large", "0.0189"),
        ("acme/small", "0.0021"),
    ]
    assert [each["model"] for each in cheap["kept"]] == ["acme/small"]
    assert [each["why"] for each in cheap["left_out"]] == [
        "costs more than the route allows beside the first choice"
    ]
    unlimited = api.post("/route-trials", route="support", policy="cost", max_cost_multiple=None, call=call)
    assert len(unlimited.json()["kept"]) == 2
    assert api.get("/routes/support").json()["policy"] == "priority"


def test_a_trial_that_makes_no_sense_says_so(api):
    made(api)

    assert "name one" in api.post("/route-trials").json()["error"]["message"]
    assert "did you mean support" in api.post("/route-trials", route="suport").json()["error"]["message"]
    wrong = api.post("/route-trials", route="support", call={"needs": ["telepathy"]}).json()["error"]
    assert (wrong["param"], "use tools" in wrong["message"]) == ("call.needs", True)
    assert (
        "among yours"
        in api.post("/route-trials", route="support", call={"team": "x"}).json()["error"]["message"]
    )
