"""Whether one gateway process hears of the others, for /metrics."""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from routing.gateway.neighbours import Neighbours


class NeighbourMetrics:
    """Reads at each scrape how the exchange stands, and how many offers are left alone here."""

    def __init__(self, neighbours: Neighbours) -> None:
        self._neighbours = neighbours

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        here = self._neighbours
        waiting = len(here.breakers.waits(time.monotonic()))
        for name, meaning, value in (
            ("llmhub_exchange_up", "1: this process hears of the others", int(not here.channel.is_away)),
            ("llmhub_breakers_open", "Offers that this process does not call now, for they fail", waiting),
        ):
            yield GaugeMetricFamily(name, meaning, value=float(value))
        for name, meaning, value in (
            ("llmhub_exchange_heard", "Changes that other processes saw", here.heard),
            ("llmhub_breaker_events_lost", "Changes of breakers that could not be written", here.lost),
        ):
            yield CounterMetricFamily(name, meaning, value=float(value))
