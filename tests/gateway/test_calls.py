"""Calls through a real gateway to a fake provider, with the real SDK."""

from __future__ import annotations

import json
import urllib.request
from decimal import Decimal

import pytest

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


@pytest.fixture(scope="module")
def model(gateway, simulator):
    """20 output tokens a call, at 1.5 and 6 USD per million tokens."""
    return gateway.make(
        at=[simulator.path("tokens/20", tag="calls")], prices=("1.5", "6"), secret="sk-the-secret-of-p0"
    )


def nano(usage) -> int:
    """What a call costs at 1.5 and 6 USD per million tokens."""
    return int((usage.prompt_tokens * Decimal("1.5") + usage.completion_tokens * 6) * 1000)


def raw_stream(model, **body) -> list[str]:
    """The lines of a stream as they come over the wire."""
    body = {"model": model.name, "messages": [{"role": "user", "content": "Hi"}], "stream": True} | body
    request = urllib.request.Request(
        f"{model.gateway.url}/v1/chat/completions", json.dumps(body).encode(),
        {"authorization": f"Bearer {model.key}", "content-type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode().splitlines()


def test_a_call_is_answered_and_its_cost_recorded_to_the_nano_usd(gateway, model):
    raw = model.ask("What is a hub?")

    answer, record = raw.parse(), gateway.record(raw.headers["x-llmhub-request-id"])
    assert answer.choices[0].message.content
    assert answer.usage.completion_tokens == 20
    assert (record.input_tokens, record.output_tokens) == (answer.usage.prompt_tokens, 20)
    assert record.cost_nano == nano(answer.usage)
    assert Decimal(raw.headers["x-llmhub-cost"]) * 10**9 == nano(answer.usage)
    assert (record.status, record.http_status, record.attempts) == ("ok", 200, 1)
    assert (record.cost_source, record.finish_reason) == ("computed", answer.choices[0].finish_reason)


def test_the_headers_say_who_served(model):
    headers = model.ask().headers

    assert headers["x-llmhub-model"] == model.name
    assert headers["x-llmhub-provider"] == model.providers[0]
    assert headers["x-llmhub-attempts"] == "1"
    assert "x-llmhub-fallback" not in headers


def test_the_provider_gets_its_own_credential_and_model_name_and_nothing_else_of_the_caller(model, simulator):
    simulator.clear()

    model.ask(
        "Hello",
        extra_headers={"x-forwarded-for": "6.6.6.6", "x-secret": "canary", "cookie": "a=b"},
        user="u1",
    )

    hit = simulator.hits("calls")[0]
    body = json.loads(hit["body"])
    assert hit["headers"]["authorization"] == "Bearer sk-the-secret-of-p0"
    assert body["model"] == "sim-small"
    assert body["user"] == "u1"
    assert not {"x-forwarded-for", "x-secret", "cookie", "x-api-key"} & set(hit["headers"])
    assert model.key not in json.dumps(hit)


def test_unknown_fields_and_the_spelling_of_numbers_are_passed_on(model, simulator):
    simulator.clear()
    body = (
        f'{{"model": "{model.name}", "messages": [{{"role": "user", "content": "caf\\u00e9 \\/"}}],'
        ' "temperature": 0.10, "new_field": {"a": 1e5}, "llmhub": {"tags": {"task": "t"}}}'
    )
    request = urllib.request.Request(
        f"{model.gateway.url}/v1/chat/completions", body.encode(),
        {"x-api-key": model.key, "content-type": "application/json"},
    )  # fmt: skip
    urllib.request.urlopen(request, timeout=10).close()

    sent = simulator.hits("calls")[0]["body"]
    assert '"temperature":0.10' in sent
    assert '"new_field":{"a": 1e5}' in sent
    assert "caf\\u00e9 \\/" in sent
    assert "llmhub" not in sent


def test_a_stream_has_the_content_and_no_usage_chunk_that_nobody_asked_for(gateway, model):
    chunks = list(model.stream("Tell me"))

    record = gateway.records(model)[-1]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks)  # an ordinary client loop
    assert all(chunk.usage is None for chunk in chunks)
    assert (record.status, record.streamed, record.output_tokens) == ("ok", True, 20)
    assert record.ttft_ms is not None
    assert record.cost_source == "computed"


def test_a_stream_has_usage_with_its_cost_where_it_was_asked_for(gateway, model):
    chunks = list(model.stream("Tell me", stream_options={"include_usage": True}))

    usage = chunks[-1].usage
    record = gateway.record(usage.llmhub["request_id"])
    assert chunks[-1].choices == []
    assert Decimal(usage.llmhub["cost"]) * 10**9 == nano(usage) == record.cost_nano


def test_the_cost_of_a_stream_is_a_comment_before_the_end_marker(gateway, model):
    lines = [line for line in raw_stream(model) if line]

    comment = json.loads(lines[-2].removeprefix(": llmhub "))
    assert lines[-1] == "data: [DONE]"
    assert Decimal(comment["cost"]) * 10**9 == gateway.record(comment["request_id"]).cost_nano


def test_a_tool_call_goes_both_ways(model):
    raw = model.ask("Weather in Paris?", tools=[WEATHER])
    streamed = [
        call
        for chunk in model.stream("Weather in Paris?", tools=[WEATHER])
        for choice in chunk.choices
        for call in choice.delta.tool_calls or []
    ]

    call = raw.parse().choices[0].message.tool_calls[0]
    assert call.function.name == streamed[0].function.name == "weather"
    assert json.loads(call.function.arguments) == json.loads("".join(c.function.arguments for c in streamed))


def test_tags_and_session_are_recorded(gateway, model):
    headers = {"x-llmhub-tags": "task=summary,app=web", "x-llmhub-session": "s-1"}

    raw = model.ask(extra_headers=headers)

    record = gateway.record(raw.headers["x-llmhub-request-id"])
    assert record.tags == {"task": "summary", "app": "web"}
    assert record.session == "s-1"


def test_a_finished_request_is_shown_to_its_own_team_only(gateway, model):
    other = gateway.make(at=[])
    request_id = model.ask().headers["x-llmhub-request-id"]

    status, shown = gateway.get(f"/v1/requests/{request_id}", key=model.key)

    record = gateway.record(request_id)
    assert status == 200
    assert Decimal(shown["cost"]) * 10**9 == record.cost_nano
    assert (shown["status"], shown["usage"]["output_tokens"]) == ("ok", 20)
    assert gateway.get(f"/v1/requests/{request_id}", key=other.key)[0] == 404
    assert gateway.get("/v1/requests/req_1", key=model.key)[1]["error"]["code"] == "request_not_found"


def test_its_caller_sees_what_a_request_costs_after_a_correction(gateway, model):
    from billing import adjustment
    from llmhub.audit.actor import COMMAND_LINE

    request_id = model.ask().headers["x-llmhub-request-id"]
    post = {"request": request_id, "amount": "0.25", "reason": "typo", "once": request_id}
    gateway.change(lambda: adjustment.post(actor=COMMAND_LINE, **post))

    shown = gateway.get(f"/v1/requests/{request_id}", key=model.key)[1]

    assert Decimal(shown["corrected_cost"]) - Decimal(shown["cost"]) == Decimal("0.25")


def test_an_unpriced_call_has_an_unknown_cost_and_not_zero(gateway, simulator):
    model = gateway.make(at=[simulator.path()], prices=None)

    raw = model.ask()

    record = gateway.record(raw.headers["x-llmhub-request-id"])
    assert "x-llmhub-cost" not in raw.headers
    assert (record.cost_nano, record.cost_source) == (None, "unpriced")
    assert record.unpriced_reason


@pytest.mark.parametrize("how", ["none", "negative", "text", "huge", "zero", "no_output"])
def test_usage_that_cannot_be_believed_is_estimated_and_marked(gateway, simulator, how):
    model = gateway.make(at=[simulator.path("tokens/50", f"usage/{how}")])

    raw = model.ask("How much is it?")
    list(model.stream("How much is it?"))

    for record in gateway.records(model):
        assert record.status == "ok"
        assert record.cost_source == "estimated"
        assert 20 <= record.output_tokens <= 250
        assert gateway.attempts(record)[0].usage_estimated
    assert raw.parse().choices


def test_nothing_is_held_when_calls_are_over(gateway, model):
    model.ask()

    assert gateway.reservations() == 0


def test_no_prompt_answer_or_secret_is_logged(gateway, model):
    list(model.stream("prompt-canary-123"))

    assert '"message": "request"' in gateway.log
    for secret in ("prompt-canary-123", model.key, "sk-the-secret-of-p0"):
        assert secret not in gateway.log
