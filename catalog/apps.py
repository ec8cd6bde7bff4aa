"""The app's place in Django."""

from __future__ import annotations

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """Django's handle on `catalog`."""

    name = "catalog"
