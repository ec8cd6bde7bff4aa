"""`llmhub team content` and `llmhub request content`."""

from __future__ import annotations

import json

import pytest

from llmhub.lib import clock, ids
from tests.billing import rows, said

pytestmark = pytest.mark.django_db


def test_a_team_has_content_kept_until_it_is_switched_off(llmhub):
    team, today = rows.team(), clock.now().date().isoformat()
    assert "kept of no team" in llmhub("team", "content", "show")[1]

    assert llmhub("team", "content", "on", "support", "--until", today, "--reason", "Ticket 12")[0] == 0
    said.call(team)

    assert json.loads(llmhub("team", "content", "show", "support", "--json")[1])["kept"] == 1
    assert "Ticket 12" in llmhub("team", "content", "show")[1]
    assert "content of 1 calls was deleted" in llmhub("team", "content", "off", "support")[1]
    assert "kept of no team" in llmhub("team", "content", "show")[1]


@pytest.mark.parametrize(
    ("until", "code", "says"), [("tomorrow", 2, "invalid date"), ("2099-01-01", 1, "at most 90 days")]
)
def test_a_day_that_cannot_be_is_refused(llmhub, until, code, says):
    rows.team()

    ended, _, error = llmhub("team", "content", "on", "support", "--until", until, "--reason", "x")

    assert says in error
    assert ended == code


def test_what_was_said_is_printed_turn_by_turn(llmhub):
    team = rows.team()
    said.keep(team)
    request_id = ids.request_id(said.call(team).pk)

    code, out, _ = llmhub("request", "content", request_id)

    assert code == 0
    assert "user:\nWhere is <b>order 7</b>?" in out
    assert "assistant:\nOn its way." in out
    assert json.loads(llmhub("request", "content", request_id, "--json")[1])["id"] == request_id


@pytest.mark.parametrize("name", ["nothing", "req_0000000000000001"])
def test_what_is_not_kept_is_said_to_be_so(llmhub, name):
    code, _, error = llmhub("request", "content", name)

    assert code != 0
    assert name in error
