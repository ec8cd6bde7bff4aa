"""What a caller asks of llmhub itself."""

from __future__ import annotations

import json

import msgspec
import pytest

from routing.gateway.errors import Refusal
from routing.gateway.extras import read_extras


def read(headers=None, llmhub=None):
    body = {} if llmhub is None else {"llmhub": msgspec.Raw(json.dumps(llmhub).encode())}
    return read_extras(headers or {}, body, known_providers={"a", "b"})


def test_headers_and_body_say_the_same():
    headers = {"x-llmhub-tags": "task=sum, app=web", "x-llmhub-session": "s", "x-llmhub-provider": "a, b"}
    body = {"tags": {"task": "sum", "app": "web"}, "session": "s", "provider": ["a", "b"]}

    assert read(headers) == read(llmhub=body)
    assert read(headers).tags == {"task": "sum", "app": "web"}
    assert read(headers).providers == {"a", "b"}


def test_nothing_is_asked_by_default():
    assert read() == read({"user-agent": "x", "x-stainless-lang": "python"})
    assert not read().providers


def test_a_header_wins_over_the_body():
    assert read({"x-llmhub-session": "header"}, {"session": "body"}).session == "header"


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({"x-llmhub-tags": "="}, None, "invalid_extra"),
        ({"x-llmhub-tags": "UPPER=1"}, None, "invalid_extra"),
        ({"x-llmhub-tags": "a=" + "x" * 101}, None, "invalid_extra"),
        ({"x-llmhub-session": "caf\u00e9"}, None, "invalid_extra"),
        ({"x-llmhub-unheard": "1"}, None, "invalid_extra"),
        ({"x-llmhub-provider": "c"}, None, "unknown_provider"),
        ({}, {"tags": {"a": 5}}, "invalid_extra"),
        ({}, {"tags": ["a"]}, "invalid_extra"),
        ({}, {"session": 5}, "invalid_extra"),
        ({}, {"provider": [5]}, "invalid_extra"),
        ({}, {"preset": "creative"}, "not_served_yet"),
        ({}, {"max_cost": True}, "invalid_extra"),
        ({"x-llmhub-max-cost": "-1"}, None, "invalid_extra"),
        ({"x-llmhub-max-cost": "1e5"}, None, "invalid_extra"),
        ({"x-llmhub-max-cost": "NaN"}, None, "invalid_extra"),
        ({"x-llmhub-max-cost": "9" * 50}, None, "invalid_extra"),
        ({"x-llmhub-policy": "best"}, None, "invalid_extra"),
        ({}, [], "invalid_extra"),
    ],
)
def test_what_cannot_be_read_is_refused(headers, body, code):
    with pytest.raises(Refusal) as caught:
        read(headers, body)

    assert caught.value.name == code


@pytest.mark.parametrize(
    ("given", "nano"),
    [("0", 0), ("0.05", 50_000_000), (0.05, 50_000_000), (2, 2 * 10**9), ("0.0000000019", 1)],
)
def test_the_most_a_call_may_cost_is_rounded_down(given, nano):
    assert read({}, {"max_cost": given}).max_cost_nano == nano


def test_the_hop_header_is_no_extra():
    assert read({"x-llmhub-hop": "another-hub"}) == read()
