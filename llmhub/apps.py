"""The wiring's place in Django."""

from __future__ import annotations

from django.apps import AppConfig


class LlmhubConfig(AppConfig):
    """Django's handle on the wiring."""

    name = "llmhub"
    label = "hub"
