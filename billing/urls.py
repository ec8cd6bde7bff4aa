"""Pages of `billing`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from billing import (
    budget_views,
    content_views,
    export_views,
    key_reach_views,
    key_views,
    raise_views,
    request_views,
    savings_views,
    spend_views,
    supply_views,
)

app_name = "billing"
urlpatterns: list[URLPattern | URLResolver] = [
    path("requests/", request_views.request_list, name="request_list"),
    path("requests/in-flight/", request_views.request_in_flight, name="request_in_flight"),
    path("requests/<str:request_id>/", request_views.request_detail, name="request_detail"),
    path("spend/", spend_views.spend, name="spend"),
    path("spend/movers/", spend_views.spend_movers, name="spend_movers"),
    path("spend/savings/", savings_views.saving_list, name="saving_list"),
    path("exports/", export_views.export_list, name="export_list"),
    path("exports/<int:export_id>/file/", export_views.export_file, name="export_file"),
    path("exports/<int:export_id>/remove/", export_views.export_remove, name="export_remove"),
    path("teams/<slug:slug>/spend/", spend_views.team_spend, name="team_spend"),
    path("requests/<str:request_id>/content/", content_views.request_content, name="request_content"),
    path("budgets/", budget_views.budget_list, name="budget_list"),
    path("budgets/add/", budget_views.budget_new, name="budget_new"),
    path("budgets/rules/", budget_views.call_rules, name="call_rules"),
    path("budgets/<int:budget_id>/", budget_views.budget_detail, name="budget_detail"),
    path("budgets/<int:budget_id>/remove/", budget_views.budget_remove, name="budget_remove"),
    path("budgets/<int:budget_id>/raise/", raise_views.budget_raise, name="budget_raise"),
    path("budgets/<int:budget_id>/raise/end/", raise_views.budget_raise_end, name="budget_raise_end"),
    path("budgets/<int:budget_id>/ask/", raise_views.budget_ask, name="budget_ask"),
    path("budgets/<int:budget_id>/history/", raise_views.budget_history, name="budget_history"),
    path("budgets/requests/", raise_views.raise_request_list, name="raise_request_list"),
    path("budgets/requests/<int:request_id>/", raise_views.raise_request_decide, name="raise_request_decide"),
    path(
        "budgets/requests/<int:request_id>/withdraw/",
        raise_views.raise_request_withdraw,
        name="raise_request_withdraw",
    ),
    path("teams/<slug:slug>/content/", content_views.team_content, name="team_content"),
    path("teams/<slug:slug>/content/on/", content_views.team_content_on, name="team_content_on"),
    path("teams/<slug:slug>/content/off/", content_views.team_content_off, name="team_content_off"),
    path("teams/<slug:slug>/budgets/", budget_views.team_budgets, name="team_budgets"),
    path("keys/<int:key_id>/budgets/", budget_views.key_budgets, name="key_budgets"),
    path("people/<int:person_id>/budgets/", budget_views.person_budgets, name="person_budgets"),
    path("keys/<int:key_id>/assign/", key_views.key_assign, name="key_assign"),
    path("keys/<int:key_id>/limit/", key_views.key_limit, name="key_limit"),
    path("providers/<slug:slug>/attempts/", supply_views.provider_attempts, name="provider_attempts"),
    path("model/callers/<path:slug>/", supply_views.model_callers, name="model_callers"),
    path("model/offers/<path:slug>/", supply_views.model_offers, name="model_offers"),
    path("keys/", key_views.key_list, name="key_list"),
    path("keys/add/", key_views.key_new, name="key_new"),
    path("keys/<int:key_id>/", key_views.key_detail, name="key_detail"),
    path("keys/<int:key_id>/reach/", key_reach_views.key_reach, name="key_reach"),
    path("keys/<int:key_id>/rotate/", key_reach_views.key_rotate, name="key_rotate"),
    path("keys/<int:key_id>/rotate/end/", key_reach_views.key_end_old, name="key_end_old"),
    path("keys/<int:key_id>/revoke/", key_views.key_revoke, name="key_revoke"),
    path("keys/<int:key_id>/pause/", key_views.key_pause, name="key_pause"),
    path("keys/<int:key_id>/resume/", key_views.key_resume, name="key_resume"),
]
