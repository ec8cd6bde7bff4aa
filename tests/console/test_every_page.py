"""What holds for every URL of the console, however many there will be."""

from __future__ import annotations

import json
from dataclasses import dataclass

import psycopg
import pytest
from django.conf import settings
from django.db import InternalError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, path, reverse

from llmhub import failures
from llmhub import urls as hub_urls
from llmhub.lib.security import CONTENT_SECURITY_POLICY, HEADERS
from llmhub.people.access import needs
from tests.console.html import blocked

# Everybody may ask for these.
PUBLIC = {
    "people:sign_in",
    "people:use_link",
    "people:sign_out",
    "people:forgotten",
    "people:second_factor_code",
    "people:oidc_start",
    "people:oidc_return",
    "people:invitation_accept",
}
VALUES = {"int": 1, "slug": "nothing", "str": "nothing", "path": "nothing/here"}


@dataclass(frozen=True)
class Place:
    """One URL of the console, with a made-up value for each of its arguments."""

    name: str
    url: str
    view: object


def places(patterns=None, namespace="") -> list[Place]:
    """Every URL but those of the API, which has its own rules and tests."""
    found = []
    for each in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(each, URLResolver):
            if each.app_name != "ninja":
                inner = f"{namespace}{each.namespace}:" if each.namespace else namespace
                found += places(each.url_patterns, inner)
        elif isinstance(each, URLPattern):
            found.append(place(each, namespace))
    return found


def place(pattern: URLPattern, namespace: str) -> Place:
    kinds = {name: type(kind).__name__ for name, kind in pattern.pattern.converters.items()}
    values = {
        name: VALUES[kind.removesuffix("Converter").lower().replace("string", "str")]
        for name, kind in kinds.items()
    }
    name = f"{namespace}{pattern.name}"
    return Place(name, reverse(name, kwargs=values), pattern.callback)


PLACES = {each.name: each for each in places()}


def boom(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret that no page may show")


@needs("view")
def guarded_boom(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret that no page may show")


urlpatterns = [*hub_urls.urlpatterns, path("boom/", boom), path("guarded-boom/", guarded_boom)]
handler500 = hub_urls.handler500
handler404 = hub_urls.handler404


def test_the_walk_finds_the_pages():
    assert {"overview", "settings", "billing:request_detail", "providers:provider_list"} <= PLACES.keys()


@pytest.mark.parametrize("name", PLACES)
def test_it_names_the_right_it_needs_or_is_public_on_purpose(name):
    assert getattr(PLACES[name].view, "needs", None) or name in PUBLIC


def test_a_view_without_a_gate_is_seen():
    assert not getattr(boom, "needs", None)
    assert guarded_boom.needs == "view"


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(PLACES.keys() - PUBLIC))
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_is_sent_to_sign_in(name, method):
    response = getattr(Client(), method)(PLACES[name].url)

    assert response.status_code in {302, 405}
    if response.status_code == 302:
        assert response.headers["Location"].startswith("/sign-in/?next=")


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(PLACES.keys() - PUBLIC))
def test_a_viewer_is_refused_what_changes_something(name, signed_in):
    view = PLACES[name].view
    if view.needs in {"view", "read"} and "profile" not in name:
        assert signed_in("viewer").get(PLACES[name].url).status_code in {200, 302, 404, 405}
    elif view.needs not in {"view", "read"}:
        responses = [signed_in("viewer").get(PLACES[name].url), signed_in("viewer").post(PLACES[name].url)]
        assert {response.status_code for response in responses} <= {403, 405}
        assert 403 in {response.status_code for response in responses}


@pytest.mark.django_db
@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("htmx", [False, True])
def test_every_answer_carries_the_policy_and_nothing_that_it_would_block(name, method, htmx, signed_in):
    client = signed_in("owner", raise_request_exception=False)
    headers = {"HX-Request": "true"} if htmx else {}

    response = getattr(client, method)(PLACES[name].url, headers=headers)

    assert response.status_code < 500
    assert {header: response.headers[header] for header in HEADERS} == HEADERS
    assert not blocked(response.text)


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["/nothing/here/", "/requests/req_0000000000000001/", "/api/v1/nothing"])
def test_what_is_not_there_is_a_404_under_the_policy(url, signed_in):
    response = signed_in().get(url)

    assert response.status_code == 404
    assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


@pytest.mark.django_db
def test_a_404_says_what_to_do_in_the_frame_to_people_and_without_it_to_strangers(signed_in):
    inside, outside = signed_in().get("/nothing/").text, Client().get("/nothing/").text

    assert "There is nothing at this address" in inside
    assert "There is nothing at this address" in outside
    assert 'href="/requests/"' in inside
    assert 'href="/requests/"' not in outside


def test_a_404_in_the_api_is_json(client):
    assert client.get("/api/v1/nothing").json()["error"]["code"] == "not_found"


@pytest.mark.django_db
@pytest.mark.urls(__name__)
@pytest.mark.parametrize("url", ["/boom/", "/guarded-boom/"])
def test_a_500_is_a_page_under_the_policy_that_gives_nothing_away(url, signed_in):
    response = signed_in(raise_request_exception=False).get(url)

    assert response.status_code == 500
    assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "This is our fault" in response.text
    assert "a secret" not in response.text
    assert not blocked(response.text)


def test_the_500_page_needs_no_database():
    # No django_db mark: a query fails this test.
    assert "This is our fault" in failures.server_error(RequestFactory().get("/")).content.decode()


def stood_still() -> InternalError:
    """What Django makes of a session that Postgres ended because its process was stopped in a transaction."""
    error = InternalError("terminating connection due to idle-in-transaction timeout")
    error.__cause__ = psycopg.errors.IdleInTransactionSessionTimeout()
    return error


@pytest.mark.parametrize(
    ("trouble", "status", "code"),
    [
        (ValueError("a secret"), 500, "internal"),
        (OperationalError("gone"), 503, "database_unavailable"),
        (InternalError("a secret"), 500, "internal"),
        (stood_still(), 503, "database_unavailable"),
    ],
)
def test_the_api_fails_in_its_own_words_before_an_endpoint_is_reached_too(trouble, status, code):
    try:
        raise trouble
    except type(trouble):
        answer = failures.server_error(RequestFactory().get("/api/v1/keys"))

    said = json.loads(answer.content)["error"]
    assert (answer.status_code, said["code"], said["retryable"]) == (status, code, True)
    assert answer.headers.get("Retry-After") == ("2" if status == 503 else None)
    assert "secret" not in said["message"]


@pytest.mark.django_db
def test_the_demo_says_so_on_every_page(signed_in, settings):
    settings.DEMO = True
    for client, url in ((signed_in(), "/"), (signed_in(), "/nothing/"), (Client(), "/sign-in/")):
        assert "Demo data" in client.get(url).text

    settings.DEMO = False
    assert "Demo data" not in signed_in().get("/").text


def test_production_cookies_travel_over_https_only():
    assert settings.SESSION_COOKIE_SECURE is (not settings.EMBEDDED)
    assert settings.CSRF_COOKIE_SECURE is (not settings.EMBEDDED)
