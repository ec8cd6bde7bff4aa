"""Pages of `providers`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from providers import credential_views, views

app_name = "providers"
urlpatterns: list[URLPattern | URLResolver] = [
    path("providers/", views.provider_list, name="provider_list"),
    path("providers/<slug:slug>/", views.provider_detail, name="provider_detail"),
    path("providers/<slug:slug>/check/", views.provider_check, name="provider_check"),
    path("providers/<slug:slug>/change/", views.provider_change, name="provider_change"),
    path("providers/<slug:slug>/pause/", views.provider_pause, name="provider_pause"),
    path("providers/<slug:slug>/resume/", views.provider_resume, name="provider_resume"),
    path("providers/<slug:slug>/remove/", views.provider_remove, name="provider_remove"),
    path("providers/<slug:slug>/credentials/", credential_views.credential_set, name="credential_set"),
    path(
        "providers/<slug:slug>/credentials/weight/",
        credential_views.credential_weight,
        name="credential_weight",
    ),
    path(
        "providers/<slug:slug>/credentials/use-again/",
        credential_views.credential_use_again,
        name="credential_use_again",
    ),
    path(
        "providers/<slug:slug>/credentials/remove/",
        credential_views.credential_remove,
        name="credential_remove",
    ),
]
