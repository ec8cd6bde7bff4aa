"""Old readings that changed nothing go, all others stay."""

from __future__ import annotations

from datetime import timedelta

import pytest

from catalog.discovery_models import CatalogEvent, DiscoveryRun
from catalog.run_retention import clear_runs
from llmhub.lib import clock

pytestmark = pytest.mark.django_db


def test_only_dull_readings_older_than_90_days_go(router):
    now = clock.now()

    def run(outcome, days):
        moment = now - timedelta(days=days)
        return DiscoveryRun.objects.create(
            provider=router, trigger="schedule", outcome=outcome, started_at=moment
        )

    run("unchanged", 91)
    run("failed", 200)
    kept = [run("unchanged", 89), run("changed", 91), run("held", 91), run("first", 91), run("failed", 91)]
    told = {"provider": router, "upstream_id": "m", "kind": "new", "found_at": now}
    CatalogEvent.objects.create(run=kept[-1], **told)

    assert clear_runs(now) == 2
    assert set(DiscoveryRun.objects.all()) == set(kept)
