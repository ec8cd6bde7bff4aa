"""Pages of `catalog`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from catalog import (
    alias_views,
    breaker_views,
    compare_views,
    discovery_views,
    evidence_views,
    inbox_views,
    listing_views,
    offer_views,
    parameter_views,
    price_views,
    retirement_views,
    views,
)

app_name = "catalog"
urlpatterns: list[URLPattern | URLResolver] = [
    path("models/", views.model_list, name="model_list"),
    path("compare/", compare_views.model_compare, name="model_compare"),
    path("model/prices/<path:slug>/", price_views.model_prices, name="model_prices"),
    path("model/parameters/<path:slug>/", parameter_views.model_parameters, name="model_parameters"),
    path("retirements/", retirement_views.retirement_list, name="retirement_list"),
    path("retirements/calendar.ics", retirement_views.retirement_file, name="retirement_file"),
    path("retirements/set/", retirement_views.retirement_set, name="retirement_set"),
    path("models/<path:slug>/", views.model_detail, name="model_detail"),
    path("model/withdraw/", views.model_withdraw, name="model_withdraw"),
    path("aliases/", alias_views.alias_list, name="alias_list"),
    path("aliases/new/", alias_views.alias_new, name="alias_new"),
    path("aliases/move/", alias_views.alias_move, name="alias_move"),
    path("model/promote/", discovery_views.model_promote, name="model_promote"),
    path("inbox/", inbox_views.inbox_list, name="inbox_list"),
    path("inbox/decide/", inbox_views.inbox_decide, name="inbox_decide"),
    path("inbox/rules/", inbox_views.rule_list, name="rule_list"),
    path("inbox/rules/add/", inbox_views.rule_add, name="rule_add"),
    path("inbox/rules/<int:rule_id>/remove/", inbox_views.rule_remove, name="rule_remove"),
    path("discovery/", discovery_views.discovery_list, name="discovery_list"),
    path("discovery/lists/", discovery_views.model_pools, name="model_pools"),
    path("providers/<slug:slug>/discovery/", discovery_views.provider_discovery, name="provider_discovery"),
    path(
        "providers/<slug:slug>/discovery/refresh/",
        discovery_views.discovery_refresh,
        name="discovery_refresh",
    ),
    path("providers/<slug:slug>/discovery/held/", discovery_views.discovery_held, name="discovery_held"),
    path("aliases/add/", views.alias_add, name="alias_add"),
    path("aliases/remove/", views.alias_remove, name="alias_remove"),
    path("offers/add/", offer_views.offer_new, name="offer_new"),
    path("offers/<int:offer_id>/move/", offer_views.offer_move, name="offer_move"),
    path("offers/<int:offer_id>/price/", offer_views.offer_price, name="offer_price"),
    path("offers/<int:offer_id>/withdraw/", offer_views.offer_withdraw, name="offer_withdraw"),
    path("providers/<slug:slug>/evidence/", evidence_views.provider_evidence, name="provider_evidence"),
    path("providers/<slug:slug>/models/", offer_views.provider_offers, name="provider_offers"),
    path("providers/<slug:slug>/breakers/", breaker_views.provider_breakers, name="provider_breakers"),
    path("breakers/<int:offer_id>/close/", breaker_views.breaker_close, name="breaker_close"),
    path("providers/<slug:slug>/listed/", listing_views.provider_listings, name="provider_listings"),
    path("providers/<slug:slug>/models/add/", offer_views.model_new, name="model_new"),
]
