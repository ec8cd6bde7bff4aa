"""What routing does by itself; llmhub/celery.py says when."""

from __future__ import annotations

from celery import shared_task

from routing import alert_rules


@shared_task(time_limit=60, expires=30)
def look_for_alerts() -> None:
    """Tell of models and routes that people call and no offer can answer. Safe to run twice."""
    alert_rules.look()
