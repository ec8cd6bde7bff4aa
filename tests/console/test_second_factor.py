"""The second factor on pages: at sign-in, on the profile, and for everyone."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from llmhub.audit.actor import COMMAND_LINE
from llmhub.audit.models import AuditEvent
from llmhub.people import organisation, person, second_factor
from llmhub.people.sign_in_models import ConsoleSession
from tests.fixtures.sign_in import PASSWORD, App, give_second_factor, is_signed_in, try_sign_in

pytestmark = pytest.mark.django_db
CODE, SET_UP = "/sign-in/code/", "/profile/second-factor/"


def set_up(client: Client, user) -> tuple[App, str]:
    """Set a second factor up as a person does; return the app and the page with the recovery codes."""
    client.post(SET_UP, {"do": "begin"})
    page = client.get(SET_UP).text
    assert "<svg" in page
    assert re.search(r'href="(otpauth://[^"]+)"', page)
    secret = second_factor.draft_of(user)
    assert secret is not None
    app = App(secret)
    return app, client.post(SET_UP, {"do": "confirm", "code": app.code()}).text


def test_the_password_alone_signs_nobody_in_who_has_a_second_factor(client, ada):
    app, _ = give_second_factor(ada)

    response = try_sign_in(client, next="/settings/")

    assert response.headers["Location"] == CODE
    assert not is_signed_in(client)
    assert client.get("/api/v1/teams").status_code == 401
    assert client.post(CODE, {"code": app.wrong()}).status_code == 422
    assert not is_signed_in(client)
    assert client.post(CODE, {"code": app.code()}).headers["Location"] == "/settings/"
    assert is_signed_in(client)


def test_a_one_time_link_does_not_go_round_it(client, ada):
    app, _ = give_second_factor(ada)

    link = f"/sign-in/link/{person.make_link(actor=COMMAND_LINE, user=ada)}/"

    assert client.post(link).headers["Location"] == CODE
    assert not is_signed_in(client)
    client.post(CODE, {"code": app.code()})
    assert is_signed_in(client)


def test_a_recovery_code_signs_in_and_says_how_many_are_left(client, ada):
    _, codes = give_second_factor(ada)
    try_sign_in(client)

    assert "9 are left" in client.post(CODE, {"code": codes[0]}, follow=True).text
    assert AuditEvent.objects.latest("id").after["second_factor"] == "recovery code"


def test_codes_cannot_be_guessed_and_what_was_tried_is_audited_without_the_code(client, ada):
    app, _ = give_second_factor(ada)
    try_sign_in(client)
    wrong = app.wrong()

    statuses = [client.post(CODE, {"code": wrong}).status_code for _ in range(6)]

    assert statuses == [422] * 5 + [429]
    assert client.post(CODE, {"code": app.code()}).status_code == 429
    assert not is_signed_in(client)
    events = AuditEvent.objects.filter(action="session.refused")
    assert [event.after["reason"] for event in events] == ["second factor"] * 5
    assert wrong not in str(list(events.values()))


@pytest.mark.parametrize("spoil", ["password", "deactivated", "late"])
def test_the_wait_for_the_second_step_ends(client, ada, spoil, monkeypatch):
    app, _ = give_second_factor(ada)
    try_sign_in(client)
    if spoil == "password":
        ada.set_password("another good password")
        ada.save()
    elif spoil == "deactivated":
        type(ada).objects.update(is_active=False)
    else:
        session = client.session
        session["waiting_for_second_factor"] = {**session["waiting_for_second_factor"], "until": 1}
        session.save()

    assert client.post(CODE, {"code": app.code()}).headers["Location"] == "/sign-in/"
    assert not is_signed_in(client)


def test_without_a_first_step_there_is_no_second(client, ada):
    app, _ = give_second_factor(ada)

    assert client.post(CODE, {"code": app.code()}).headers["Location"] == "/sign-in/"


def test_a_cookie_from_before_the_sign_in_is_worth_nothing_after_it(client, ada):
    app, _ = give_second_factor(ada)
    try_sign_in(client)
    before = client.cookies["sessionid"].value

    client.post(CODE, {"code": app.code()})

    planted = Client()
    planted.cookies["sessionid"] = before
    assert is_signed_in(client)
    assert not is_signed_in(planted)


def test_it_is_set_up_on_the_profile_and_ends_the_sessions_that_did_without(client, ada):
    elsewhere = Client()
    try_sign_in(elsewhere)
    try_sign_in(client)

    _, page = set_up(client, ada)

    codes = re.findall(r"\b[a-z2-7]{4}(?:-[a-z2-7]{4}){3}\b", page)
    assert len(codes) == 10, page
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)
    assert codes[0] not in client.get(SET_UP).text
    assert try_sign_in(Client()).headers["Location"] == CODE
    assert second_factor.check(ada, codes[9]) == "recovery code"


def test_a_session_that_is_not_fresh_says_the_password_before_it_is_set_up(client, ada):
    try_sign_in(client)
    session = client.session
    session["since"] = 1
    session.save()
    client.post(SET_UP, {"do": "begin"})
    app = App(second_factor.draft_of(ada))

    client.post(SET_UP, {"do": "confirm", "code": app.code()})
    client.post(SET_UP, {"do": "confirm", "code": app.code(), "current": "guess"})
    assert not second_factor.has_one(ada)

    client.post(SET_UP, {"do": "confirm", "code": app.code(), "current": PASSWORD})
    assert second_factor.has_one(ada)


def test_taking_it_off_needs_a_code(client, ada):
    app, codes = give_second_factor(ada)
    try_sign_in(client)
    client.post(CODE, {"code": codes[0]})

    assert client.post(SET_UP, {"do": "remove", "code": app.wrong()}).status_code == 422
    assert second_factor.has_one(ada)
    client.post(SET_UP, {"do": "remove", "code": app.code()})
    assert not second_factor.has_one(ada)


def test_where_everyone_needs_one_a_person_sets_it_up_before_anything_else(client, ada):
    try_sign_in(client)
    organisation.require_second_factor(actor=COMMAND_LINE, required=True)

    for path in ("/", "/settings/", "/profile/", "/people/"):
        assert client.get(path).headers["Location"] == SET_UP
    swap = client.get("/keys/", headers={"HX-Request": "true"})
    assert swap.headers["HX-Redirect"] == SET_UP
    assert client.get("/api/v1/teams").status_code == 401
    assert "Everyone needs one here" in client.get(SET_UP).text

    set_up(client, ada)

    assert client.get("/settings/").status_code == 200
    assert client.get("/api/v1/teams").status_code == 200


def test_the_switch_is_on_settings_for_owners_who_have_one(client, ada):
    try_sign_in(client)
    fields = {"name": "Acme", "time_zone": "UTC", "requires_second_factor": "on"}

    refused = client.post("/settings/organisation/", fields)
    assert refused.status_code == 422
    assert "set up your own second factor first" in unescape(refused.text)
    assert organisation.current().name == "llmhub"  # all or nothing

    set_up(client, ada)
    assert client.post("/settings/organisation/", fields).status_code == 302
    assert organisation.current().requires_second_factor
    assert "checked" in client.get("/settings/").text
    client.post("/settings/organisation/", {**fields, "requires_second_factor": ""})
    assert not organisation.current().requires_second_factor


def test_an_owner_takes_a_lost_one_off_and_the_person_is_signed_out(client, ada, signed_in):
    app, _ = give_second_factor(ada)
    try_sign_in(client)
    client.post(CODE, {"code": app.code()})
    owner = signed_in("owner")
    off = f"/people/{ada.pk}/second-factor/off/"

    assert off in owner.get("/people/").text
    assert signed_in("admin").post(off).status_code == 403
    assert "is off" in owner.post(off, follow=True).text

    assert not is_signed_in(client)
    assert not ConsoleSession.objects.filter(user=ada).exists()
    assert try_sign_in(client).headers["Location"] == "/"
