"""Budgets of a provider move with a fallback, before its attempt."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.gateway import budgets


def test_each_provider_is_charged_for_its_own_attempts(gateway, simulator):
    model = gateway.make(at=[simulator.path("status/500"), simulator.path("tokens/20")])
    first = budgets.add(model, "1", scope="provider")
    second = budgets.add(model, "1", scope="provider", name=model.providers[1])
    team = budgets.add(model, "1")

    status, headers, _ = budgets.ask(model)

    cost = round(float(headers["x-llmhub-cost"]) * 10**9)
    assert (status, headers["x-llmhub-attempts"]) == (200, "2")
    assert budgets.standing(model, first) == (0, 0)
    assert budgets.standing(model, second) == budgets.standing(model, team) == (cost, 0)


def test_a_fallback_that_does_not_fit_is_dropped_and_the_next_is_tried(gateway, simulator):
    model = gateway.make(
        at=[simulator.path("status/500"), simulator.path(tag="too-dear"), simulator.path("tokens/20")]
    )
    budgets.add(model, "0.000001", scope="provider", name=model.providers[1])

    status, headers, _ = budgets.ask(model)

    assert (status, headers["x-llmhub-provider"]) == (200, model.providers[2])
    assert simulator.hits("too-dear") == []
    assert gateway.reservations() == 0


def test_a_first_candidate_that_does_not_fit_is_dropped_too(gateway, simulator):
    model = gateway.make(at=[simulator.path(tag="full"), simulator.path("tokens/20")])
    budgets.add(model, "0", scope="provider")

    status, headers, _ = budgets.ask(model)

    assert (status, headers["x-llmhub-provider"], headers["x-llmhub-attempts"]) == (
        200,
        model.providers[1],
        "1",
    )
    assert simulator.hits("full") == []


@pytest.mark.parametrize(("attempts", "status"), [(1.1, 502), (2, 200)])
def test_an_attempt_that_was_charged_and_the_next_one_fit_together_or_the_next_is_not_made(
    gateway, simulator, attempts, status
):
    model = gateway.make(at=[simulator.path("garbage"), simulator.path("tokens/20", tag=f"after-{status}")])
    size = len(json.dumps(budgets.BODY | {"model": model.name}))
    bound = (size + 50) * 1500 + budgets.BODY["max_tokens"] * 6000
    cap = int(bound * attempts)
    budget_id = budgets.add(model, str(Decimal(cap) / 10**9))

    answered, _, _ = budgets.ask(model)

    record = gateway.records(model)[0]
    assert answered == record.http_status == status
    assert len(simulator.hits(f"after-{status}")) == record.attempts - 1 == (status == 200)
    assert 0 < record.cost_nano <= cap
    assert budgets.standing(model, budget_id) == (record.cost_nano, 0)


def test_what_a_failed_attempt_cost_stays_held_while_the_fallback_runs(gateway, simulator):
    """A stream that breaks off before its content has used its input."""
    model = gateway.make(at=[simulator.path("status/500"), simulator.path("latency/400", "tokens/20")])
    budget_id = budgets.add(model, "0.000500", scope="team")

    answers = budgets.crowd([gateway], model, clients=5)

    spent, held = budgets.standing(model, budget_id)
    assert held == 0
    assert spent <= 500_000
    assert {status for status, _, _ in answers} <= {200, 402}


def test_after_a_limit_a_fallback_that_does_not_fit_is_looked_at_once(gateway, simulator):
    """Its credential was never used, and is no reason to come back to it."""
    at = [simulator.path("status/429"), simulator.path(tag="too-dear-for-it")]
    model = gateway.make(at=at, secret="our-secret")
    budget_id = budgets.add(model, "0.000001", scope="provider", name=model.providers[1])

    status, headers, _ = budgets.ask(model)

    assert (status, headers["x-llmhub-attempts"]) == (429, "1")
    assert simulator.hits("too-dear-for-it") == []
    passed = json.loads(gateway.records(model)[0].plan)["passed"]
    assert [each[1:] for each in passed] == [["over_budget", budget_id]]
