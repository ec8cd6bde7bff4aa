"""Every page and endpoint of the console process."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from llmhub import celery, views  # noqa: F401 - what pages have a worker do goes by our Celery app
from llmhub.api import api
from llmhub.config import views as configuration

handler403 = "llmhub.failures.forbidden"
handler404 = "llmhub.failures.not_found"
handler500 = "llmhub.failures.server_error"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.overview, name="overview"),
    path("settings/", views.settings_page, name="settings"),
    path("settings/organisation/", views.organisation_save, name="organisation"),
    path("settings/pause/", views.pause_everything, name="pause"),
    path("settings/resume/", views.resume_everything, name="resume"),
    path("settings/configuration/", configuration.configuration_page, name="settings_configuration"),
    path(
        "settings/configuration/llmhub.toml",
        configuration.configuration_file,
        name="settings_configuration_file",
    ),
    path("api/v1/", api.urls),
    path("", include("llmhub.people.urls")),
    path("", include("llmhub.alerts.urls")),
    path("", include("llmhub.add_provider.urls")),  # before a provider's page: nobody is called "add"
    path("", include("providers.urls")),
    path("", include("catalog.urls")),
    path("", include("billing.urls")),
    path("", include("routing.urls")),
]
