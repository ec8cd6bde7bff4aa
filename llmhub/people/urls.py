"""Pages of `people`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from llmhub.people import (
    audit_views,
    invitation_views,
    member_views,
    oidc_views,
    person_views,
    second_factor_views,
    service_key_views,
    team_views,
    views,
)

app_name = "people"
urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/link/<str:token>/", views.use_link, name="use_link"),
    path("sign-in/code/", second_factor_views.code_page, name="second_factor_code"),
    path("sign-in/forgotten/", views.forgotten_page, name="forgotten"),
    path("sign-in/provider/", oidc_views.oidc_start, name="oidc_start"),
    path("sign-in/provider/return/", oidc_views.oidc_return, name="oidc_return"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("profile/", views.profile_page, name="profile"),
    path("profile/second-factor/", second_factor_views.second_factor_page, name="second_factor"),
    path("profile/sessions/end/", views.sessions_end, name="profile_sessions_end"),
    path("teams/", team_views.team_list, name="team_list"),
    path("teams/add/", team_views.team_new, name="team_new"),
    path("teams/<slug:slug>/", team_views.team_detail, name="team_detail"),
    path("teams/<slug:slug>/members/", member_views.member_set, name="member_set"),
    path(
        "teams/<slug:slug>/members/<int:person_id>/remove/", member_views.member_remove, name="member_remove"
    ),
    path("invitations/", invitation_views.invitation_list, name="invitation_list"),
    path("invitations/add/", invitation_views.invitation_new, name="invitation_new"),
    path(
        "invitations/<int:invitation_id>/revoke/",
        invitation_views.invitation_revoke,
        name="invitation_revoke",
    ),
    path("join/<str:token>/", invitation_views.invitation_accept, name="invitation_accept"),
    path("audit/", audit_views.audit_list, name="audit_list"),
    path("audit/chain/", audit_views.audit_chain, name="audit_chain"),
    path("settings/service-keys/", service_key_views.service_key_list, name="service_key_list"),
    path("settings/service-keys/add/", service_key_views.service_key_new, name="service_key_new"),
    path(
        "settings/service-keys/<int:key_id>/revoke/",
        service_key_views.service_key_revoke,
        name="service_key_revoke",
    ),
    path("people/", person_views.person_list, name="person_list"),
    path("people/add/", person_views.person_new, name="person_new"),
    path("people/<int:person_id>/link/", person_views.person_link, name="person_link"),
    path("people/<int:person_id>/change/", person_views.person_change, name="person_change"),
    path(
        "people/<int:person_id>/second-factor/off/",
        second_factor_views.second_factor_off,
        name="person_second_factor_off",
    ),
]
