"""Pages of `providers`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

app_name = "providers"
urlpatterns: list[URLPattern | URLResolver] = []
