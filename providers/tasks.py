"""What providers do by themselves; llmhub/celery.py says when."""

from __future__ import annotations

from celery import shared_task

from llmhub.lib import clock
from providers import alert_rules, breaker_log, health, statistics_retention


@shared_task(time_limit=120, expires=30)
def check() -> int:
    """Check the providers whose turn it is. Safe to run twice: a turn is taken once."""
    return health.check_due()


@shared_task(time_limit=60, expires=30)
def look_for_alerts() -> None:
    """Tell of providers that are down and of credentials that are out. Safe to run twice."""
    alert_rules.look()


@shared_task(time_limit=60, expires=60)
def clear_breaker_events() -> int:
    """Delete the oldest events of breakers. Safe to run twice."""
    return breaker_log.forget(clock.now())


@shared_task(time_limit=240, expires=240)
def fold_statistics() -> int:
    """Fold minutes that are over into quarters of an hour, and delete old ones. Safe to run twice."""
    return statistics_retention.fold()
