"""Pages of `alerts`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from llmhub.alerts import alert_views, channel_views

app_name = "alerts"
urlpatterns: list[URLPattern | URLResolver] = [
    path("alerts/", alert_views.alert_list, name="alert_list"),
    path("alerts/<int:alert_id>/", alert_views.alert_detail, name="alert_detail"),
    path("alerts/<int:alert_id>/acknowledge/", alert_views.alert_acknowledge, name="alert_acknowledge"),
    path("alerts/<int:alert_id>/snooze/", alert_views.alert_snooze, name="alert_snooze"),
    path("alerts/deliveries/", alert_views.delivery_list, name="delivery_list"),
    path("alerts/deliveries/<int:delivery_id>/again/", alert_views.delivery_again, name="delivery_again"),
    path("alerts/channels/", channel_views.channel_list, name="channel_list"),
    path("alerts/channels/add/", channel_views.channel_new, name="channel_new"),
    path("alerts/channels/<int:channel_id>/", channel_views.channel_detail, name="channel_detail"),
    path("alerts/channels/<int:channel_id>/test/", channel_views.channel_test, name="channel_test"),
    path("alerts/channels/<int:channel_id>/pause/", channel_views.channel_pause, name="channel_pause"),
    path("alerts/channels/<int:channel_id>/secret/", channel_views.channel_secret, name="channel_secret"),
    path("alerts/channels/<int:channel_id>/remove/", channel_views.channel_remove, name="channel_remove"),
]
