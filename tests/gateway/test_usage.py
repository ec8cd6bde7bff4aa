"""GET /v1/usage: a key sees what it used and what is left, without an account."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.gateway import budgets


@pytest.fixture(scope="module")
def models(gateway, simulator):
    """Two models of two teams, so that each key has calls of its own."""
    at = {"at": [simulator.path("tokens/20", tag="usage")], "prices": ("1.5", "6")}
    return gateway.make_all({"mine": at, "theirs": at})


def test_a_key_sees_its_own_calls_at_once_and_what_is_left_of_its_budgets(gateway, models):
    mine, theirs = models["mine"], models["theirs"]
    budgets.add(mine, "50", scope="key")
    budgets.add(theirs, "7", scope="key")
    cost = mine.ask().headers["x-llmhub-cost"]
    theirs.ask()

    status, shown = gateway.get("/v1/usage", key=mine.key)

    assert status == 200, shown
    assert (shown["today"]["requests"], shown["month"]["requests"]) == (1, 1)
    assert shown["today"]["spend"] == shown["month"]["spend"] == cost
    assert [(each["model"], each["spend"]) for each in shown["month"]["models"]] == [(mine.name, cost)]
    assert [each["cap"] for each in shown["budgets"]] == ["50"]
    (budget,) = shown["budgets"]
    assert (budget["spent"], budget["binds"]) == (cost, True)
    assert Decimal(budget["left"]) == 50 - Decimal(cost)
    assert shown["range"] is None


@pytest.mark.parametrize(
    ("query", "says"),
    [("since=yesterday", "is no day"), ("until=2024-01-01", "ends before"), ("x=1", "not known here")],
)
def test_days_that_make_no_range_are_refused_with_the_reason(gateway, models, query, says):
    status, answer = gateway.get(f"/v1/usage?{query}", key=models["mine"].key)

    assert status == 400
    assert says in answer["error"]["message"]


def test_a_range_is_of_the_days_asked_for_and_strangers_see_nothing(gateway, models):
    asked = gateway.get("/v1/usage?since=2025-01-01&until=2025-01-31", key=models["mine"].key)[1]

    assert (asked["range"]["since"], asked["range"]["requests"]) == ("2025-01-01", 0)
    assert gateway.get("/v1/usage", key="llmh_nobody")[0] == 401
