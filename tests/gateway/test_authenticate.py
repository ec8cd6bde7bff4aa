"""Which key a request carries."""

from __future__ import annotations

import pytest

from llmhub.lib.secrets import GATEWAY_KEY
from routing.gateway.authenticate import PREFIX, key_in
from routing.gateway.errors import Refusal


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({"authorization": "Bearer llmh_a"}, "llmh_a"),
        ({"authorization": "bearer  llmh_a "}, "llmh_a"),
        ({"x-api-key": "llmh_a"}, "llmh_a"),
        ({"authorization": "Bearer llmh_a", "x-api-key": "llmh_b"}, "llmh_a"),
        ({"authorization": "Bearer llmh_a", "x-api-key": "sk-other"}, "llmh_a"),
        ({"authorization": "Bearer other", "x-api-key": "llmh_b"}, "llmh_b"),
        ({"authorization": "Basic b3RoZXI=", "x-api-key": "llmh_b"}, "llmh_b"),
        ({"authorization": "Bearer other", "x-api-key": "another"}, "other"),
    ],
)
def test_either_header_of_either_sdk_carries_it_beside_a_key_of_another_service(headers, key):
    assert key_in(headers) == key


@pytest.mark.parametrize("headers", [{}, {"authorization": "Basic abc"}, {"authorization": "Bearer"}])
def test_none_is_said(headers):
    with pytest.raises(Refusal, match="No key was sent"):
        key_in(headers)


def test_keys_are_made_with_that_prefix():
    assert f"{GATEWAY_KEY}_" == PREFIX
