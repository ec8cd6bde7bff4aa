"""How discovery stands, for /metrics: read when somebody asks, never on the way of a call."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric

from catalog.discovery_models import DiscoveryRun
from catalog.discovery_now import discovery_now, open_events

log = logging.getLogger(__name__)

_FRESH_SECONDS = 5.0  # however often somebody asks
_PATIENCE = 1.0  # seconds: the other metrics do not wait for a database that is away


@dataclass(frozen=True)
class Standing:
    """What is shown of discovery."""

    successes: dict[str, float]  # by provider: Unix seconds of the last list that was believed
    outcomes: dict[str, str]  # by provider: what came of the last reading
    open_events: int


def read() -> Standing:
    """Return how discovery stands now."""
    rows = discovery_now()
    return Standing(
        successes={
            row.provider.slug: row.state.succeeded_at.timestamp()
            for row in rows
            if row.state and row.state.succeeded_at
        },
        outcomes={row.provider.slug: row.last_run.outcome for row in rows if row.last_run},
        open_events=open_events(),
    )


class DiscoveryMetrics:
    """Shows the standing that was read last; nothing where it could not be read."""

    def __init__(self) -> None:
        self.standing: Standing | None = None
        self._read_at = -_FRESH_SECONDS
        self._reading: asyncio.Future[Standing] | None = None

    async def look(self, run: Callable[[Callable[[], Standing]], Awaitable[Standing]]) -> None:
        """Read how discovery stands with `run`, unless it was read a moment ago."""
        if time.monotonic() - self._read_at < _FRESH_SECONDS:
            return
        if self._reading is None:  # one at a time: callers that do not get it must not queue up
            self._reading = asyncio.ensure_future(run(read))
        reading = self._reading
        await asyncio.wait({reading}, timeout=_PATIENCE)
        if not reading.done():
            self.standing = None
            return
        self._reading, self._read_at = None, time.monotonic()
        error = reading.exception()
        self.standing = None if error else reading.result()
        if error:
            log.warning("how discovery stands cannot be read: %s", type(error).__name__)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; nothing where nothing could be read."""
        if self.standing is None:
            return
        success = GaugeMetricFamily(
            "llmhub_discovery_last_success_timestamp",
            "When a provider's list was last believed, Unix seconds",
            labels=["provider"],
        )
        for provider, moment in self.standing.successes.items():
            success.add_metric([provider], moment)
        outcome = GaugeMetricFamily(
            "llmhub_discovery_last_outcome",
            "1: what came of the last reading of a provider's list",
            labels=["provider", "outcome"],
        )
        for provider, word in self.standing.outcomes.items():
            for each in DiscoveryRun.Outcome.values:
                outcome.add_metric([provider, each], float(each == word))
        yield success
        yield outcome
        yield GaugeMetricFamily(
            "llmhub_inbox_open_events",
            "Changes at providers that wait for a decision",
            value=float(self.standing.open_events),
        )
