"""Live calls: those of the demo's services, and to this machine alone."""

from __future__ import annotations

import json

import httpx
import pytest

from llmhub.demo import cast, live

KEYS = {service.key: f"key-of-{service.key}" for service in cast.SERVICES}


def test_a_call_is_one_of_a_service_with_its_key_and_tags(simulator):
    simulator.clear()
    with httpx.Client(base_url=simulator.url, trust_env=False) as client:
        for _ in range(12):
            live.call(client, KEYS)

    hits = simulator.ended(12)
    assert len(hits) == 12
    for hit in hits:
        service = next(
            row for row in cast.SERVICES if f"Bearer {KEYS[row.key]}" == hit["headers"]["authorization"]
        )
        assert json.loads(hit["body"])["model"] in service.asks
        assert hit["headers"].get("x-llmhub-tags", "") == ",".join("=".join(tag) for tag in service.tags)
        assert hit["path"].endswith(live.PATHS[service.calls])
        assert hit["status"] == (
            400 if service.calls == "messages" else 200
        )  # a provider wants one header more


def test_a_gateway_that_is_away_ends_nothing(capsys):
    with httpx.Client(base_url="http://127.0.0.1:9", trust_env=False) as client:
        live.call(client, KEYS)

    assert "refused" in capsys.readouterr().err


@pytest.mark.parametrize(
    "address", ["http://10.0.0.5:8000", "https://example.com", "http://127.0.0.1.example.com"]
)
def test_no_call_leaves_this_machine(address):
    with pytest.raises(ValueError, match="not on this machine"):
        live.main(address, "no-such-file")


def test_it_calls_less_than_once_a_second():
    assert live.LEAST_PAUSE >= 1
