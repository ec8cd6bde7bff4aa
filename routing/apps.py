"""The app's place in Django."""

from __future__ import annotations

from django.apps import AppConfig


class RoutingConfig(AppConfig):
    """Django's handle on `routing`."""

    name = "routing"
