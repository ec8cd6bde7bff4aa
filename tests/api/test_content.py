"""Content in the management API."""

from __future__ import annotations

import pytest

from llmhub.lib import clock, ids
from tests.billing import rows, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def support():
    return rows.team()


def test_it_is_switched_on_shown_and_off(api_as, support):
    owner, today = api_as("owner"), clock.now().date().isoformat()

    on = owner.put("/teams/support/content", until=today, reason="Ticket 12").json()

    assert (on["on"], on["until"], on["reason"], on["kept"]) == (True, today, "Ticket 12", 0)
    assert [row["team"] for row in api_as("viewer").get("/contents").json()["data"]] == ["support"]
    said.call(support)
    assert owner.get("/teams/support/content").json()["kept"] == 1
    assert owner.delete("/teams/support/content?keep=true").json() == {"deleted": 0}
    assert owner.delete("/teams/support/content").json() == {"deleted": 1}
    assert owner.get("/contents").json()["data"] == []


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_only_an_owner_switches_it(api_as, support, role):
    api = api_as(role)

    assert api.put("/teams/support/content", until="2026-12-01", reason="x").status_code == 403
    assert api.delete("/teams/support/content").status_code == 403
    assert api.get("/teams/support/content").json()["on"] is False


def test_a_day_too_far_ahead_is_refused_with_the_reason(api_as, support):
    refused = api_as("owner").put("/teams/support/content", until="2099-01-01", reason="x")

    assert refused.status_code == 422
    assert "at most 90 days" in refused.text


def test_where_it_is_forbidden_it_is_refused(api_as, support, settings):
    settings.CONTENT_ALLOWED = False
    today = clock.now().date().isoformat()

    refused = api_as("owner").put("/teams/support/content", until=today, reason="x")

    assert refused.status_code == 422
    assert "LLMHUB_CONTENT=off" in refused.text


def test_what_was_said_is_for_who_may_read_it(api_as, support, settings):
    said.keep(support)
    path = f"/usage/{ids.request_id(said.call(support).pk)}/content"

    found = api_as("admin").get(path).json()

    assert "order 7" in found["request"]
    assert (found["answer_is_cut"], found["answer_bytes"]) == (False, len(found["answer"]))
    refused = api_as("viewer").get(path)
    assert refused.status_code == 403
    assert "order 7" not in refused.text
    settings.LLMHUB_SECRET_KEYS = ["n" * 40]
    assert api_as("admin").get(path).status_code == 422


def test_of_what_is_not_kept_there_is_nothing(api_as, support):
    record = said.call(support)
    api = api_as("owner")

    assert api.get(f"/usage/{ids.request_id(record.pk)}/content").status_code == 404
    assert api.get("/usage/nothing/content").status_code == 404
    assert "order 7" not in api.get(f"/usage/{ids.request_id(record.pk)}").text
