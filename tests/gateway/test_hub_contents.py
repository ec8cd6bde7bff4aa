"""What a call asks of a hub behind a provider, and whether a price that llmhub knows still bounds it."""

from __future__ import annotations

import json

import pytest

from routing.gateway.chat_request import read_chat
from routing.gateway.messages_request import read_messages

HELLO = [{"role": "user", "content": "Hello"}]
ENDPOINTS = "a choice of endpoints"


@pytest.mark.parametrize("reader", [read_chat, read_messages])
@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"provider": None}, ""),
        ({"provider": {}}, ""),
        ({"provider": {"order": [], "zdr": False, "only": None, "data_collection": "allow"}}, ""),
        ({"provider": {"max_price": {"prompt": 1}}}, ""),
        ({"provider": {"sort": "price", "allow_fallbacks": False}}, ""),
        ({"provider": {"sort": {"by": "price"}}}, ""),
        ({"provider": {"sort": "throughput"}}, ENDPOINTS),
        ({"provider": {"sort": {"by": "latency", "partition": "none"}}}, ENDPOINTS),
        ({"provider": {"order": ["dear"], "max_price": {"prompt": 1}}}, ENDPOINTS),
        ({"provider": {"only": ["dear"]}}, ENDPOINTS),
        ({"provider": {"ignore": ["cheap"]}}, ENDPOINTS),
        ({"provider": {"quantizations": ["bf16"]}}, ENDPOINTS),
        ({"provider": {"data_collection": "deny"}}, ENDPOINTS),
        ({"provider": {"something_new": 1}}, ENDPOINTS),
        ({"provider": "dear"}, ENDPOINTS),
        ({"plugins": [{"id": "web"}]}, "plugins"),
        ({"plugins": []}, ""),
        ({"models": ["dear/one"]}, "a list of other models"),
        ({"fallbacks": [{"model": "dear"}]}, "a list of other models"),
        ({"preset": "best"}, "a preset of the provider's"),
        ({"image_config": {"image_size": "4K"}}, "an answer that is not text"),
    ],
)
def test_what_may_raise_the_price_is_named(reader, fields, what):
    body = {"model": "acme/small", "max_tokens": 30, "messages": HELLO} | fields

    assert reader(json.dumps(body).encode(), {}, known_providers=[]).size.unbounded == what


@pytest.mark.parametrize("reader", [read_chat, read_messages])
@pytest.mark.parametrize("field", ["provider", "plugins", "service_tier"])
def test_a_number_that_no_reader_holds_is_taken_for_what_costs_more(reader, field):
    body = {"model": "acme/small", "max_tokens": 30, "messages": HELLO, field: "<>"}
    asked = json.dumps(body).replace('"<>"', '{"a": 1e309}').encode()

    assert reader(asked, {}, known_providers=[]).size.unbounded
