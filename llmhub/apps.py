"""The wiring's place in Django."""

from __future__ import annotations

from django.apps import AppConfig


class LlmhubConfig(AppConfig):
    """Django's handle on the wiring; loads the Celery app so that tasks find it."""

    name = "llmhub"
    label = "hub"

    def ready(self) -> None:
        """Register the Celery app."""
        from llmhub import celery  # noqa: F401
