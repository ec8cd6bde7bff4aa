"""When the first candidate fails, the next one serves, as long as the caller has seen nothing."""

from __future__ import annotations

import openai
import pytest

FAILURES = {
    "status/500": "upstream_unavailable",
    "status/503": "upstream_unavailable",
    "status/429": "upstream_rate_limited",
    "status/401": "upstream_refused_credential",
    "status/404": "upstream_refused_credential",
    "reset": "upstream_unavailable",
    "html": "upstream_bad_reply",
    "error_200": "upstream_unavailable",
}
ALONE = {
    "status/400": (400, "upstream_rejected"),
    "status/422": (400, "upstream_rejected"),
    "status/401": (502, "upstream_refused_credential"),
    "status/402": (502, "upstream_refused_credential"),
    "status/403": (502, "upstream_refused_credential"),
    "status/404": (502, "upstream_refused_credential"),
    "status/408": (504, "upstream_timeout"),
    "status/429": (429, "upstream_rate_limited"),
    "status/500": (502, "upstream_unavailable"),
    "status/529": (502, "upstream_unavailable"),
    "status/504": (504, "upstream_timeout"),
}


@pytest.fixture(scope="module")
def models(gateway, simulator):
    """A model for each failure, whose second offer is well; and one where there is no second."""
    two = {f"{way} first": {"at": [simulator.path(way), simulator.path("tokens/5")]} for way in FAILURES}
    one = {f"{way} alone": {"at": [simulator.path(way, tag=way.replace("/", "-"))]} for way in ALONE}
    limited = [simulator.path("retry_after/30", "status/429"), simulator.path("retry_after/7", "status/429")]
    down = [simulator.path("status/503", tag=f"down{number}") for number in range(4)]
    refusing = [simulator.path("status/400"), simulator.path(tag="after-400")]
    reading = [("messages", simulator.path("reads/5")), simulator.path("tokens/5", tag="reads-more")]
    more = {
        "limited": {"at": limited},
        "down": {"at": down},
        "refusing": {"at": refusing},
        "reading": {"at": reading},
    }
    return gateway.make_all(two | one | more)


@pytest.mark.parametrize("way", FAILURES)
def test_the_second_candidate_serves_and_the_headers_say_why(gateway, models, way):
    model = models[f"{way} first"]

    raw = model.ask()

    record = gateway.record(raw.headers["x-llmhub-request-id"])
    attempts = gateway.attempts(record)
    assert raw.headers["x-llmhub-fallback"] == record.fallback_reason == FAILURES[way]
    assert raw.headers["x-llmhub-provider"] == model.providers[1]
    assert raw.headers["x-llmhub-attempts"] == "2"
    assert [attempt.status for attempt in attempts] == ["error", "ok"]
    assert attempts[0].error_code == FAILURES[way]
    may_have_worked = way in {"reset", "html"}  # then its input is charged
    assert (attempts[0].cost_source == "estimated") is may_have_worked
    assert record.cost_nano == (attempts[0].cost_nano or 0) + attempts[1].cost_nano > 0


@pytest.mark.parametrize("way", ["status/500", "reset", "html"])
def test_a_stream_falls_back_before_its_first_byte(gateway, models, way):
    chunks = list(models[f"{way} first"].stream())

    record = gateway.records(models[f"{way} first"])[-1]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert (record.status, record.attempts, record.fallback_reason) == ("ok", 2, FAILURES[way])


@pytest.mark.parametrize("way", ALONE)
def test_with_no_other_candidate_the_caller_gets_one_status_for_one_cause(gateway, models, way):
    status, code = ALONE[way]

    with pytest.raises(openai.APIStatusError) as caught:
        models[f"{way} alone"].ask()

    record = gateway.records(models[f"{way} alone"])[0]
    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert (record.status, record.http_status, record.error_code) == ("error", status, code)
    assert record.cost_nano == 0


def test_a_request_that_the_provider_rejects_is_not_tried_elsewhere(models, simulator):
    with pytest.raises(openai.BadRequestError) as caught:
        models["refusing"].ask()

    assert "rejected" in caught.value.message
    assert not simulator.hits("after-400")


def test_a_call_that_is_too_long_for_one_provider_is_tried_at_another(models, gateway):
    model = models["reading"]
    text = [{"role": "user", "content": "one two three four five six seven eight nine ten " * 4}]

    raw = model.client().chat.completions.with_raw_response.create(model=model.name, messages=text)

    assert raw.headers["x-llmhub-provider"] == model.providers[1]
    assert raw.headers["x-llmhub-fallback"] == "upstream_rejected"


def test_when_all_are_limited_the_shortest_wait_is_told(models):
    with pytest.raises(openai.RateLimitError) as caught:
        models["limited"].ask()

    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.response.headers["x-should-retry"] == "true"


def test_at_most_three_attempts_are_made_and_the_sdk_adds_none(models, simulator):
    with pytest.raises(openai.InternalServerError) as caught:
        models["down"].client(max_retries=5).chat.completions.create(
            model=models["down"].name, messages=[{"role": "user", "content": "x"}]
        )

    assert [len(simulator.hits(f"down{number}")) for number in range(4)] == [1, 1, 1, 0]
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert caught.value.response.headers["x-llmhub-attempts"] == "3"


def test_only_the_providers_asked_for_are_tried(gateway, models):
    model = models["status/500 first"]

    raw = model.ask(extra_headers={"x-llmhub-provider": model.providers[1]})

    assert raw.headers["x-llmhub-attempts"] == "1"
    assert raw.headers["x-llmhub-provider"] == model.providers[1]


def test_a_provider_that_does_not_offer_the_model_is_said(models):
    other = models["down"].providers[0]

    with pytest.raises(openai.NotFoundError) as caught:
        models["limited"].ask(extra_headers={"x-llmhub-provider": other})

    assert caught.value.code == "not_at_provider"


def test_a_credential_of_ours_that_is_refused_is_never_the_callers_401(gateway, simulator):
    model = gateway.make(at=[simulator.path("key/right")], secret="the-wrong-secret")

    with pytest.raises(openai.APIStatusError) as caught:
        model.ask()

    assert caught.value.status_code == 502
    assert "the-wrong-secret" not in caught.value.response.text
