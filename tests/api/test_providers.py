"""Providers through the management API, against a server on a real port."""

from __future__ import annotations

import pytest

from llmhub.audit.models import AuditEvent
from providers.models import Credential, Provider

pytestmark = pytest.mark.django_db
SECRET = "sk-canary-5f1d0c9b7a"


@pytest.fixture
def api(api_as):
    return api_as("admin")


@pytest.fixture
def lab(api, simulator):
    api.post("/providers", slug="lab", name="Lab", base_url=f"{simulator.url}/v1")
    return Provider.objects.get(slug="lab")


def test_a_provider_is_added_and_shown(api, simulator):
    made = api.post("/providers", slug="lab", name="Lab", base_url=f"{simulator.url}/v1")

    assert made.status_code == 201, made.content
    assert api.get("/providers/lab").json() == made.json()
    assert made.json()["credentials"] == []


def test_a_check_says_what_it_found(api, lab):
    checked = api.post("/providers/lab/checks").json()

    assert checked["check_outcome"] == "ok"
    assert checked["checked_at"]


def test_a_credential_is_write_only(api, lab):
    answer = api.client.put(
        "/api/v1/providers/lab/credentials/default", {"secret": SECRET}, content_type="application/json"
    )

    shown = answer.content + api.get("/providers").content + api.get("/providers/lab").content
    assert answer.json()["credentials"][0]["hint"] == SECRET[-4:]
    assert SECRET.encode() not in shown
    assert SECRET not in Credential.objects.get().sealed
    assert not [event for event in AuditEvent.objects.all() if SECRET in f"{event.before}{event.after}"]


def test_a_new_base_url_clears_the_credential(api, lab, simulator):
    put = api.client.put
    put("/api/v1/providers/lab/credentials/default", {"secret": SECRET}, content_type="application/json")

    api.patch("/providers/lab", base_url=f"{simulator.url}/latency/1/v1")

    assert not Credential.objects.exists()


def test_a_provider_is_paused_and_resumed(api, lab):
    assert api.patch("/providers/lab", paused_reason="bills").json()["paused_reason"] == "bills"
    assert api.patch("/providers/lab", paused_reason="").json()["paused_reason"] == ""


def test_a_removed_provider_is_gone_from_the_list(api, lab):
    assert api.delete("/providers/lab").status_code == 204

    assert "lab" not in [row["slug"] for row in api.get("/providers").json()["data"]]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"base_url": "ftp://example.com"}, "base_url"),
        ({"base_url": "http://169.254.169.254/v1"}, "base_url"),
        ({"kind": "nonsense"}, "kind"),
        ({"slug": "Bad Slug"}, "slug"),
        ({"slug": "add"}, "slug"),
        ({"dialect": "morse"}, "dialect"),
    ],
)
def test_a_provider_that_makes_no_sense_is_refused_with_its_field(api, simulator, change, param):
    body = {"slug": "lab", "name": "Lab", "base_url": f"{simulator.url}/v1"} | change

    response = api.post("/providers", **body)

    assert response.status_code == 422
    assert response.json()["error"]["param"] == param


def test_a_viewer_changes_nothing(api_as, lab):
    viewer = api_as("viewer")

    assert viewer.get("/providers").status_code == 200
    for refused in (
        viewer.post("/providers", slug="x", name="x"),
        viewer.patch("/providers/lab", name="x"),
        viewer.delete("/providers/lab"),
        viewer.post("/providers/lab/checks"),
    ):
        assert refused.status_code == 403
