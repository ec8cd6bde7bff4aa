"""A call through a real gateway to a fake provider, with the real SDK."""

from __future__ import annotations

from decimal import Decimal


def test_a_call_is_answered_and_its_cost_recorded_to_the_nano_usd(gateway, simulator):
    model = gateway.make(at=[simulator.path("tokens/20")], prices=("1.5", "6"))

    raw = model.ask("What is a hub?")

    answer = raw.parse()
    record = gateway.record(raw.headers["x-llmhub-request-id"])
    usage = answer.usage
    expected = (Decimal(usage.prompt_tokens) * Decimal("1.5") + usage.completion_tokens * 6) * 1000
    assert answer.choices[0].message.content
    assert (record.input_tokens, record.output_tokens) == (usage.prompt_tokens, usage.completion_tokens)
    assert record.cost_nano == expected
    assert Decimal(raw.headers["x-llmhub-cost"]) * 10**9 == expected
    assert raw.headers["x-llmhub-model"] == model.name
    assert raw.headers["x-llmhub-provider"] == model.providers[0]
    assert raw.headers["x-llmhub-attempts"] == "1"
    assert "x-llmhub-fallback" not in raw.headers
    assert (record.status, record.http_status, record.attempts) == ("ok", 200, 1)
