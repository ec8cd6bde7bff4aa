"""What routing does by itself; llmhub/celery.py says when."""

from __future__ import annotations

from celery import shared_task

from routing import alert_rules, probe


@shared_task(time_limit=60, expires=30)
def look_for_alerts() -> None:
    """Tell of models and routes that people call and no offer can answer. Safe to run twice."""
    alert_rules.look()


@shared_task(time_limit=240, expires=60)
def probe_offers() -> int:
    """Make the billed probes that are due, where they are switched on. Safe to run twice."""
    return probe.probe_due()


@shared_task(time_limit=240, expires=15)
def probe_suspected() -> int:
    """Probe what seems to decline, where billed probes are switched on. Safe to run twice."""
    return probe.probe_suspected()
