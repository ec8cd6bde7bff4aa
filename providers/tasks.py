"""What providers do by themselves; llmhub/celery.py says when."""

from __future__ import annotations

from celery import shared_task

from providers import health


@shared_task(time_limit=120, expires=30)
def check() -> int:
    """Check the providers whose turn it is. Safe to run twice: a turn is taken once."""
    return health.check_due()
