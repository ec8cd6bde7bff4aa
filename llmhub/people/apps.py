"""The app's place in Django."""

from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Django's handle on `llmhub.people`."""

    name = "llmhub.people"
    label = "people"
