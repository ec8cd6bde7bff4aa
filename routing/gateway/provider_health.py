"""What checks found of the providers, for /metrics: read when somebody asks, never on the way of a call."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from prometheus_client.core import GaugeMetricFamily, Metric

from llmhub.lib import clock
from providers.models import Provider
from providers.score_read import of_providers

log = logging.getLogger(__name__)

_FRESH_SECONDS = 5.0  # however often somebody asks
_PATIENCE = 1.0  # seconds: the other metrics do not wait for a database that is away


@dataclass(frozen=True)
class Known:
    """What is known of one provider."""

    slug: str
    health: str  # "" where nothing is
    checked_at: datetime
    latency_ms: int
    score: float | None = None  # None: below 20 calls


class ProviderHealth:
    """Holds what was read last; nothing where it could not be read, for an old value would mislead."""

    def __init__(self, run: Callable[[Callable[[], list[Known]]], Awaitable[list[Known]]]) -> None:
        self._run = run
        self._known: list[Known] = []
        self._read_at = -_FRESH_SECONDS
        self._looking: asyncio.Future[list[Known]] | None = None

    async def look(self) -> None:
        """Read what checks found, unless it was read a moment ago."""
        if time.monotonic() - self._read_at < _FRESH_SECONDS:
            return
        if self._looking is None:  # one at a time: callers that do not get it must not queue up
            self._looking = asyncio.ensure_future(self._run(_known))
        looking = self._looking
        await asyncio.wait({looking}, timeout=_PATIENCE)
        if not looking.done():
            self._known = []
            return
        self._looking, self._read_at = None, time.monotonic()
        error = looking.exception()
        self._known = [] if error else looking.result()
        if error:
            log.warning("the health of the providers cannot be read: %s", type(error).__name__)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        up = GaugeMetricFamily("llmhub_provider_up", "1: its last checks say that it answers", labels=_LABELS)
        latency = GaugeMetricFamily("llmhub_provider_check_seconds", "Its last check took", labels=_LABELS)
        age = GaugeMetricFamily("llmhub_provider_check_age_seconds", "Since its last check", labels=_LABELS)
        score = GaugeMetricFamily("llmhub_provider_score", "0 to 100, of its own calls", labels=_LABELS)
        now = clock.now()
        for each in self._known:
            if each.score is not None:
                score.add_metric([each.slug], each.score)
            if each.health:
                up.add_metric([each.slug], float(each.health == "up"))
            latency.add_metric([each.slug], each.latency_ms / 1000)
            age.add_metric([each.slug], max(0.0, (now - each.checked_at).total_seconds()))
        yield from (up, latency, age, score)


_LABELS = ("provider",)


def _known() -> list[Known]:
    rows = list(Provider.objects.listed().filter(paused_reason="").exclude(check_latency_ms=None))
    scores = {key: kept.value for key, kept in of_providers([row.pk for row in rows]).items()}
    return [
        Known(row.slug, row.health, row.checked_at, row.check_latency_ms or 0, _float(scores.get(row.pk)))
        for row in rows
        if row.checked_at
    ]


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
