"""Pages of `routing`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from routing import preflight_views, views

app_name = "routing"
urlpatterns: list[URLPattern | URLResolver] = [
    path("keys/test/", views.key_test, name="key_test"),
    path("keys/<int:key_id>/models/", views.key_models, name="key_models"),
    path("switch/", preflight_views.preflight, name="preflight"),
    path("inbox/<int:event_id>/touches/", views.event_touches, name="event_touches"),
]
