"""Celery's scheduler, which here also shows that it is at work."""

from __future__ import annotations

from typing import Any

from celery.beat import PersistentScheduler
from django.conf import settings

from llmhub.up import alive


class Scheduler(PersistentScheduler):
    """The usual one; `--max-interval` says how often it looks at least."""

    def tick(self, *arguments: Any, **named: Any) -> Any:
        """Send what is due and return the seconds until the next look."""
        alive.give_sign(settings.HOME, "beat")
        return super().tick(*arguments, **named)
