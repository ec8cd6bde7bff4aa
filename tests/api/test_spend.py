"""Reports of spend and savings through the management API and the command line."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from llmhub.cli.main import run
from llmhub.lib import clock
from tests.billing import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def spent():
    """Three keys of team Support and a call without a team, made a moment ago."""
    at, team = clock.now() - timedelta(minutes=1), rows.team()
    for number, cost in enumerate((3, 20, 100), start=1):
        key = rows.key(team, f"bot-{number}")
        rows.usage(at, cost_nano=cost, team_id=team.pk, key_id=key.pk, cost_source="reported")
    rows.usage(at, cost_nano=1000, status="error", cost_source="estimated")
    return team


def test_parts_add_up_to_the_total_in_exact_usd(api_as, spent):
    found = api_as("viewer").get("/reports/spend?group_by=key&limit=2").json()

    assert [(each["name"], each["total"]["spend"]) for each in found["data"]] == [
        ("No key", "0.000001"),
        ("bot-3", "0.0000001"),
    ]
    assert found["everything_else"]["total"]["spend"] == "0.000000023"
    assert (found["total"]["spend"], found["others"], found["total"]["errors"]) == ("0.000001123", 2, 1)
    assert found["coverage"] == round(123 / 1123, 6)
    assert (len(found["intervals"]), len(found["data"][0]["points"])) == (30, 30)


def test_a_cursor_goes_on_where_the_page_ended(api_as, spent):
    api = api_as("viewer")
    names, cursor = [], ""
    for _ in range(4):
        page = api.get(f"/reports/spend?group_by=key&limit=1&cursor={cursor}").json()
        names += [each["name"] for each in page["data"]]
        cursor = page["next_cursor"]

    assert names == ["No key", "bot-3", "bot-2", "bot-1"]
    assert page["total"]["spend"] == "0.000001123"


def test_filters_zone_and_interval(api_as, spent):
    found = (
        api_as("viewer")
        .get(
            "/reports/spend?team=support&zone=Asia/Kathmandu&interval=month&measure=requests&source=reported"
        )
        .json()
    )

    assert found["since"].endswith("+05:45")
    assert (found["total"]["requests"], found["data"][0]["value"]) == (3, "support")


@pytest.mark.parametrize(
    "query",
    [
        "group_by=colour", "measure=x", "interval=minute", "since=2026-13-01", "zone=Mars", "team=nobody",
        "cursor=x", "cursor=1:x", "cursor=99999999999999999999:1", "tag=a", "tag=nope=1", "limit=0",
        "interval=hour&since=2025-01-01", "until=0001-01-01",
    ],
)  # fmt: skip
def test_what_means_nothing_is_a_422_with_the_reason(api_as, query):
    answer = api_as("viewer").get(f"/reports/spend?{query}")

    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["message"]


def test_savings(api_as, spent):
    found = api_as("viewer").get("/reports/savings").json()

    assert {each["rule"]: each["amount"] for each in found["rules"]} == {
        "retried": "0",
        "failed": "0.000001",
        "cut": "0",
        "repeated": "0",
    }
    assert api_as("viewer").get("/reports/savings?since=x").status_code == 422


def test_the_command_says_the_same(capsys, spent):
    assert run(["spend", "--by", "key", "--only", "team=support", "--days", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in found["data"]] == ["bot-3", "bot-2", "bot-1"]

    assert run(["spend"]) == 0
    assert "No team" in capsys.readouterr().out
    assert run(["savings"]) == 0
    assert "0.000001 of 0.000001123 USD were paid for nothing" in capsys.readouterr().out
    assert run(["spend", "--by", "colour"]) == 1
    assert "is no dimension" in capsys.readouterr().err


def test_what_moved_is_told_to_programs_and_by_command(api_as, capsys, spent):
    found = api_as("viewer").get("/reports/movers").json()["data"]

    assert [(each["group_by"], each["name"], each["difference"]) for each in found] == [
        ("team", "Support", "0.000000123"),
        ("key", "bot-3", "0.0000001"),
        ("key", "bot-2", "0.00000002"),
        ("key", "bot-1", "0.000000003"),
    ]
    assert api_as("viewer").get("/reports/movers?zone=Mars").status_code == 422
    assert run(["movers", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == found
