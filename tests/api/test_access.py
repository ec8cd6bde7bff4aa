"""Who gets into the management API, and in what shape it refuses."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from pydantic import BaseModel

from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from llmhub.lib.rest import Input, Output
from llmhub.people.models import ServiceKey, Team
from llmhub.people.service_key import create_service_key

pytestmark = pytest.mark.django_db


def bearer(token: str) -> Client:
    return Client(headers={"authorization": f"Bearer {token}"})


def test_without_a_key_it_says_which_key_is_needed(client):
    response = client.get("/api/v1/teams")

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "not_signed_in"
    assert "llms_" in response.json()["error"]["remedies"][0]


def test_a_service_key_opens_it(api_as):
    assert api_as("viewer").get("/teams").json() == {"data": [], "next_cursor": ""}


@pytest.mark.parametrize("end", ["revoked_at", "expires_at"])
def test_an_ended_service_key_is_no_key(end):
    key, token = create_service_key(actor=COMMAND_LINE, name="ci", role="owner")
    assert bearer(token).get("/api/v1/teams").status_code == 200

    ServiceKey.objects.filter(pk=key.pk).update(**{end: clock.now() - timedelta(seconds=1)})

    assert bearer(token).get("/api/v1/teams").status_code == 401


@pytest.mark.parametrize(
    ("role", "path", "expected"),
    [
        ("viewer", "/teams", 403),
        ("admin", "/teams", 201),
        ("admin", "/people", 403),
        ("owner", "/people", 201),
        ("viewer", "/service-keys", 403),
        ("admin", "/service-keys", 201),
        ("owner", "/service-keys", 201),
    ],
)
def test_a_role_reaches_as_far_as_it_should(api_as, role, path, expected):
    body = {"name": "Support"} if path != "/people" else {"email": "new@example.com"}

    response = api_as(role).post(path, **body)

    assert response.status_code == expected


def test_a_session_needs_the_csrf_token_to_change_something(signed_in):
    browser = signed_in("owner", enforce_csrf_checks=True)

    refused = browser.post("/api/v1/teams", {"name": "Support"}, content_type="application/json")

    assert refused.status_code == 403
    assert not Team.objects.exists()
    assert browser.get("/api/v1/teams").status_code == 200


def test_an_unknown_field_is_named(api_as):
    response = api_as("owner").post("/teams", name="Support", colour="red")

    assert response.status_code == 422
    assert response.json()["error"]["param"] == "colour"
    assert not Team.objects.exists()


@pytest.mark.parametrize("cursor", ["x", "Ω" * 40, "-"])
def test_a_made_up_cursor_is_no_server_error(api_as, cursor):
    assert api_as("owner").get(f"/service-keys?cursor={cursor}").status_code == 422


@pytest.mark.parametrize(
    "body", ["{", "[]", "null", '"x"', '{"name": 1e999}', '{"name": "' + "x" * 200 + '"}']
)
def test_a_bad_body_is_refused_with_a_reason(api_as, body):
    response = api_as("owner").client.post("/api/v1/teams", body, content_type="application/json")

    assert response.status_code in {400, 422}
    assert response.json()["error"]["message"]


def test_what_is_not_there_is_a_404_in_the_same_shape(api_as):
    response = api_as("owner").delete("/service-keys/999")

    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"


def test_lists_come_a_page_at_a_time(api_as):
    api = api_as("owner")
    for number in range(5):
        api.post("/teams", name=f"Team {number}")

    first = api.get("/teams?limit=2").json()
    second = api.get(f"/teams?limit=2&cursor={first['next_cursor']}").json()

    assert [team["slug"] for team in first["data"] + second["data"]] == [
        "team-0",
        "team-1",
        "team-2",
        "team-3",
    ]


def test_a_key_is_in_the_answer_that_made_it_and_never_again(api_as):
    api = api_as("owner")

    made = api.post("/service-keys", name="ci", role="viewer").json()

    assert made["key"].startswith("llms_")
    assert made["key"] not in api.get("/service-keys").content.decode()
    assert not ServiceKey.objects.filter(digest=made["key"]).exists()


def test_the_schema_is_served_here(api_as, signed_in):
    schema = signed_in("viewer").get("/api/v1/openapi.json").json()

    assert schema["paths"]["/api/v1/teams"]["post"]
    assert signed_in("viewer").get("/api/v1/docs").status_code == 200


def shapes(of: type[BaseModel]) -> set[type[BaseModel]]:
    return {each for child in of.__subclasses__() for each in {child, *shapes(child)}}


@pytest.mark.parametrize("kind", [Input, Output])
def test_no_two_shapes_have_one_name(kind):
    names = [each.__name__ for each in shapes(kind) if not each.__module__.startswith("tests.")]

    assert sorted({name for name in names if names.count(name) > 1}) == []  # one would stand for both


@pytest.mark.parametrize("path", ["openapi.json", "docs"])
def test_a_program_with_a_wrong_key_is_told_so_and_a_person_signs_in(client, path):
    wrong = client.get(f"/api/v1/{path}", headers={"Authorization": "Bearer llms_wrong"})

    assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "not_signed_in")
    assert client.get(f"/api/v1/{path}")["Location"].startswith("/sign-in/")


def test_an_address_with_nul_is_refused_in_the_shape_of_errors(api_as):
    refused = api_as("viewer").get("/usage?cursor=%00")

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "malformed")
