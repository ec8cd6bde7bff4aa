"""How discovery stands, for /metrics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric

from catalog.discovery_models import DiscoveryRun
from catalog.discovery_now import discovery_now, open_events
from routing.polled_metrics import PolledMetrics

_MOMENTS = {  # of a provider's list: the field that holds it, and what it says
    "last_refresh": ("refreshed_at", "When a provider's list was last asked for"),
    "last_success": ("succeeded_at", "When a provider's list was last believed"),
    "last_error": ("failed_at", "When a provider's list could last not be read"),
    "next_run": ("next_at", "When a provider's list is read next"),
}


@dataclass(frozen=True)
class Standing:
    """What is shown of discovery."""

    moments: dict[str, dict[str, float]]  # by word of _MOMENTS, then by provider: Unix seconds
    outcomes: dict[str, str]  # by provider: what came of the last reading
    open_events: int


def read() -> Standing:
    """Return how discovery stands now."""
    rows = discovery_now()
    return Standing(
        moments={
            word: {
                row.provider.slug: moment.timestamp()
                for row in rows
                if row.state and (moment := getattr(row.state, field))
            }
            for word, (field, _) in _MOMENTS.items()
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
    for word, (_, said) in _MOMENTS.items():
        moments = GaugeMetricFamily(
            f"llmhub_discovery_{word}_timestamp", f"{said}, Unix seconds", labels=["provider"]
        )
        for provider, moment in standing.moments.get(word, {}).items():
            moments.add_metric([provider], moment)
        yield moments
    outcome = GaugeMetricFamily(
        "llmhub_discovery_last_outcome",
        "1: what came of the last reading of a provider's list",
        labels=["provider", "outcome"],
    )
    for provider, word in standing.outcomes.items():
        for each in DiscoveryRun.Outcome.values:
            outcome.add_metric([provider, each], float(each == word))
    yield outcome
    yield GaugeMetricFamily(
        "llmhub_inbox_open_events",
        "Changes at providers that wait for a decision",
        value=float(standing.open_events),
    )
