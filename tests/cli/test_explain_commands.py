from __future__ import annotations

import json

import pytest

from billing.budget import create_budget
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import ids
from tests.billing.planned import planned_request

pytestmark = pytest.mark.django_db


@pytest.fixture
def made():
    return planned_request()


def test_the_command_says_it_and_exits_1_where_it_would_be_refused(llmhub, made, tmp_path):
    body = tmp_path / "body.json"
    body.write_text('{"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 10}')

    code, said, _ = llmhub("explain", "--model", "support", "--policy", "cost", "--body", str(body))
    plan = json.loads(llmhub("explain", "--model", "support", "--json")[1])
    create_budget(actor=COMMAND_LINE, scope="organisation", name="", per="day", cap="0")
    refused = llmhub("explain", "--model", "support")

    assert code == 0
    assert "order by cost" in said
    assert "goes here" in said
    assert plan["goes_to"] == 0
    assert refused[0] == 1
    assert "budget_exceeded" in refused[2]


def test_request_show_says_why_here(llmhub, made):
    said = llmhub("request", "show", ids.request_id(made.pk))[1]

    for shown in ("why here", "Failed: upstream_timeout", "Passed over", "left out", "acme/blind-1"):
        assert shown in said
