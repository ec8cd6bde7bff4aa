"""The app's place in Django."""

from __future__ import annotations

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Django's handle on `llmhub.alerts`."""

    name = "llmhub.alerts"
    label = "alerts"
