"""Every page and endpoint of the console process."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from llmhub.api import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("", include("llmhub.people.urls")),
    path("", include("providers.urls")),
    path("", include("catalog.urls")),
    path("", include("billing.urls")),
    path("", include("routing.urls")),
]
