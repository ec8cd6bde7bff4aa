"""What /metrics says of the providers' health, and that it waits for no database."""

from __future__ import annotations

import asyncio
import urllib.request
from datetime import timedelta

from prometheus_client import CollectorRegistry, generate_latest

from llmhub.lib import clock
from providers.models import Provider
from routing.gateway import provider_health
from routing.gateway.provider_health import Known, ProviderHealth


def shown(health) -> str:
    registry = CollectorRegistry()
    registry.register(health)
    return generate_latest(registry).decode()


async def well() -> list[Known]:
    return [
        Known("lab", "up", clock.now() - timedelta(seconds=90), 120, 86.3),
        Known("new", "", clock.now(), 5),
    ]


def test_each_provider_has_its_health_latency_and_the_age_of_its_last_check():
    health = ProviderHealth(lambda _: well())

    asyncio.run(health.look())

    page = shown(health)
    assert 'llmhub_provider_up{provider="lab"} 1.0' in page
    assert 'llmhub_provider_check_seconds{provider="lab"} 0.12' in page
    assert 'llmhub_provider_check_age_seconds{provider="lab"} 9' in page
    assert 'llmhub_provider_score{provider="lab"} 86.3' in page
    assert 'llmhub_provider_score{provider="new"}' not in page
    assert 'llmhub_provider_up{provider="new"}' not in page  # nothing is known: neither 1 nor 0


def test_a_database_that_hangs_or_fails_takes_only_these_metrics_away(monkeypatch):
    monkeypatch.setattr(provider_health, "_PATIENCE", 0.05)
    monkeypatch.setattr(provider_health, "_FRESH_SECONDS", 0)
    reads = [well, lambda: asyncio.sleep(30), fails]
    asked = []

    async def scrapes():
        health = ProviderHealth(lambda _: (asked.append(1), reads[0]())[1])
        found = []
        for now in reads[:]:
            reads[0] = now
            await health.look()
            await health.look()  # while one hangs, no other is begun
            found.append('provider="lab"' in shown(health))
            if health._looking:
                health._looking.cancel()
                health._looking = None
        return found

    assert asyncio.run(scrapes()) == [True, False, False]
    assert len(asked) == 2 + 1 + 2


async def fails():
    raise RuntimeError("no database")


def test_a_gateway_shows_what_checks_found(gateway):
    model = gateway.make(at=["http://127.0.0.1:9/v1"])
    with gateway.database():
        row = Provider.objects.get(slug=model.providers[0])
        Provider.objects.filter(pk=row.pk).update(
            health="down", checked_at=clock.now(), check_latency_ms=1500, paused_reason=""
        )

    def page():
        with urllib.request.urlopen(f"{gateway.url}/metrics", timeout=5) as answer:
            return answer.read().decode()

    gateway.until(lambda: f'llmhub_provider_up{{provider="{row.slug}"}} 0.0' in page())
    assert f'llmhub_provider_check_seconds{{provider="{row.slug}"}} 1.5' in page()
