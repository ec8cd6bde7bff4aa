"""Models, offers, prices and aliases through the management API."""

from __future__ import annotations

import pytest

from catalog.models import Offer, Price
from catalog.seed import seed

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(api_as):
    api = api_as("admin")
    api.post("/providers", slug="lab", name="Lab", base_url="http://127.0.0.1:9/v1", needs_credential=False)
    return api


@pytest.fixture
def small(api):
    api.post("/models", id="acme/small-1", name="Acme Small 1", context_tokens=128000, capabilities=["tools"])
    return "acme/small-1"


def offer(api, model, **price):
    return api.post(
        "/offers", model=model, provider="lab", upstream_id="small/1", prices=[price] if price else []
    )


def test_a_model_is_made_offered_and_priced_digit_for_digit(api, small):
    made = offer(api, small, input="0.15", output="0.6000000000000000001", cache_read="0.015")

    assert made.status_code == 201, made.content
    shown = api.get(f"/models/{small}").json()
    assert shown["callable"] is True
    assert shown["offers"][0]["prices"][0]["output"] == "0.6000000000000000001"
    assert shown["offers"][0]["prices"][0]["cache_write"] is None


def test_an_offer_without_a_price_has_none(api, small):
    assert offer(api, small).json()["offers"][0]["prices"] == []


def test_a_new_price_leaves_the_old_one_in_history(api, small):
    offer(api, small, input="1", output="2")

    changed = api.post(f"/offers/lab/small/1/prices?model={small}", tiers=[{"input": "3", "output": "4"}])

    assert changed.json()["offers"][0]["prices"][0]["input"] == "3"
    assert [str(price.input) for price in Price.objects.order_by("effective_from")] == ["1", "3"]


@pytest.mark.parametrize("amount", ["-1", "NaN", "1e309", "free", "", "9" * 39])
def test_a_price_that_is_none_is_refused_with_its_field_and_nothing_is_saved(api, small, amount):
    response = offer(api, small, input=amount, output="1")

    assert response.status_code == 422
    assert response.json()["error"]["param"] == "prices.0.input"
    assert not Offer.objects.exists()


def test_a_bad_second_tier_leaves_no_half_an_offer(api, small):
    tiers = [{"input": "1", "output": "1"}, {"input": "2", "output": "2"}]

    response = api.post("/offers", model=small, provider="lab", upstream_id="x", prices=tiers)

    assert response.status_code == 422
    assert not Offer.objects.exists()


def test_an_alias_is_made_moved_and_removed(api, small):
    api.post("/models", id="acme/large-1")

    assert api.post("/aliases", name="fast", model=small).status_code == 201
    assert api.post("/aliases", name="fast", model="acme/large-1").json()["model"] == "acme/large-1"
    assert api.get("/aliases").json()["data"] == [{"name": "fast", "model": "acme/large-1"}]
    assert api.delete("/aliases/fast").status_code == 204


def test_a_taken_name_is_refused_and_says_by_what(api, small):
    api.post("/models", id="acme/large-1")

    response = api.post("/aliases", name=small, model="acme/large-1")

    assert response.status_code == 422
    assert small in response.json()["error"]["message"]


def test_facts_are_changed_one_by_one(api, small):
    changed = api.patch(f"/models/{small}", context_tokens=200000).json()

    assert (changed["context_tokens"], changed["capabilities"]) == (200000, ["tools"])


def test_a_withdrawn_model_is_listed_no_more(api, small):
    assert api.delete(f"/models/{small}").status_code == 204

    assert api.get(f"/models/{small}").status_code == 404
    assert api.get("/models").json()["data"] == []


def test_the_whole_catalog_is_read_in_pages_with_few_queries(api, django_assert_max_num_queries):
    seed()

    found, cursor = [], ""
    while True:
        with django_assert_max_num_queries(9):
            screen = api.get(f"/models?limit=40&cursor={cursor}").json()
        found += [model["id"] for model in screen["data"]]
        cursor = screen["next_cursor"]
        if not cursor:
            break

    assert len(found) >= 60
    assert found == sorted(set(found))


def test_search_takes_words_in_any_order(api):
    seed()

    assert {model["id"] for model in api.get("/models?q=mini openai").json()["data"]} >= {"openai/gpt-5-mini"}
    assert api.get("/models?q=100%25_").json()["data"] == []


def test_a_viewer_changes_nothing(api, api_as, small):
    viewer = api_as("viewer")

    assert viewer.get("/models").status_code == 200
    for refused in (
        viewer.post("/models", id="x"),
        viewer.patch(f"/models/{small}", name="x"),
        viewer.delete(f"/models/{small}"),
        offer(viewer, small, input="1", output="1"),
        viewer.post("/aliases", name="x", model=small),
    ):
        assert refused.status_code == 403


STATED = {
    "temperature": {"type": "number", "min": 0, "max": 1, "excludes": ["top_p"]},
    "top_p": {"type": "number"},
}


def test_parameters_are_stated_and_the_body_of_a_call_is_checked_against_them(api, small):
    api.patch(f"/models/{small}", parameters=STATED, output_limit_tokens=8000)

    body = {"model": small, "messages": [], "temperature": 2, "max_tokens": 9000, "frob": 1}
    answer = api.post(f"/models/{small}/check-parameters", **body)

    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert (found["model"], found["stated"], found["fits"]) == (small, True, False)
    assert [(each["parameter"], each["problem"], each["nearest"]) for each in found["findings"]] == [
        ("temperature", "out_of_range", 1),
        ("max_tokens", "unknown_parameter", None),
        ("frob", "unknown_parameter", None),
    ]
    assert found["corrected"] == {"model": small, "messages": [], "temperature": 1}
    assert api.post(f"/models/{small}/check-parameters", **found["corrected"]).json()["fits"] is True
    assert api.get(f"/models/{small}").json()["parameters"] == STATED


def test_a_model_of_which_nothing_is_stated_says_so(api, small):
    found = api.post(f"/models/{small}/check-parameters", frob=1).json()

    assert (found["stated"], found["fits"], found["findings"]) == (False, True, [])
    assert api.post("/models/acme/none/check-parameters", frob=1).status_code == 404


def test_wrong_descriptors_are_refused_with_all_that_is_wrong(api, small):
    response = api.patch(f"/models/{small}", parameters={"a": {}, "b": {"type": "enum"}})

    assert response.status_code == 422
    assert "a: type is missing" in response.text
    assert "b: values is missing" in response.text
    assert api.get(f"/models/{small}").json()["parameters"] == {}
