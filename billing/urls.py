"""Pages of `billing`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from billing import key_views, request_views

app_name = "billing"
urlpatterns: list[URLPattern | URLResolver] = [
    path("requests/", request_views.request_list, name="request_list"),
    path("requests/<str:request_id>/", request_views.request_detail, name="request_detail"),
    path("keys/", key_views.key_list, name="key_list"),
    path("keys/add/", key_views.key_new, name="key_new"),
    path("keys/<int:key_id>/", key_views.key_detail, name="key_detail"),
    path("keys/<int:key_id>/revoke/", key_views.key_revoke, name="key_revoke"),
    path("keys/<int:key_id>/pause/", key_views.key_pause, name="key_pause"),
    path("keys/<int:key_id>/resume/", key_views.key_resume, name="key_resume"),
]
