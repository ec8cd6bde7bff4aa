"""The app's place in Django."""

from __future__ import annotations

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Django's handle on `billing`."""

    name = "billing"
