"""What fires and what waits to be told, for /metrics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Min
from prometheus_client.core import GaugeMetricFamily, Metric

from llmhub.alerts.models import Alert, Delivery
from llmhub.lib import clock
from routing.polled_metrics import PolledMetrics


@dataclass(frozen=True)
class Standing:
    """What is shown of alerts."""

    firing: dict[tuple[str, str], int]  # by rule and severity
    waiting: int  # messages
    oldest_seconds: float  # how long the one that has waited longest has; 0 where none waits
    given_up: int  # messages that no channel took


def read() -> Standing:
    """Return how alerts stand now."""
    firing = Alert.objects.firing().order_by().values_list("rule", "severity").annotate(n=Count("pk"))
    states = Delivery.objects.order_by().values_list("state").annotate(n=Count("pk"), first=Min("created_at"))
    found = {state: (count, first) for state, count, first in states}
    waiting, since = found.get(Delivery.State.WAITING, (0, None))
    return Standing(
        firing={(rule, severity): count for rule, severity, count in firing},
        waiting=waiting,
        oldest_seconds=(clock.now() - since).total_seconds() if since else 0.0,
        given_up=found.get(Delivery.State.FAILED, (0, None))[0],
    )


class AlertMetrics(PolledMetrics[Standing]):
    """How alerts stood when they were read last."""

    def __init__(self) -> None:
        super().__init__(read, show)


def show(standing: Standing) -> Iterator[Metric]:
    """Yield the metrics of a standing."""
    firing = GaugeMetricFamily("llmhub_alerts_firing", "Alerts that fire", labels=["rule", "severity"])
    for (rule, severity), count in standing.firing.items():
        firing.add_metric([rule, severity], float(count))
    yield firing
    yield GaugeMetricFamily(
        "llmhub_alert_messages_waiting", "Messages that wait to be sent", value=float(standing.waiting)
    )
    yield GaugeMetricFamily(
        "llmhub_alert_message_oldest_seconds",
        "How long the message that has waited longest has",
        value=standing.oldest_seconds,
    )
    yield GaugeMetricFamily(
        "llmhub_alert_messages_given_up", "Messages that no channel took", value=float(standing.given_up)
    )
