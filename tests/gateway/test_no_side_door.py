"""R-11: nothing reaches a provider around the budgets; R-04: nothing reaches one unmetered."""

from __future__ import annotations

import json

import pytest

from routing.gateway import app
from tests.gateway import budgets
from tests.gateway.test_refusals import post

BODIES = {  # a valid body for each endpoint that takes one
    "/v1/chat/completions": budgets.BODY,
    "/v1/messages": budgets.BODY | {"max_tokens": 20},
    "/v1/messages/count_tokens": {"messages": budgets.BODY["messages"]},
    "/v1/embeddings": {"input": "Hello"},
    "/v1/explain": budgets.BODY,
    "/v1/estimate": budgets.BODY,
}


# Counted by a messages provider only, embedded by a chat provider only.
ROUTES = [
    pytest.param(endpoint, dialect, id=f"{endpoint.name} {dialect}")
    for endpoint in app._ENDPOINTS
    for dialect in ("chat", "messages")
    if (endpoint.name, dialect) not in {("/v1/messages/count_tokens", "chat"), ("/v1/embeddings", "messages")}
    if endpoint.reaches_providers or dialect == "chat"
]


@pytest.fixture(scope="module")
def models(gateway, simulator):
    at = {dialect: [(dialect, simulator.path(tag="side-door"))] for dialect in ("chat", "messages")}
    return gateway.make_all({dialect: {"at": where} for dialect, where in at.items()})


def call(model, endpoint) -> tuple[int, dict]:
    body = json.dumps(BODIES.get(endpoint.name, {}) | {"model": model.name})
    path = endpoint.name.replace("{id}", model.name)
    status, _, answer = post(
        model.gateway, body, path=path, method=endpoint.method, authorization=f"Bearer {model.key}"
    )
    return status, answer


@pytest.mark.parametrize(("endpoint", "dialect"), ROUTES)
def test_no_endpoint_reaches_a_provider_on_an_exhausted_budget(simulator, models, endpoint, dialect):
    model = models[dialect]
    reached = _hits_of(simulator, model, endpoint)
    budget_id = budgets.add(model, "0")

    status, answer = call(model, endpoint)
    refused = (status, answer.get("error", {}).get("code")) == (402, "budget_exceeded")
    sent = len(simulator.hits("side-door")) - len(reached)
    budgets.remove(model, budget_id)

    assert bool(reached) == endpoint.reaches_providers
    assert refused == endpoint.reaches_providers
    assert sent == 0


def _hits_of(simulator, model, endpoint) -> list:
    """What the endpoint sends when nothing forbids it: the negative control."""
    simulator.clear()
    call(model, endpoint)
    return simulator.hits("side-door")


def test_every_endpoint_that_takes_a_body_has_one_here():
    assert {each.name for each in app._ENDPOINTS if each.method == "POST"} == BODIES.keys()
