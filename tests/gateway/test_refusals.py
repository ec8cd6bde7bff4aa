"""What the gateway refuses, and how it says so."""

from __future__ import annotations

import http.client
import json
import re
from collections import Counter as Counted
from datetime import date
from types import SimpleNamespace

import openai
import pytest

from billing.models import UsageRecord
from routing.gateway import turned_away
from routing.gateway.errors import Refusal
from routing.gateway.face import MESSAGES
from routing.snapshot import Caller
from tests.fixtures.gateway import later

DEEP = '{"model": "m", "messages": ' + "[" * 70 + "]" * 70 + "}"


@pytest.fixture(scope="module")
def model(gateway, simulator):
    return gateway.make(at=[simulator.path(tag="refused")])


def post(gateway, body, *, path="/v1/chat/completions", method="POST", **headers):
    """One request with exactly these bytes: status, headers, JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    content = body if isinstance(body, bytes) else body.encode()
    connection.request(method, path, content, {"content-type": "application/json"} | headers)
    answer = connection.getresponse()
    read = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), json.loads(read or b"{}")


def refused(gateway, key, body, **options):
    """The error of a request."""
    status, headers, answer = post(gateway, body, authorization=f"Bearer {key}", **options)
    assert answer["error"]["request_id"] == headers["x-llmhub-request-id"]
    assert answer["error"]["remedies"]
    return status, answer["error"]


def test_a_wrong_key_is_401_in_the_words_of_the_sdk(model):
    client = openai.OpenAI(api_key="llmh_wrong", base_url=f"{model.gateway.url}/v1", max_retries=5)

    with pytest.raises(openai.AuthenticationError) as caught:
        client.chat.completions.create(model=model.name, messages=[])

    assert caught.value.code == "invalid_key"
    assert caught.value.response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "missing_key"),
        ({"authorization": "Basic abc"}, "missing_key"),
        ({"authorization": "Bearer "}, "missing_key"),
        ({"x-api-key": "llmh_" + "a" * 43}, "invalid_key"),
        ({"authorization": "Bearer " + "a" * 5000}, "invalid_key"),
        ({"authorization": "Bearer caf\u00e9"}, "invalid_key"),
    ],
)
def test_without_a_valid_key_nothing_is_told(gateway, headers, code):
    for path in ("/v1/chat/completions", "/v1/models", "/v1/requests/req_1"):
        method = "POST" if "chat" in path else "GET"
        status, _, answer = post(gateway, "{}", path=path, method=method, **headers)
        assert (status, answer["error"]["code"]) == (401, code)


def test_an_expired_key_is_refused(gateway, simulator):
    model = gateway.make(at=[simulator.path()])
    gateway.change(lambda: _keys().filter(pk=model.key_id).update(expires_at=later(seconds=-1)))

    with pytest.raises(openai.AuthenticationError) as caught:
        model.ask()

    assert caught.value.code == "expired_key"


def _keys():
    from billing.models import ApiKey

    return ApiKey.objects


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ("", "invalid_json", None),
        ("{", "invalid_json", None),
        ("[1]", "invalid_json", None),
        (b'{"model": "\xff"}', "invalid_json", None),
        (DEEP, "invalid_json", None),
        ('{"model": ' + "[" * 100_000, "invalid_json", None),
        ("{}", "invalid_request", "model"),
        ('{"model": 5, "messages": [{}]}', "invalid_request", "model"),
        ('{"model": "m", "messages": []}', "invalid_request", "messages"),
        ('{"model": "m", "messages": "hi"}', "invalid_request", "messages"),
        ('{"model": "m", "messages": [{}], "stream": "yes"}', "invalid_request", "stream"),
        ('{"model": "m", "messages": [{}], "n": 0}', "invalid_request", "n"),
        ('{"model": "m", "messages": [{}], "max_tokens": -1}', "invalid_request", "max_tokens"),
        ('{"model": "m", "messages": [{}], "max_tokens": 1e400}', "invalid_request", "max_tokens"),
        ('{"model": "m", "messages": [{}], "llmhub": 5}', "invalid_extra", "llmhub"),
        (
            '{"model": "m", "messages": [{}], "llmhub": {"policy": "best"}}',
            "invalid_extra",
            "x-llmhub-policy",
        ),
        ('{"model": "m", "messages": [{}], "llmhub": {"colour": 1}}', "invalid_extra", "x-llmhub-colour"),
    ],
)
def test_a_body_that_cannot_be_understood_is_400(gateway, model, body, code, param):
    status, error = refused(gateway, model.key, body)

    assert (status, error["code"], error["param"]) == (400, code, param)
    assert error["retryable"] is False


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("x-llmhub-tags", "no pairs", "invalid_extra"),
        ("x-llmhub-tags", ",".join(f"k{i}=v" for i in range(17)), "invalid_extra"),
        ("x-llmhub-session", "s" * 101, "invalid_extra"),
        ("x-llmhub-provider", "nobody", "unknown_provider"),
        ("x-llmhub-preset", "creative", "not_served_yet"),
        ("x-llmhub-max-cost", "much", "invalid_extra"),
        ("idempotency-key", "k" * 256, "invalid_extra"),
        ("idempotency-key", "two words", "invalid_extra"),
        ("idempotency-key", "", "invalid_extra"),
        ("idempotency-key", "caf\u00e9", "invalid_extra"),
    ],
)
def test_an_extra_that_is_wrong_or_not_served_is_never_ignored(gateway, model, name, value, code):
    body = json.dumps({"model": model.name, "messages": [{"role": "user", "content": "x"}]})

    status, error = refused(gateway, model.key, body, **{name: value})

    assert (status, error["code"]) == (400, code)


def test_a_body_over_32_mib_is_413_declared_or_not(gateway, model):
    body = b" " * (32 * 1024 * 1024 + 1)

    def chunks():
        for start in range(0, len(body), 1024 * 1024):
            yield body[start : start + 1024 * 1024]

    declared, _ = refused(gateway, model.key, body)
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    connection.request("POST", "/v1/chat/completions", chunks(), {"authorization": f"Bearer {model.key}"})
    assert declared == connection.getresponse().status == 413


def test_a_large_body_with_a_wrong_key_still_hears_that_the_key_is_wrong(gateway):
    status, _, answer = post(gateway, b" " * (20 * 1024 * 1024), authorization="Bearer llmh_wrong")

    assert (status, answer["error"]["code"]) == (401, "invalid_key")


def test_another_content_type_is_415(gateway, model):
    for headers in ({"content-type": "text/plain"}, {"content-encoding": "gzip"}):
        status, error = refused(gateway, model.key, "{}", **headers)
        assert (status, error["code"]) == (415, "not_json")


def test_an_unknown_model_is_404_with_the_nearest_names(model):
    with pytest.raises(openai.NotFoundError) as caught:
        model.client().chat.completions.create(model=model.name.replace("small", "smal"), messages=[{}])

    assert caught.value.code == "model_not_found"
    assert model.name in caught.value.body["details"]["nearest"]


@pytest.mark.parametrize("suffix", ["@creative", "@creative@3"])
def test_a_suffix_that_is_not_served_yet_says_so(model, suffix):
    with pytest.raises(openai.BadRequestError) as caught:
        model.client().chat.completions.create(model=model.name + suffix, messages=[{}])

    assert caught.value.code == "not_served_yet"
    assert model.name in caught.value.message


def test_a_retired_model_is_410_with_its_replacement(gateway, simulator):
    model = gateway.make(at=[simulator.path()], sunset_on=date(2026, 1, 1), replacement="acme/next")

    with pytest.raises(openai.APIStatusError) as caught:
        model.ask()

    assert (caught.value.status_code, caught.value.code) == (410, "model_retired")
    assert "acme/next" in caught.value.message


@pytest.mark.parametrize(
    "path", ["/v1/audio/speech", "/v1/images/generations", "/v1/realtime", "/v1", "/v1/", "/v1//"]
)
def test_what_is_not_served_is_a_404_that_says_so(gateway, model, path):
    status, error = refused(gateway, model.key, "{}", path=path)

    assert (status, error["code"]) == (404, "not_served")
    assert "/v1/chat/completions" in error["message"]


def test_a_wrong_method_is_405(gateway, model):
    status, headers, answer = post(gateway, "", method="GET", authorization=f"Bearer {model.key}")

    assert (status, headers["allow"], answer["error"]["code"]) == (405, "POST", "method_not_allowed")


def test_a_call_from_this_same_hub_is_a_loop(gateway, model, simulator):
    model.ask()
    hop = simulator.hits("refused")[-1]["headers"]["x-llmhub-hop"]

    with pytest.raises(openai.APIStatusError) as caught:
        model.ask(extra_headers={"x-llmhub-hop": hop})

    assert (caught.value.status_code, caught.value.code) == (508, "loop_detected")


def test_a_provider_that_is_this_hub_ends_in_an_error_and_not_for_ever(gateway):
    model = gateway.make(at=[f"{gateway.url}/v1"])

    with pytest.raises(openai.APIStatusError) as caught:
        model.ask()

    assert caught.value.status_code == 502
    assert [record.attempts for record in gateway.records(model)] == [1]


def test_refusals_are_no_calls_hold_nothing_and_leave_one_record_of_each_code_a_minute(gateway, simulator):
    model = gateway.make(at=[simulator.path()])
    unknown = '{"model": "nobody", "messages": [{}], "stream": true, "llmhub": {"tags": {"task": "x"}}}'

    for body in ("{", unknown, unknown, unknown):
        refused(gateway, model.key, body)
    gateway.until(lambda: sum(row.refusals for row in gateway.refusals(model)) == 4, within=5)

    assert gateway.records(model) == []
    assert gateway.reservations() == 0
    counted = Counted()
    for row in gateway.refusals(model):  # two of one code where a minute ended in between
        counted[row.error_code] += row.refusals
        assert (row.status, row.cost_nano, row.attempts, row.key_id) == ("refused", 0, 0, model.key_id)
    assert counted == {"invalid_json": 1, "model_not_found": 3}
    sample = gateway.refusals(model)[-1]
    assert (sample.requested, sample.http_status, sample.streamed) == ("nobody", 404, True)
    assert (sample.tags, sample.entry_id) == ({"task": "x"}, None)
    assert "nobody" in sample.reason


def test_a_refusal_can_be_looked_up_by_the_id_that_its_caller_was_told(gateway, simulator):
    model = gateway.make(at=[simulator.path()])
    _, error = refused(gateway, model.key, "[1]")
    gateway.until(lambda: gateway.refusals(model), within=5)

    status, shown = gateway.get(f"/v1/requests/{error['request_id']}", key=model.key)

    assert (status, shown["status"], shown["refusals"]) == (200, "refused", 1)
    assert shown["reason"] == error["message"]
    assert shown["cost"] == "0"


def test_the_reason_is_what_llmhub_said_and_not_what_a_provider_did():
    caller = Caller(key_id=4, key_name="ci", team_id=3, team_slug="web")
    exchange = SimpleNamespace(
        id=5, caller=caller, asked=None, has_record=False, face=MESSAGES, elapsed_ms=1, decision=None
    )
    quoting = Refusal("upstream_rejected", "The provider rejected the request: 'my diary' is too long")

    assert turned_away.refused(exchange, quoting).reason == ""
    assert turned_away.refused(exchange, Refusal("rate_limited", "wait")).reason == "wait"


def test_before_a_key_is_known_a_refusal_is_a_metric_alone(gateway):
    post(gateway, "{}", authorization="Bearer llmh_wrong")

    with gateway.database():
        found = UsageRecord.objects.filter(error_code="invalid_key")
        assert not found.exclude(key_id__gt=0).exists()  # other tests revoke keys that are known


def test_the_count_of_refused_calls_in_metrics(gateway, model):
    refused(gateway, model.key, '{"model": "nobody", "messages": [{}]}')

    metrics = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    metrics.request("GET", "/metrics")
    assert re.search(
        r'llmhub_requests_total\{code="model_not_found".*status="404"\} \d',
        metrics.getresponse().read().decode(),
    )
