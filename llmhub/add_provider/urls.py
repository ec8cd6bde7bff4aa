"""Pages of the guided way to a new provider."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from llmhub.add_provider import views

app_name = "adding"
urlpatterns: list[URLPattern | URLResolver] = [
    path("providers/add/", views.kinds, name="kinds"),
    path("providers/add/connection/", views.connection, name="connection"),
    path("providers/add/models/", views.models, name="models"),
    path("providers/add/prices/", views.prices, name="prices"),
    path("providers/add/finish/", views.finish, name="finish"),
    path("providers/add/call/", views.call, name="call"),
    path("providers/add/save/", views.save, name="save"),
    path("providers/add/discard/", views.discard, name="discard"),
]
