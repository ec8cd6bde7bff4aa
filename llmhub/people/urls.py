"""Pages of `people`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from llmhub.people import views

app_name = "people"
urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/link/<str:token>/", views.use_link, name="use_link"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("profile/", views.profile_page, name="profile"),
]
