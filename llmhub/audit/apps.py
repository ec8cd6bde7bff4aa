"""The app's place in Django."""

from __future__ import annotations

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Django's handle on `llmhub.audit`."""

    name = "llmhub.audit"
    label = "audit"
