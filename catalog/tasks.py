"""What the catalog does by itself; llmhub/celery.py says when."""

from __future__ import annotations

from celery import shared_task

from catalog import alert_rules, discovery, offer_scores, run_retention
from llmhub.lib import clock


@shared_task(time_limit=300, expires=60)
def discover() -> int:
    """Read the lists of models whose turn it is. Safe to run twice: a turn is taken once."""
    return len(discovery.discover_due())


@shared_task(time_limit=300, expires=60)
def clear_old_runs() -> int:
    """Delete old readings that changed nothing. Safe to run twice."""
    return run_retention.clear_runs(clock.now())


@shared_task(time_limit=60, expires=30)
def look_for_alerts() -> None:
    """Tell of offers whose breaker is not closed. Safe to run twice."""
    alert_rules.look()


@shared_task(time_limit=120, expires=30)
def score_offers() -> int:
    """Work out how offers do, and which have degraded. Safe to run twice."""
    return offer_scores.look()
