"""The audit log as pages, endpoint and command read it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction

from llmhub.audit import log, read
from llmhub.audit.actor import COMMAND_LINE, Actor
from llmhub.audit.models import AuditEvent
from llmhub.audit.read import AuditFilter, check_chain, events
from llmhub.cli.main import run
from llmhub.lib import clock

pytestmark = pytest.mark.django_db
MARA = Actor(kind="user", label="mara@x.test")
FIRST = clock.now() - timedelta(days=9)


@pytest.fixture
def five(db) -> list[AuditEvent]:
    """Five changes, a day apart."""
    said = [
        (MARA, "key.created", "key:1", None, {"name": "bot"}),
        (MARA, "key.revoked", "key:1", {"name": "bot"}, None),
        (COMMAND_LINE, "key.created", "key:12", None, {"name": "<b>two</b>"}),
        (
            COMMAND_LINE,
            "budget.changed",
            "budget:1",
            {"cap": "5.00", "hard": True},
            {"cap": "7.00", "hard": True},
        ),
        (COMMAND_LINE, "organisation.changed", "organisation", {"name": "a"}, {"name": "b"}),
    ]
    made = []
    for day, (actor, action, subject, before, after) in enumerate(said):
        with time_machine.travel(FIRST + timedelta(days=day), tick=False), transaction.atomic():
            made.append(log.record(actor, action, subject, before=before, after=after))
    return made


def found(**wanted) -> list[str]:
    return [row.object for row in events(AuditFilter(**wanted)).rows]


@pytest.mark.parametrize(
    ("wanted", "objects"),
    [
        ({}, ["organisation", "budget:1", "key:12", "key:1", "key:1"]),
        ({"actor": "mara@x.test"}, ["key:1", "key:1"]),
        ({"action": "key"}, ["key:12", "key:1", "key:1"]),
        ({"action": "key.revoked"}, ["key:1"]),
        ({"subject": "key"}, ["key:12", "key:1", "key:1"]),
        ({"subject": "key:1"}, ["key:1", "key:1"]),
        ({"subject": "organisation"}, ["organisation"]),
        ({"since": FIRST + timedelta(days=1), "until": FIRST + timedelta(days=3)}, ["key:12", "key:1"]),
        ({"action": "key", "actor": "command line"}, ["key:12"]),
        ({"action": "nothing"}, []),
    ],
)
def test_a_filter_keeps_what_fits(five, wanted, objects):
    assert found(**wanted) == objects


def test_a_search_looks_at_so_many_and_goes_on_from_there(five, monkeypatch):
    monkeypatch.setattr(read, "MOST_ROWS", 2)

    first = events(AuditFilter(actor="mara@x.test"))
    second = events(AuditFilter(actor="mara@x.test"), after=first.next_cursor)

    assert (first.rows, first.searched_to) == ((), five[2].at)
    assert [row.pk for row in second.rows] == [five[1].pk]
    third = events(AuditFilter(actor="mara@x.test"), after=second.next_cursor)
    assert ([row.pk for row in third.rows], third.next_cursor) == ([five[0].pk], "")


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30])
def test_a_made_up_cursor_is_refused(five, cursor):
    with pytest.raises(ValueError, match="no cursor"):
        events(AuditFilter(), after=cursor)


def test_a_changed_event_is_seen_within_what_is_looked_at(five):
    whole = check_chain()
    AuditEvent.objects.filter(pk=five[1].pk).update(actor="nobody")

    assert (whole.is_whole, whole.checked, whole.head) == (True, 5, five[-1].hash)
    assert check_chain().broken_id == five[1].pk
    assert check_chain(most=4).broken_id == five[1].pk
    newest = check_chain(most=3)
    assert (newest.is_whole, newest.checked, newest.total, newest.first_id) == (True, 3, 5, five[2].pk)


def test_the_page_shows_before_and_after_and_whether_the_log_is_whole(signed_in, five):
    browser = signed_in("viewer")

    page = browser.get("/audit/?action=budget.changed").text
    escaped = browser.get("/audit/?object=key:12").text
    chain = browser.get("/audit/chain/").text
    AuditEvent.objects.filter(pk=five[1].pk).update(actor="nobody")

    assert "cap <del>5.00</del> <ins>7.00</ins>" in page
    assert "hard" not in page.split("audit-rows")[1].split("</tbody>")[0]
    assert "&lt;b&gt;two" in escaped
    assert "Chain whole" in chain
    assert five[-1].hash in chain
    assert "Chain broken" in browser.get("/audit/chain/").text
    assert f"Change {five[1].pk} does not fit" in browser.get("/audit/chain/").text


@pytest.mark.parametrize(
    ("query", "status"),
    [("cursor=x", 404), ("since=2026-02-02&until=2026-01-01", 422), ("since=0001-01-01", 422),
     ("until=9999-12-31", 422), ("cursor=1x", 404)],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_says_so(signed_in, five, query, status):
    assert signed_in("viewer").get(f"/audit/?{query}").status_code == status


def test_the_endpoint_filters_and_checks(api_as, five):
    api = api_as("viewer")

    rows = api.get("/audit?action=key&actor=command%20line").json()["data"]
    chain = api.get("/audit/chain").json()

    assert [row["object"] for row in rows] == ["key:12"]
    assert (chain["whole"], chain["broken_id"]) == (True, None)
    assert api.get("/audit?cursor=x").status_code == 422


def test_the_command_lists_and_verifies(five, capsys):
    assert run(["audit", "list", "--action", "key", "--actor", "mara@x.test", "--json"]) == 0
    assert [row["object"] for row in json.loads(capsys.readouterr().out)] == ["key:1", "key:1"]

    assert run(["audit", "verify"]) == 0
    assert five[-1].hash in capsys.readouterr().out
    AuditEvent.objects.filter(pk=five[3].pk).delete()
    assert run(["audit", "verify"]) == 1
    assert f"broken at change {five[4].pk}" in capsys.readouterr().err
