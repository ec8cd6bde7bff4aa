"""Gateway keys through the management API."""

from __future__ import annotations

import pytest

from billing.models import ApiKey
from llmhub.lib import secrets
from tests.billing import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(api_as):
    api = api_as("admin")
    api.post("/teams", name="Support")
    return api


def test_a_key_is_shown_once_and_kept_as_a_digest(api):
    made = api.post("/keys", team="support", name="bot").json()

    assert made["key"].startswith("llmh_")
    assert ApiKey.objects.get().digest == secrets.digest(made["key"])
    assert made["key"] not in api.get("/keys").content.decode()


def test_keys_are_listed_newest_first_and_by_team(api):
    api.post("/teams", name="Growth")
    for name, team in (("one", "support"), ("two", "growth"), ("three", "support")):
        api.post("/keys", team=team, name=name)

    assert [key["name"] for key in api.get("/keys").json()["data"]] == ["three", "two", "one"]
    assert [key["name"] for key in api.get("/keys?team=support").json()["data"]] == ["three", "one"]


def test_a_key_is_paused_resumed_and_revoked(api):
    key_id = api.post("/keys", team="support", name="bot").json()["id"]

    assert api.patch(f"/keys/{key_id}", paused_reason="leaked?").json()["paused_reason"] == "leaked?"
    assert api.patch(f"/keys/{key_id}", paused_reason="").json()["paused_reason"] == ""
    assert api.delete(f"/keys/{key_id}").status_code == 204
    assert ApiKey.objects.get().revoked_at is not None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"team": "nobody", "name": "bot"}, 404),
        ({"team": "support", "name": ""}, 422),
        ({"team": "support", "name": "   "}, 422),
        ({"team": "support", "name": "bot", "expires_at": "2020-01-01T00:00:00Z"}, 422),
        ({"team": "support", "name": "bot", "expires_at": "2030-01-01T00:00:00"}, 422),
        ({"team": "support", "name": "bot", "expires_at": "9999-12-31T23:59:00-14:00"}, 422),
        ({"team": "support", "name": "bot", "expires_at": "2200-01-01T00:00:00Z"}, 422),
        ({"team": "support", "name": "b\0t"}, 422),
        ({"team": "support"}, 422),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(api, body, status):
    response = api.post("/keys", **body)

    assert response.status_code == status
    assert not ApiKey.objects.exists()


def test_a_viewer_reads_and_changes_nothing(api, api_as):
    key_id = api.post("/keys", team="support", name="bot").json()["id"]
    viewer = api_as("viewer")

    assert viewer.get("/keys").status_code == 200
    assert viewer.post("/keys", team="support", name="x").status_code == 403
    assert viewer.patch(f"/keys/{key_id}", paused_reason="x").status_code == 403
    assert viewer.delete(f"/keys/{key_id}").status_code == 403


def test_a_key_belongs_to_a_person_until_it_is_given_away(api):
    rows.person("mara@example.org"), rows.person("yuki@example.org")
    made = api.post("/keys", team="support", name="bot", person="Mara@example.org").json()
    api.post("/keys", team="support", name="a service")

    assert made["person"] == "mara@example.org"
    assert [key["id"] for key in api.get("/keys?person=mara@example.org").json()["data"]] == [made["id"]]
    given = api.patch(f"/keys/{made['id']}", person="yuki@example.org").json()
    assert (given["person"], given["requests_per_minute"]) == ("yuki@example.org", None)
    assert api.patch(f"/keys/{made['id']}", requests_per_minute=5).json()["person"] == "yuki@example.org"
    assert api.patch(f"/keys/{made['id']}", person=None).json()["person"] is None
    assert api.patch(f"/keys/{made['id']}", person="nobody@example.org").status_code == 404
    assert [event["action"] for event in api.get("/audit?limit=3").json()["data"]] == [
        "key.assigned",
        "key.limited",
        "key.assigned",
    ]


def test_nobody_who_was_deactivated_gets_a_key(api):
    rows.person("gone@example.org", is_active=False)
    kept = api.post("/keys", team="support", name="bot").json()

    answers = [
        api.post("/keys", team="support", name="new", person="gone@example.org"),
        api.patch(f"/keys/{kept['id']}", person="gone@example.org"),
    ]

    assert [(answer.status_code, answer.json()["error"]["param"]) for answer in answers] == [
        (422, "person"),
        (422, "person"),
    ]
