"""Requests and spending through the management API and the command line's `request`."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from billing import ledger_inserts
from billing.models import Attempt, UsageRecord
from billing.overshoot_models import Overshoot
from llmhub.cli.main import run
from llmhub.lib import clock, ids
from llmhub.people.models import Team, User

pytestmark = pytest.mark.django_db
MAKER = ids.IdMaker(worker=7)


def record(**columns) -> UsageRecord:
    """One request with one attempt, both of this cost."""
    row_id = MAKER.next()
    cost = columns.setdefault("cost_nano", 1_230_000)
    columns = {"requested": "acme/small-1", "status": "ok", "http_status": 200, "attempts": 1} | columns
    Attempt.objects.create(
        id=MAKER.next(),
        usage_id=row_id,
        number=1,
        status=columns["status"],
        cost_nano=cost,
        started_at_ms=clock.unix_ms(),
    )
    with connection.cursor() as cursor:
        ledger_inserts.mark_dirty(cursor, [row_id])
    return UsageRecord.objects.create(id=row_id, **columns)


def test_a_request_is_shown_with_its_exact_cost_and_its_calls(api_as):
    row = record(cost_nano=1_230_001, cost_source="computed")

    shown = api_as("viewer").get(f"/usage/{ids.request_id(row.pk)}").json()

    assert (shown["cost"], shown["cost_source"]) == ("0.001230001", "computed")
    assert [call["cost"] for call in shown["calls"]] == ["0.001230001"]


def test_what_a_call_cost_beyond_what_was_held_is_shown_and_listed(api_as, capsys):
    row, other = record(), record()
    Overshoot.objects.create(id=row.pk, held_nano=1_000_000, charged_nano=1_230_000)

    viewer, name = api_as("viewer"), ids.request_id(row.pk)

    assert viewer.get(f"/usage/{name}").json()["overshoot"] == "0.00023"
    assert viewer.get(f"/usage/{ids.request_id(other.pk)}").json()["overshoot"] is None
    assert [each["id"] for each in viewer.get("/usage?wasted=overshot").json()["data"]] == [name]
    assert run(["request", "list", "--overshot", "--json"]) == 0
    assert [each["id"] for each in json.loads(capsys.readouterr().out)] == [name]


def test_an_unknown_cost_is_null_never_0(api_as):
    record(cost_nano=None, unpriced_reason="the offer has no price")
    record(cost_nano=0)

    listed = api_as("viewer").get("/usage").json()["data"]

    assert [row["cost"] for row in listed] == ["0", None]
    assert listed[1]["unpriced_reason"] == "the offer has no price"


def test_requests_come_newest_first_a_page_at_a_time(api_as):
    made = [ids.request_id(record().pk) for _ in range(5)]
    api = api_as("viewer")

    first = api.get("/usage?limit=3").json()
    second = api.get(f"/usage?limit=3&cursor={first['next_cursor']}").json()

    assert [row["id"] for row in first["data"] + second["data"]] == made[::-1]
    assert second["next_cursor"] == ""


def test_requests_are_filtered(api_as):
    team = Team.objects.create(slug="support", name="Support")
    mine = record(team_id=team.pk)
    record(status="error", error_code="upstream_unavailable")
    api = api_as("viewer")

    assert [row["id"] for row in api.get("/usage?team=support").json()["data"]] == [ids.request_id(mine.pk)]
    assert len(api.get("/usage?status=error").json()["data"]) == 1
    assert len(api.get("/usage?code=upstream_unavailable").json()["data"]) == 1
    assert api.get("/usage?team=nobody").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x", "cursor=-1", "cursor=99999999999999999999", "limit=0", "limit=9999", "key=-1",
        "key=99999999999999999999", "since=yesterday", "since=2026-01-01T00:00:00",
        "since=9999-12-31T23:59:59Z", "since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z",
    ],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_422(api_as, query):
    assert api_as("viewer").get(f"/usage?{query}").status_code == 422


def test_a_range_before_there_was_anything_is_empty(api_as):
    answer = api_as("viewer").get("/usage?since=0001-01-01T00:00:00Z&until=0001-01-02T00:00:00Z")

    assert answer.status_code == 200
    assert answer.json()["data"] == []


@pytest.mark.parametrize("name", ["req_0", "req_zz", "nonsense", "req_ffffffffffffffffff"])
def test_a_request_that_is_none_is_404(api_as, name):
    assert api_as("viewer").get(f"/usage/{name}").status_code == 404


def test_the_overview_adds_up(api_as):
    for nano in (1_000_000, 2_000_000, None):
        record(cost_nano=nano)
    record(status="error", cost_nano=0)

    shown = api_as("viewer").get("/reports/overview").json()

    assert shown["today"] == {
        "spend": "0.003",
        "requests": 4,
        "errors": 1,
        "unpriced": 1,
        "refusals": 0,
    }
    assert shown["days"][-1]["spend"] == "0.003"
    assert shown["month"] == shown["today"]


def test_refusals_are_listed_with_their_reason_and_counted_beside_requests(api_as, capsys):
    told = {"requested": "nobody", "reason": "There is no model 'nobody'", "cost_nano": 0, "http_status": 404}
    row = record(status="refused", error_code="model_not_found", refusals=17, **told)
    record()
    api = api_as("viewer")

    (shown,) = api.get("/usage?status=refused").json()["data"]
    overview = api.get("/reports/overview").json()
    run(["request", "list", "--status", "refused", "--code", "model_not_found", "--json"])
    (listed,) = json.loads(capsys.readouterr().out)

    assert shown["id"] == ids.request_id(row.pk)
    assert (shown["refusals"], shown["reason"], shown["cost"]) == (17, "There is no model 'nobody'", "0")
    assert listed | {"at": ""} == shown | {"at": ""}
    assert (overview["today"]["requests"], overview["today"]["refusals"]) == (1, 17)
    assert overview["refusals"] == [{"code": "model_not_found", "refusals": 17}]


def test_the_command_line_shows_the_same(capsys):
    row = record(cost_nano=1_230_001)

    run(["request", "show", ids.request_id(row.pk), "--json"])

    assert json.loads(capsys.readouterr().out)["cost"] == "0.001230001"
    assert run(["request", "list"]) == 0
    assert "0.001230001" in capsys.readouterr().out
    assert run(["request", "show", "req_0"]) == 1


def test_requests_of_a_person_are_those_made_with_their_keys(api_as, capsys):
    person = User.objects.create(email="mara@example.org")
    mine = ids.request_id(record(person_id=person.pk).pk)
    record()
    api = api_as("viewer")

    (shown,) = api.get("/usage?person=Mara@example.org").json()["data"]

    assert (shown["id"], shown["person"]) == (mine, "mara@example.org")
    assert api.get("/usage?person=nobody@example.org").status_code == 404
    assert run(["request", "list", "--person", "mara@example.org", "--json"]) == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)] == [mine]
    assert [part["name"] for part in api.get("/reports/overview").json()["people"]] == ["mara@example.org"]
