"""How discovery stands, for /metrics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric

from catalog.discovery_models import DiscoveryRun
from catalog.discovery_now import discovery_now, open_events
from routing.polled_metrics import PolledMetrics


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


class DiscoveryMetrics(PolledMetrics[Standing]):
    """How discovery stood when it was read last."""

    def __init__(self) -> None:
        super().__init__(read, show)


def show(standing: Standing) -> Iterator[Metric]:
    """Yield the metrics of a standing."""
    success = GaugeMetricFamily(
        "llmhub_discovery_last_success_timestamp",
        "When a provider's list was last believed, Unix seconds",
        labels=["provider"],
    )
    for provider, moment in standing.successes.items():
        success.add_metric([provider], moment)
    outcome = GaugeMetricFamily(
        "llmhub_discovery_last_outcome",
        "1: what came of the last reading of a provider's list",
        labels=["provider", "outcome"],
    )
    for provider, word in standing.outcomes.items():
        for each in DiscoveryRun.Outcome.values:
            outcome.add_metric([provider, each], float(each == word))
    yield success
    yield outcome
    yield GaugeMetricFamily(
        "llmhub_inbox_open_events",
        "Changes at providers that wait for a decision",
        value=float(standing.open_events),
    )
