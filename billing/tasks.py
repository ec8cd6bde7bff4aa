"""What billing does by itself; llmhub/celery.py says when."""

from __future__ import annotations

from celery import shared_task

from billing import sweep as sweeping


@shared_task(time_limit=120, expires=120)
def sweep() -> int:
    """Release reservations whose call can no longer settle. Safe to run twice."""
    return sweeping.sweep()
