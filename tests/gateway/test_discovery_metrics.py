"""How discovery stands, in the words of Prometheus."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from routing.discovery_metrics import DiscoveryMetrics, Standing, read
from tests.fixtures.lists import START, many, row


@pytest.mark.django_db
def test_metrics_say_when_a_list_was_last_believed_what_came_of_the_last_and_what_waits(take):
    registry, metrics = CollectorRegistry(), DiscoveryMetrics()
    registry.register(metrics)
    assert generate_latest(registry) == b""
    take(many(), hour=0)
    take([*many(), row("x/y")], hour=1)
    take(many(5), hour=2)

    metrics.standing = read()

    said = generate_latest(registry).decode()
    hour = START.timestamp() + 3600
    assert {word: of.get("or") for word, of in metrics.standing.moments.items()} == {
        "last_refresh": hour + 3600,
        "last_success": hour,
        "last_error": None,
        "next_run": hour + 7200,
    }
    assert 'llmhub_discovery_next_run_timestamp{provider="or"}' in said
    assert 'llmhub_discovery_last_success_timestamp{provider="or"}' in said
    assert 'llmhub_discovery_last_outcome{outcome="held",provider="or"} 1.0' in said
    assert 'llmhub_discovery_last_outcome{outcome="changed",provider="or"} 0.0' in said
    assert "llmhub_inbox_open_events 1.0" in said


def test_they_are_read_once_in_five_seconds_and_a_database_that_is_away_shows_nothing():
    metrics, asked = DiscoveryMetrics(), []

    async def away(_):
        asked.append(1)
        raise OSError

    async def look_twice():
        metrics.standing = Standing({}, {}, 3)
        await metrics.look(away)
        await metrics.look(away)

    asyncio.run(look_twice())

    assert (metrics.standing, asked) == (None, [1])
