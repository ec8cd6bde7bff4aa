"""The organisation, its pause switch, people, teams, the audit log and tests of keys through the API."""

from __future__ import annotations

import pytest

from billing.models import ApiKey
from catalog.seed import seed
from llmhub.lib import secrets
from llmhub.people import organisation
from llmhub.people.models import SignInLink, User

pytestmark = pytest.mark.django_db


def test_everything_is_paused_by_a_script_and_resumed(api_as):
    api = api_as("admin")

    assert api.patch("/organisation", paused_reason="bills").json()["paused_reason"] == "bills"
    assert organisation.current().paused_reason == "bills"
    assert api.patch("/organisation", paused_reason="").json()["paused_reason"] == ""


def test_name_and_zone_are_for_owners(api_as):
    assert api_as("admin").patch("/organisation", name="Acme").status_code == 403
    changed = api_as("owner").patch("/organisation", name="Acme", time_zone="Europe/Berlin").json()
    assert (changed["name"], changed["time_zone"]) == ("Acme", "Europe/Berlin")


def test_a_zone_that_is_none_changes_nothing_else(api_as):
    response = api_as("owner").patch("/organisation", name="Acme", time_zone="Mars/North", paused_reason="x")

    assert response.status_code == 422
    assert response.json()["error"]["param"] == "time_zone"
    assert organisation.current().paused_reason == ""


def test_a_team_is_renamed_and_keeps_its_short_name(api_as):
    api = api_as("admin")
    api.post("/teams", name="Support")

    assert api.patch("/teams/support", name="Help desk").json()["name"] == "Help desk"
    assert api.get("/teams/support").json() == api.get("/teams").json()["data"][0]


def test_a_person_gets_a_role_a_link_and_an_end(api_as):
    api = api_as("owner")
    api.post("/people", email="boss@example.com", role="owner")
    person = api.post("/people", email="ana@example.com").json()["id"]

    assert api.patch(f"/people/{person}", role="admin").json()["role"] == "admin"
    link = api.post(f"/people/{person}/links").json()["url"]
    assert SignInLink.objects.get().digest == secrets.digest(link.rstrip("/").rsplit("/", 1)[1])
    assert api.patch(f"/people/{person}", is_active=False).json()["is_active"] is False
    assert api.post(f"/people/{person}/links").status_code == 404


def test_the_last_owner_stays(api_as):
    api = api_as("owner")
    person = api.post("/people", email="boss@example.com", role="owner").json()["id"]

    assert api.patch(f"/people/{person}", role="viewer").status_code == 422
    assert api.patch(f"/people/{person}", is_active=False).status_code == 422
    assert User.objects.get().role == "owner"


@pytest.mark.parametrize("path", ["/people/1", "/people/1/links"])
def test_an_admin_changes_nobody(api_as, path):
    admin = api_as("admin")

    assert (
        admin.post(path) if path.endswith("links") else admin.patch(path, role="owner")
    ).status_code == 403


def test_the_audit_log_is_read_newest_first_and_by_thing(api_as):
    api = api_as("admin")
    api.post("/teams", name="Support")
    api.post("/teams", name="Growth")

    listed = api.get("/audit").json()["data"]

    assert [event["object"] for event in listed[:2]] == ["team:growth", "team:support"]
    assert [event["actor"] for event in api.get("/audit?object=team:support").json()["data"]] == [
        "admin of the test"
    ]
    assert api.get("/audit?action=team.deleted").json()["data"] == []


def test_a_key_is_tested_without_a_call(api_as):
    seed()
    api = api_as("admin")
    api.post("/teams", name="Support")
    token = api.post("/keys", team="support", name="bot").json()["key"]

    verdict = api.post("/key-tests", key=token).json()

    assert (verdict["problem"], verdict["team"], verdict["models"]) == ("", "support", [])
    assert any("openai/gpt-5-mini" in group["models"] for group in verdict["not_now"])
    assert "unknown or was revoked" in api.post("/key-tests", key="llmh_nonsense").json()["problem"]
    ApiKey.objects.get().delete()


def test_a_connection_is_tested_before_anything_is_saved(api_as, simulator):
    api = api_as("admin")

    found = api.post("/provider-tests", base_url=simulator.path()).json()

    assert found["outcome"] == "ok"
    assert found["models"]
    assert api.post("/provider-tests", base_url="http://127.0.0.1:9/v1").json()["outcome"] == "unreachable"
    assert api.post("/provider-tests", base_url="http://169.254.169.254/").json()["outcome"] == "refused"
    assert api.post("/provider-tests", kind="nonsense").status_code == 422
    assert api.get("/providers").json()["data"] == []


def test_a_body_that_is_too_large_is_413(api_as):
    response = api_as("owner").post("/teams", name="x" * 2_000_000)

    assert response.status_code == 413
    assert response.json()["error"]["code"] == "too_large"


@pytest.mark.parametrize("method", ["put", "delete"])
def test_a_method_that_is_not_there_is_405_in_the_same_shape(api_as, method):
    response = getattr(api_as("owner").client, method)("/api/v1/teams")

    assert response.status_code == 405
    assert response.json()["error"]["code"] == "method_not_allowed"
    assert "GET" in response["Allow"]


def test_a_404_names_no_class_of_ours(api_as):
    assert "matches the given query" not in api_as("owner").delete("/keys/999").json()["error"]["message"]


def test_the_schema_is_read_with_a_service_key_and_by_nobody_else(api_as, client):
    assert api_as("viewer").get("/openapi.json").json()["paths"]["/api/v1/audit"]
    assert client.get("/api/v1/openapi.json").status_code == 302
    assert client.get("/api/v1/openapi.json", headers={"authorization": "Bearer llms_x"}).status_code == 401
