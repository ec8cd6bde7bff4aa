from __future__ import annotations

from contextlib import suppress

import pytest
from django.test import Client

from llmhub.audit.actor import COMMAND_LINE
from llmhub.audit.models import AuditEvent
from llmhub.people import guesses, person, sign_in
from llmhub.people.guesses import TooManyTries
from llmhub.people.models import User
from tests.fixtures.sign_in import PASSWORD, is_signed_in, try_sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_guesses_yet")]


def test_a_person_signs_in_and_lands_on_overview(client, ada):
    response = try_sign_in(client)

    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert is_signed_in(client)


def test_the_case_of_the_address_does_not_matter(client, ada):
    try_sign_in(client, email=" ADA@Example.com ")

    assert is_signed_in(client)


@pytest.mark.parametrize(
    ("email", "password"), [("ada@example.com", "wrong"), ("nobody@example.com", PASSWORD)]
)
def test_a_wrong_address_and_a_wrong_password_are_answered_alike(client, ada, email, password):
    response = try_sign_in(client, email=email, password=password)

    assert response.status_code == 422
    assert "do not fit together" in response.text
    assert not is_signed_in(client)


def test_somebody_who_was_switched_off_stays_out(client, ada):
    User.objects.update(is_active=False)

    assert try_sign_in(client).status_code == 422


def test_a_person_comes_back_to_the_page_that_was_asked_for(client, ada):
    asked = client.get("/settings/")
    assert asked.headers["Location"] == "/sign-in/?next=/settings/"

    response = try_sign_in(client, next="/settings/")

    assert response.headers["Location"] == "/settings/"


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test/", "javascript:alert(1)"])
def test_sign_in_never_leads_to_another_host(client, ada, target):
    assert try_sign_in(client, next=target).headers["Location"] == "/"


def test_the_sixth_guess_has_to_wait_even_if_it_is_right(client, ada):
    for _ in range(5):
        assert try_sign_in(client, password="guess").status_code == 422

    response = try_sign_in(client)

    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 300
    assert "Too many tries" in response.text
    assert not is_signed_in(client)


def test_somebody_elses_guesses_do_not_lock_a_person_out(client, ada):
    for _ in range(5):
        Client(REMOTE_ADDR="203.0.113.9").post("/sign-in/", {"email": ada.email, "password": "guess"})

    assert try_sign_in(client).status_code == 302


def test_many_guesses_at_once_are_no_faster_than_one_after_another(rf, ada, monkeypatch):
    looked_at = []

    def slow(request, **credentials):
        """While one password is looked at, the next guess comes in."""
        looked_at.append(credentials["username"])
        with suppress(TooManyTries):
            sign_in.by_password(request, email=ada.email, password="guess")

    monkeypatch.setattr(sign_in, "authenticate", slow)
    sign_in.by_password(rf.post("/"), email=ada.email, password="guess")

    assert len(looked_at) == 5


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("203.0.113.9", "203.0.113.8", False),
    ],
)
def test_a_place_is_what_one_household_has(rf, one, other, same):
    places = {guesses.place_of(rf.get("/", REMOTE_ADDR=address)) for address in (one, other)}

    assert (len(places) == 1) is same


def test_one_place_cannot_go_through_many_addresses(client, ada):
    for number in range(20):
        try_sign_in(client, email=f"user{number}@example.com")

    assert try_sign_in(client).status_code == 429


def test_a_link_signs_in_once_and_invites_to_set_a_password(client):
    user = person.create_user(actor=COMMAND_LINE, email="new@example.com", role="owner")
    url = f"/sign-in/link/{person.make_link(actor=COMMAND_LINE, user=user)}/"

    first = client.post(url, follow=True)

    assert first.redirect_chain == [("/profile/", 302)]
    assert "Set a password" in first.text
    assert Client().post(url).status_code == 410


def test_looking_at_a_link_does_not_use_it_up(client, ada):
    url = f"/sign-in/link/{person.make_link(actor=COMMAND_LINE, user=ada)}/"

    for _ in range(3):
        assert "<button" in Client().get(url).text

    client.post(url)
    assert is_signed_in(client)


def test_who_forgot_the_password_sets_a_new_one_after_a_link(client, ada):
    client.post(f"/sign-in/link/{person.make_link(actor=COMMAND_LINE, user=ada)}/")

    client.post("/profile/", {"part": "password", "new": "another good password"})

    ada.refresh_from_db()
    assert ada.check_password("another good password")


def test_without_a_link_the_current_password_is_asked_for(client, ada):
    try_sign_in(client)

    response = client.post(
        "/profile/", {"part": "password", "current": "guess", "new": "another good password"}
    )

    ada.refresh_from_db()
    assert response.status_code == 422
    assert ada.check_password(PASSWORD)


@pytest.mark.parametrize("weak", ["short", "password1234", "123456789012"])
def test_a_weak_password_is_refused(client, ada, weak):
    try_sign_in(client)

    response = client.post("/profile/", {"part": "password", "current": PASSWORD, "new": weak})

    assert response.status_code == 422


def test_a_new_password_ends_the_other_sessions_and_is_audited_without_itself(client, ada):
    elsewhere = Client()
    try_sign_in(client)
    try_sign_in(elsewhere)

    client.post("/profile/", {"part": "password", "current": PASSWORD, "new": "another good password"})

    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.actor, event.after) == ("user.password_set", ada.email, None)


def test_a_name_is_saved_and_audited(client, ada):
    try_sign_in(client)

    client.post("/profile/", {"part": "name", "name": "Ada Lovelace"})

    ada.refresh_from_db()
    assert ada.name == "Ada Lovelace"
    assert AuditEvent.objects.latest("id").after == {"name": "Ada Lovelace"}


def test_signing_out_takes_a_post(client, ada):
    try_sign_in(client)

    assert client.get("/sign-out/").status_code == 405
    assert is_signed_in(client)
    assert client.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert not is_signed_in(client)


def test_a_form_without_its_token_is_refused_with_a_page_that_says_what_to_do(ada):
    client = Client(enforce_csrf_checks=True)

    response = client.post("/sign-in/", {"email": ada.email, "password": PASSWORD})

    assert response.status_code == 403
    assert "reload the page" in response.text


def test_cookies_are_kept_from_scripts_and_other_sites(client, ada):
    client.get("/sign-in/")
    try_sign_in(client)

    for cookie in client.cookies.values():
        assert cookie["httponly"], cookie.key
        assert cookie["samesite"] == "Lax", cookie.key


def test_an_expired_session_moves_the_whole_page_when_htmx_asks(client):
    response = client.get(
        "/settings/",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/settings/?a=1"},
    )

    assert response.headers["HX-Redirect"] == "/sign-in/?next=/settings/%3Fa%3D1"
