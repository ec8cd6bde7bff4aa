"""What a call asked for is with its record, as two numbers."""

from __future__ import annotations

import pytest

from billing.asked import needs_in, parameters_in

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


@pytest.fixture(scope="module")
def model(gateway, simulator):
    return gateway.make(at=[simulator.path("tokens/5", tag="asked")])


def test_a_record_says_what_was_asked_and_nothing_of_what_was_said(gateway, model):
    plain = model.ask("Hi, my canary")
    more = model.ask("Hi", tools=[TOOL], temperature=0.5, extra_body={"canary": 1})

    first, second = (gateway.record(raw.headers["x-llmhub-request-id"]) for raw in (plain, more))
    assert (first.needs, first.parameters) == (0, 0)
    assert needs_in(second.needs) == {"tools"}
    assert parameters_in(second.parameters) == {"tools", "temperature", "other"}
