"""The app's place in Django."""

from __future__ import annotations

from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    """Django's handle on `providers`."""

    name = "providers"
