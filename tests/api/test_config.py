"""The configuration as a file through the API: written, and planned without being applied."""

from __future__ import annotations

import tomllib

import pytest

from llmhub.audit.actor import COMMAND_LINE
from llmhub.people.models import Team
from llmhub.people.team import create_team
from providers.credential import set_credential
from providers.provider import create_provider
from tests.config.applying import every_row

pytestmark = pytest.mark.django_db


def planned(api, text: str | bytes):
    return api.client.post("/api/v1/config/plan", text, content_type="application/toml")


def test_what_is_exported_has_an_empty_plan(api_as):
    lab = create_provider(
        actor=COMMAND_LINE, slug="lab", name="Lab", kind="custom", base_url="http://127.0.0.1:9/v1"
    )
    set_credential(actor=COMMAND_LINE, provider=lab, secret="sk-typed-in-by-hand-0001")
    create_team(actor=COMMAND_LINE, name="Support")
    api = api_as("admin")

    answer = api.get("/config/export")

    assert answer.headers["Content-Type"] == "application/toml; charset=utf-8"
    assert tomllib.loads(answer.text)["teams"] == {"support": {"name": "Support"}}
    assert "sk-typed" not in answer.text
    assert planned(api, answer.text).json()["differences"] == []


def test_a_plan_tells_the_differences_and_writes_nothing(api_as):
    api = api_as("admin")
    before = every_row()

    answer = planned(api, '[teams.support]\n[models."acme/small"]\nreleased = 2026-11-01\n')

    assert answer.status_code == 200
    assert [each["place"] for each in answer.json()["differences"]] == [
        'models."acme/small"',
        "teams.support",
    ]
    assert {"key": "released", "before": None, "after": "2026-11-01"} in answer.json()["differences"][0][
        "steps"
    ]
    assert every_row() == before
    assert not Team.objects.exists()


def test_a_mistake_is_told_with_its_place(api_as):
    answer = planned(api_as("admin"), '[teams.support]\nnmae = "x"\n')

    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["message"].startswith(
        "llmhub.toml:2:1: teams.support.nmae: is unknown: did you mean 'name'?"
    )
    assert error["param"] == "teams.support.nmae"
    assert error["details"]["findings"][0]["line"] == 2


@pytest.mark.parametrize(("body", "status"), [(b"\xff", 400), (b"", 200), (b"x" * 2**21, 413)])
def test_any_body_has_an_answer(api_as, body, status):
    assert planned(api_as("admin"), body).status_code == status


def test_only_who_configures_sees_the_configuration_as_a_file(api_as):
    api = api_as("viewer")

    assert api.get("/config/export").status_code == 403
    assert planned(api, "").status_code == 403
