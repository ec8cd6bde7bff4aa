"""Discovery, its inbox and promotion through the management API."""

from __future__ import annotations

import tomllib

import pytest

from billing.rollup_models import RollUp, SupplyRollUp
from catalog.discovery_models import CatalogEvent
from catalog.models import CatalogEntry
from llmhub.config.schema import Config
from tests.fixtures.lists import many, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(api_as):
    return api_as("admin")


@pytest.fixture
def news(take):
    """Two new models, and one whose context changed by itself."""
    take(many(), hour=0)
    take([row("acme/m0", context=9_000), *many()[1:], row("x/y"), row("x/z")], hour=1)
    return list(CatalogEvent.objects.filter(state="open").order_by("id"))


def test_events_are_listed_in_words_a_page_at_a_time(api, news):
    first = api.get("/inbox?limit=1").json()
    second = api.get(f"/inbox?limit=1&cursor={first['next_cursor']}").json()

    assert [page["data"][0]["model"] for page in (first, second)] == ["x/z", "x/y"]
    assert first["data"][0]["summary"].startswith("context 8k tokens, input $1.00, output $4.00")
    assert second["next_cursor"] == ""
    assert [event["kind"] for event in api.get("/inbox?state=decided").json()["data"]] == ["context_changed"]
    assert api.get("/inbox?kind=vanished&provider=or").json()["data"] == []
    assert api.get("/inbox?kind=moved").status_code == 422


def test_an_event_is_accepted_once(api, news):
    url = f"/inbox/{news[0].pk}/accept"

    assert api.post(url).json()["state"] == "accepted"
    again = api.post(url)

    assert CatalogEntry.objects.get(slug="x/y").source == "curated"
    assert again.status_code == 422
    assert "accepted it already" in again.json()["error"]["message"]
    assert api.post(f"/inbox/{news[1].pk}/ignore").json()["state"] == "ignored"
    assert api.post("/inbox/999/ignore").status_code == 404


def test_several_events_are_decided_in_one_call(api, news):
    ids = [event.pk for event in news]
    api.post(f"/inbox/{ids[0]}/ignore")

    decided = api.post("/inbox/accept", ids=ids).json()

    assert decided["done"] == [ids[1]]
    assert len(decided["refused"]) == 1


def test_an_event_says_which_names_and_keys_it_touches(api, news, settings):
    from billing import rollup_bucket
    from llmhub.lib import clock

    key = api.post("/teams", name="Support") and api.post("/keys", team="support", name="tickets").json()
    entry = CatalogEntry.objects.get(slug="x/y")
    bucket = rollup_bucket.at(clock.now()) - 4 * rollup_bucket.SECONDS
    shared = {"bucket": bucket, "entry_id": entry.pk, "requests": 3, "spend_nano": 1_500_000_000}
    first = rollup_bucket.first_id(bucket)
    router = news[0].provider_id
    for number, provider_id in enumerate((router, router + 1)):
        RollUp.objects.create(id=first + number, key_id=key["id"], provider_id=provider_id, **shared)
        SupplyRollUp.objects.create(id=first + number, provider_id=provider_id, **shared)

    shown = api.get(f"/inbox/{news[0].pk}").json()["touches"]

    assert [(row["name"], row["team"]) for row in shown["keys"]] == [("tickets", "support")]
    assert shown["routes"] == []
    assert shown["all"] == {"requests": 6, "spend": "3", "unpriced": 0}
    assert shown["here"] == {"requests": 3, "spend": "1.5", "unpriced": 0}


def test_an_event_names_the_routes_that_list_its_model(api, news):
    api.post("/models/x/y/promote")
    for name in ("support", "quick"):
        assert api.post("/routes", name=name, targets=[{"model": "x/y"}]).status_code == 201

    assert api.get(f"/inbox/{news[0].pk}").json()["touches"]["routes"] == ["quick", "support"]


def test_a_model_is_promoted_under_a_name_of_its_own_and_the_file_says_the_same(api, news):
    promoted = api.post("/models/x/y/promote", **{"as": "quick"})

    shown = promoted.json()
    assert (shown["id"], shown["source"]) == ("x/y", "curated")
    assert api.get("/aliases").json()["data"] == [{"name": "quick", "model": "x/y"}]
    read = Config.model_validate(tomllib.loads(shown["toml"]))
    assert read.aliases == {"quick": "x/y"}
    assert read.models["x/y"].offers["or"][0].discovered
    again = api.post("/models/x/y/promote")
    assert (again.status_code, "already" in again.json()["error"]["message"]) == (422, True)
    assert api.post("/models/no/such/promote").status_code == 404


def test_how_discovery_stands_and_its_runs(api, router, take, news):
    take([*many(5)], hour=2)

    shown = {each["provider"]: each for each in api.get("/discovery").json()["data"]}["or"]
    runs = api.get("/discovery/runs?provider=or&limit=2").json()

    assert (shown["source"], shown["status"]) == ("its own list", "held back")
    assert shown["last_success_at"] == "2026-11-01T01:00:00Z"
    assert shown["last_refreshed_at"] == "2026-11-01T02:00:00Z"
    assert shown["held"]["why"] == "17 of 22 models are gone"
    assert [run["outcome"] for run in runs["data"]] == ["held", "changed"]
    assert runs["data"][1]["changes"] == {"new": 2, "context_changed": 1}
    assert runs["next_cursor"]


def test_a_held_list_is_discarded_or_accepted(api, router, take):
    take(many(), hour=0)
    take(many(5), hour=1)
    assert api.post("/discovery/or/discard").status_code == 204
    assert api.post("/discovery/or/discard").status_code == 422
    take(many(5), hour=2)

    accepted = api.post("/discovery/or/accept").json()

    assert (accepted["outcome"], accepted["changes"], accepted["trigger"]) == (
        "changed",
        {"vanished": 15},
        "accepted",
    )


def test_a_reading_that_fails_says_why(api, router):
    router.base_url = "http://127.0.0.1:9"
    router.save()

    run = api.post("/discovery/or/refresh").json()

    assert (run["outcome"], run["trigger"]) == ("failed", "button")
    assert "refused" in run["said"]
    assert api.get("/discovery").json()["data"][0]["last_error"] == run["said"]


def test_rules_are_made_listed_and_removed(api, router):
    made = api.post("/inbox/rules", kind="price_down", action="accept", provider="or")

    assert (made.status_code, made.json()["says"]) == (201, "accept price down at Router")
    assert [rule["id"] for rule in api.get("/inbox/rules").json()["data"]] == [made.json()["id"]]
    assert api.delete(f"/inbox/rules/{made.json()['id']}").status_code == 204
    assert api.post("/inbox/rules", kind="facts", action="accept").status_code == 422
    assert api.post("/inbox/rules", kind="new", action="dance").status_code == 422


def test_a_viewer_reads_and_decides_nothing(api_as, news):
    viewer = api_as("viewer")

    assert viewer.get("/inbox").status_code == viewer.get("/discovery").status_code == 200
    for path in (
        f"/inbox/{news[0].pk}/accept",
        f"/inbox/{news[0].pk}/ignore",
        "/models/x/y/promote",
        "/discovery/or/refresh",
        "/discovery/or/accept",
        "/discovery/or/discard",
    ):
        assert viewer.post(path).status_code == 403, path
    assert viewer.post("/inbox/accept", ids=[news[0].pk]).status_code == 403
    assert viewer.post("/inbox/rules", kind="new", action="accept").status_code == 403


def test_ids_of_no_event_are_named_and_decide_nothing(api, news):
    answer = api.post("/inbox/ignore", ids=[news[0].pk, 999_999]).json()

    assert answer == {"done": [news[0].pk], "refused": ["no event 999999: see GET /api/v1/inbox"]}
    assert api.post("/inbox/accept", ids=[10**30]).status_code == 422


def test_a_model_whose_id_became_an_alias_says_what_to_remove_before_it_is_promoted(api, news):
    api.post("/models", id="acme/other")
    assert api.post("/aliases", name="x/y", model="acme/other").status_code == 201

    refused = api.post("/models/x/y/promote")

    assert "remove that alias first" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/inbox/rules", {"kind": "new", "action": "hold", "provider": "nope"}),
        ("/offers", {"model": "acme/m0", "provider": "nope", "upstream_id": "x"}),
        ("/discovery/nope/refresh", {}),
    ],
)
def test_a_provider_that_is_not_there_is_named(api, news, path, body):
    assert "no provider 'nope'" in api.post(path, **body).json()["error"]["message"]
