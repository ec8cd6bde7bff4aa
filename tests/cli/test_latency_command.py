"""`llmhub provider latency` and the score of `provider list`."""

from __future__ import annotations

import json

import pytest

from tests.api.test_providers import counted
from tests.billing import rows

pytestmark = pytest.mark.django_db


def test_it_lists_what_calls_took_with_the_score(llmhub):
    lab = rows.provider()
    assert "no call in the last 24 hours" in llmhub("provider", "latency")[1]
    counted(lab, 100)

    found = json.loads(llmhub("provider", "latency", "lab", "--hours", "2", "--json")[1])

    assert [(row["model"], row["calls"], row["failed"], row["score"]) for row in found] == [
        ("acme/small-1", 100, 0, "95.6")
    ]
    assert json.loads(llmhub("provider", "list", "--json")[1])[0]["score"] == "95.6"
    assert llmhub("provider", "latency", "--hours", "200")[0] == 2
