"""Pages of `routing`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from routing import (
    explain_views,
    preflight_views,
    probe_views,
    route_views,
    team_routes_views,
    views,
)

app_name = "routing"
urlpatterns: list[URLPattern | URLResolver] = [
    path("keys/test/", views.key_test, name="key_test"),
    path("keys/<int:key_id>/models/", views.key_models, name="key_models"),
    path("aliases/callers/<path:name>/", views.alias_callers_page, name="alias_callers"),
    path("switch/", preflight_views.preflight, name="preflight"),
    path("routes/", route_views.route_list, name="route_list"),
    path("routes/add/", route_views.route_new, name="route_new"),
    path("routes/remove/", route_views.route_remove, name="route_remove"),
    path("routes/change/<path:name>/", route_views.route_change, name="route_change"),
    path("routes/named/<path:name>/", route_views.route_detail, name="route_detail"),
    path("routes/of-model/<path:slug>/", route_views.model_routes, name="model_routes"),
    path("routes/of-provider/<slug:slug>/", route_views.provider_routes, name="provider_routes"),
    path("probes/of-provider/<slug:slug>/", probe_views.provider_probes, name="provider_probes"),
    path("probes/of-provider/<slug:slug>/set/", probe_views.provider_probes_set, name="provider_probes_set"),
    path("routes/of-team/<slug:slug>/", team_routes_views.team_routes, name="team_routes"),
    path("routes/of-team/<slug:slug>/set/", team_routes_views.team_routes_set, name="team_routes_set"),
    path("explain/", explain_views.explain, name="explain"),
    path("requests/<str:request_id>/plan/", explain_views.request_plan, name="request_plan"),
    path("inbox/<int:event_id>/touches/", views.event_touches, name="event_touches"),
]
