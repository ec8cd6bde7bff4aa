"""What differs at OpenRouter: the reported cost, errors inside a 200, its list of models."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
import pytest

from providers.adapters import adapter_for
from providers.errors import ProviderUnavailable, RateLimited, RequestRejected
from providers.rates import Rates
from providers.wire import Body, Target

openrouter = adapter_for("openrouter", "chat")
TOKENS = {"prompt_tokens": 10, "completion_tokens": 5}
TARGET = Target("https://openrouter.ai/api/v1", "x/y", "sk-or-1")


@pytest.mark.parametrize(
    ("reported", "cost"),
    [
        ({"cost": 0.00014}, "0.00014"),
        ({"cost": 1e-07}, "1E-7"),
        ({"cost": 0}, "0"),
        # with a key of our own at the upstream, its bill comes on top of the fee
        ({"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.0003253}}, "0.0003253"),
        ({"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}}, "0.021"),
        ({"cost": 0.5, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.4}}, "0.5"),
    ],
)
def test_the_reported_cost_is_what_was_charged(reported, cost):
    event = openrouter.parse_event(json.dumps({"choices": [], "usage": TOKENS | reported}).encode())

    assert event.usage.reported_cost == Decimal(cost)


@pytest.mark.parametrize(
    "reported",
    [
        {},
        {"cost": None},
        {"cost": -1},
        {"cost": "x"},
        {"cost": 1e12},
        {"cost": True},
        {"cost": 0, "is_byok": True},
    ],
)
def test_a_cost_that_cannot_be_is_no_cost_and_the_tokens_still_count(reported):
    event = openrouter.parse_event(json.dumps({"choices": [], "usage": TOKENS | reported}).encode())

    assert event.usage.reported_cost is None
    assert event.usage.input_tokens == 10


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        ({"error": {"code": 502, "message": "x"}}, ProviderUnavailable, 502),
        ({"error": {"code": 429, "message": "x"}}, RateLimited, 429),
        ({"error": {"code": 400, "message": "x"}, "choices": []}, RequestRejected, 400),
        ({"error": {"http_status": 503, "message": "x"}}, ProviderUnavailable, 503),
        ({"error": {"message": "x"}}, ProviderUnavailable, 502),
        (
            {"choices": [{"finish_reason": "error", "error": {"code": 502, "message": "x"}}]},
            ProviderUnavailable,
            502,
        ),
        ({"choices": [{"finish_reason": "error"}]}, ProviderUnavailable, 502),
    ],
)
def test_an_error_inside_a_200_is_an_error(content, kind, status):
    with pytest.raises(kind) as caught:
        openrouter.parse_answer(json.dumps(content | {"usage": TOKENS}).encode())

    assert caught.value.status == status
    assert caught.value.usage.input_tokens == 10


def test_an_error_in_a_stream_is_told_with_its_usage():
    choices = [{"delta": {"content": ""}, "finish_reason": "error"}]
    error = {"code": 400, "message": "Provider returned error", "metadata": {"raw": "Token limit reached"}}

    event = openrouter.parse_event(json.dumps({"choices": choices, "error": error, "usage": TOKENS}).encode())

    assert (event.kind, event.error) == ("error", "Token limit reached")
    assert event.usage.output_tokens == 5


def test_calls_carry_our_title_and_a_key_can_be_proved():
    assert openrouter.models_call(TARGET).headers["x-openrouter-title"] == "llmhub"
    assert openrouter.credential_call(TARGET).url == "https://openrouter.ai/api/v1/key"
    assert openrouter.credential_call(TARGET).headers["authorization"] == "Bearer sk-or-1"


def test_a_listing_carries_name_and_context():
    content = b'{"data":[{"id":"x/y:free","name":"Y","context_length":1000,"new_field":1}]}'

    [row] = openrouter.parse_models(content)

    assert (row.upstream_id, row.name, row.context_tokens, row.raw["new_field"]) == ("x/y:free", "Y", 1000, 1)


MOST = Rates(Decimal("1.25"), Decimal(10))
ASKED = b'{"messages":[{"role":"user","content":"a\\/b"}],"temperature":0.10%s}'


def within(preferences: str = "", most: Rates = MOST) -> tuple[dict, tuple[str, ...]]:
    """What becomes of `provider` in a call that has a limit."""
    field = f',"provider":{preferences}' if preferences else ""
    body = msgspec.json.decode(ASKED % field.encode(), type=Body)
    sent, added = openrouter.within(body, most)
    assert {name: bytes(raw) for name, raw in sent.items() if name != "provider"} == {
        name: bytes(raw) for name, raw in body.items() if name != "provider"
    }
    return json.loads(bytes(sent.get("provider", b"null"))), added


@pytest.mark.parametrize(
    ("preferences", "limits"),
    [
        ("", {"prompt": "1.25", "completion": "10"}),
        ("null", {"prompt": "1.25", "completion": "10"}),
        ('{"max_price":null}', {"prompt": "1.25", "completion": "10"}),
        ('{"max_price":{"prompt":3,"completion":"20"}}', {"prompt": "1.25", "completion": "10"}),
        ('{"max_price":{"prompt":"x","completion":-1}}', {"prompt": "1.25", "completion": "10"}),
        # a caller's own limit is never raised, and stays as it was written
        ('{"max_price":{"prompt":1.0}}', {"prompt": 1.0, "completion": "10"}),
        ('{"max_price":{"completion":"0","image":2}}', {"prompt": "1.25", "completion": "0", "image": 2}),
    ],
)
def test_a_limit_on_the_price_goes_into_the_preferences_and_raises_none(preferences, limits):
    sent, added = within(preferences)

    assert sent["max_price"] == limits
    ours = {name for name, limit in limits.items() if (name, limit) in MOST_SAID}
    assert added == tuple(f"provider.max_price.{name}={limits[name]}" for name in limits if name in ours)


MOST_SAID = {("prompt", "1.25"), ("completion", "10")}


def test_other_preferences_keep_their_bytes():
    body = msgspec.json.decode(b'{"provider":{"sort":"price","x":1.50}}', type=Body)
    sent, _ = openrouter.within(body, MOST)

    wanted = b'{"sort":"price","x":1.50,"max_price":{"prompt":"1.25","completion":"10"}}'
    assert bytes(sent["provider"]) == wanted


@pytest.mark.parametrize("preferences", ['"cheap"', "[]", "7", '{"max_price":"1"}'])
def test_preferences_that_are_no_object_are_left_to_be_refused_there(preferences):
    assert within(preferences) == (json.loads(preferences), ())


def test_nothing_is_added_where_the_caller_asks_for_no_more_than_that():
    assert within('{"max_price":{"prompt":1,"completion":1}}')[1] == ()


def test_a_price_per_request_is_a_limit_where_there_is_one():
    most = Rates(Decimal(0), Decimal(0), per_request=Decimal("0.005"))

    assert within(most=most)[0]["max_price"] == {"prompt": "0", "completion": "0", "request": "0.005"}


def test_a_server_of_one_price_is_told_none():
    body = msgspec.json.decode(ASKED % b"", type=Body)

    for kind, dialect in (("openai", "chat"), ("custom", "chat"), ("anthropic", "messages")):
        assert adapter_for(kind, dialect).within(body, MOST) == (body, ())
