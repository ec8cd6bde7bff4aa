"""What /metrics shows of one gateway process; no label has more values than there are providers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from billing.charge import beyond
from billing.content_writer import ContentWriter
from billing.entries import Settle
from billing.ledger import Ledger
from billing.totals import Totals
from providers.live_statistics import LiveStatistics
from routing.alert_metrics import AlertMetrics
from routing.discovery_metrics import DiscoveryMetrics
from routing.gateway.counters import Counter, Gauge, Histogram
from routing.gateway.watch import Watch

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """Counts what happens; a registry of its own, so that two gateways in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("llmhub_requests", "Requests answered", ["endpoint", "status", "code"])
        self.seconds = Histogram("llmhub_request_seconds", "Whole requests", ["endpoint"], buckets=_SECONDS)
        self.first_token = Histogram(
            "llmhub_first_token_seconds", "Time to the first token", buckets=_SECONDS
        )
        self.attempts = Counter("llmhub_attempts", "Calls to providers", ["provider", "outcome"])
        self.tokens = Counter("llmhub_tokens", "Tokens", ["direction"])
        self.cost_nano = Counter("llmhub_cost_nano_usd", "Cost in nano-USD")
        self.overshoots = Counter("llmhub_overshoots", "Calls that cost more than a hard cap let them hold")
        self.beyond_nano = Counter("llmhub_overshoot_nano_usd", "What they cost beyond that in nano-USD")
        self.discovery = DiscoveryMetrics()
        self.alerts = AlertMetrics()
        self.in_flight = Gauge("llmhub_in_flight", "Requests being served")
        for each in (
            self.requests,
            self.seconds,
            self.first_token,
            self.attempts,
            self.tokens,
            self.cost_nano,
            self.overshoots,
            self.beyond_nano,
            self.discovery,
            self.alerts,
            self.in_flight,
        ):
            self.registry.register(each)

    def ended(self, settle: Settle, totals: Totals, providers: Sequence[str]) -> None:
        """Count a call that ended; `providers` are those of its attempts."""
        self.tokens.add(totals.input_tokens, "input")
        self.tokens.add(totals.output_tokens, "output")
        self.cost_nano.add(totals.charged_nano)
        if more := beyond(settle):
            self.overshoots.add(1)
            self.beyond_nano.add(more)
        for attempt, provider in zip(settle.attempts, providers, strict=True):
            self.attempts.add(1, provider, attempt.error_code or attempt.status)
        if settle.ttft_ms is not None:
            self.first_token.observe(settle.ttft_ms / 1000)

    def watch(
        self, watch: Watch, ledger: Ledger, contents: ContentWriter, statistics: LiveStatistics
    ) -> None:
        """Show snapshot, ledger, kept content and statistics too, read when somebody asks."""
        self.registry.register(_Inside(watch, ledger, contents, statistics))

    def render(self) -> bytes:
        """Return the page."""
        return generate_latest(self.registry)


class _Inside:
    """Reads the state of snapshot and ledger at each scrape."""

    def __init__(
        self, watch: Watch, ledger: Ledger, contents: ContentWriter, statistics: LiveStatistics
    ) -> None:
        self._statistics = statistics
        self._watch = watch
        self._ledger = ledger
        self._contents = contents

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        watch, ledger, contents = self._watch, self._ledger, self._contents
        stats = ledger.stats()
        for name, meaning, value in (
            ("llmhub_snapshot_version", "Id of the last change that is live", watch.snapshot.version),
            ("llmhub_snapshot_age_seconds", "Since the configuration was last looked at", watch.age),
            ("llmhub_ledger_healthy", "1: calls can be accounted for", int(ledger.healthy)),
            ("llmhub_ledger_depth", "Entries that wait to be written", stats.depth),
        ):
            yield GaugeMetricFamily(name, meaning, value=float(value))
        for name, meaning, value in (
            ("llmhub_snapshot_failures", "Looks that failed", watch.failures),
            ("llmhub_ledger_entries", "Entries written", stats.entries),
            ("llmhub_ledger_batches", "Transactions written", stats.batches),
            ("llmhub_ledger_failures", "Transactions the database did not take", stats.failures),
            ("llmhub_refusals_lost", "Refusals that are in no sum", stats.lost_refusals),
            ("llmhub_content_kept", "Calls whose content was kept", contents.kept),
            ("llmhub_content_lost", "Calls whose content should have been kept", contents.lost),
            ("llmhub_statistics_failures", "Exchanges the database did not take", self._statistics.failures),
            ("llmhub_statistics_lost", "Minutes of offers that are in no statistics", self._statistics.lost),
        ):
            yield CounterMetricFamily(name, meaning, value=float(value))
