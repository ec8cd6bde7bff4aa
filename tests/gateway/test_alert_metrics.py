"""What fires and what waits, in the words of Prometheus."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from llmhub.alerts import alert
from llmhub.alerts.models import Channel, Delivery
from llmhub.lib import clock
from routing.alert_metrics import AlertMetrics, read
from tests.alerts.found import finding


@pytest.mark.django_db
def test_metrics_say_what_fires_and_what_waits_and_since_when():
    Channel.objects.create(name="ops", kind="webhook", address="http://127.0.0.1:9/")
    registry, metrics = CollectorRegistry(), AlertMetrics()
    registry.register(metrics)
    assert generate_latest(registry) == b""
    metrics.standing = read()
    assert "llmhub_alert_messages_waiting 0.0" in generate_latest(registry).decode()

    alert.observe(finding(), now=clock.now())
    alert.observe(finding(subject="b", severity="critical"), now=clock.now())
    alert.resolve(alert.observe(finding(subject="c"), now=clock.now()), text="", now=clock.now())
    Delivery.objects.filter(transition__state="resolved").update(state="failed")
    metrics.standing = read()

    said = generate_latest(registry).decode()
    assert 'llmhub_alerts_firing{rule="unpriced",severity="critical"} 1.0' in said
    assert 'llmhub_alerts_firing{rule="unpriced",severity="warning"} 1.0' in said
    assert "llmhub_alert_messages_waiting 3.0" in said
    assert "llmhub_alert_messages_given_up 1.0" in said
    assert 0 < metrics.standing.oldest_seconds < 60
