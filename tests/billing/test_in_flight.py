"""The calls that run now, read from what they hold."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from billing.in_flight import in_flight
from billing.models import Reservation
from llmhub.cli import main
from llmhub.lib import clock, ids
from tests.billing import rows

pytestmark = pytest.mark.django_db


def running(team, *, ago: float = 2.0, lasts: float = 600, **facts) -> Reservation:
    """A call that began some seconds ago."""
    now = clock.now()
    facts = {"team_id": team.pk, "requested": "acme/small-1", "streamed": True, "dialect": "chat"} | facts
    return Reservation.objects.create(
        id=ids.first_at(now - timedelta(seconds=ago)),
        expires_at=int((now + timedelta(seconds=lasts)).timestamp()),
        amount_nano=1_500_000,
        facts=json.dumps(facts),
    )


def test_a_call_is_there_with_whose_it_is_where_it_goes_and_what_it_holds():
    team, entry, lab = rows.team(), rows.entry(), rows.provider()
    key = rows.key(team)
    running(team, key_id=key.pk, entry_id=entry.pk, provider_id=lab.pk, tags={"task": "x"}, cost_nano=7)

    found = in_flight(None, now=clock.now())

    [call] = found.rows
    assert (call.row.team, call.row.key, call.row.entry, call.row.provider) == (team, key, entry, lab)
    assert call.row.record.streamed
    assert (call.held_nano, found.count, found.is_all) == (1_500_000, 1, True)
    assert 1.9 < call.runs.total_seconds() < 4


def test_each_sees_the_calls_of_their_teams_only_the_oldest_first():
    ours, theirs = rows.team("ours"), rows.team("theirs")
    running(theirs, ago=9)
    running(ours, ago=1)
    running(ours, ago=5)

    found = in_flight(frozenset({ours.pk}), now=clock.now(), limit=1)

    assert [call.row.team for call in found.rows] == [ours]
    assert found.rows[0].runs > timedelta(seconds=4)
    assert found.count == 2
    assert not in_flight(frozenset(), now=clock.now()).rows


def test_what_nobody_settled_in_time_runs_no_more():
    running(rows.team(), ago=700, lasts=-5)

    assert not in_flight(None, now=clock.now()).rows


def test_the_page_the_program_and_the_empty_page(signed_in, api_as):
    empty = signed_in("viewer").get("/requests/in-flight/").text
    assert "No call is running" in empty

    running(rows.team())
    page = signed_in("viewer").get("/requests/in-flight/").text
    said = api_as("viewer").get("/usage/in-flight").json()

    for shown in ("acme/small-1", "streamed", "$0.0015", "Support"):
        assert shown in page
    assert "/requests/in-flight/" in signed_in("viewer").get("/requests/").text
    assert said["data"][0]["held"] == "0.0015"
    assert (said["count"], said["data"][0]["team"]) == (1, "support")


def test_the_command_lists_them(capsys):
    assert main.run(["request", "in-flight"]) == 0
    assert "no call is running" in capsys.readouterr().out
    running(rows.team())

    assert main.run(["request", "in-flight", "--json"]) == 0

    assert [row["held"] for row in json.loads(capsys.readouterr().out)] == ["0.0015"]
