"""Where a person is signed in: the list, and its end."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from llmhub.audit.models import AuditEvent
from llmhub.lib import clock
from llmhub.people import sessions, tasks
from llmhub.people.sign_in_models import ConsoleSession
from tests.fixtures.sign_in import PASSWORD, is_signed_in, try_sign_in

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1 Version/18.1 Safari/604.1"


@pytest.fixture
def phone(ada):
    there = Client(headers={"user-agent": PHONE}, REMOTE_ADDR="203.0.113.9")
    try_sign_in(there)
    return there


def test_a_person_sees_where_they_are_signed_in(ada, phone):
    here = Client(headers={"user-agent": FIREFOX})
    try_sign_in(here)

    page = here.get("/profile/").text

    assert "Firefox on Linux" in page
    assert "Safari on iPhone" in page
    assert "203.0.113.9" in page
    assert not any(key in page for key in ConsoleSession.objects.values_list("session_key", flat=True))


def test_one_session_is_ended_from_another(client, ada, phone):
    try_sign_in(client)
    [handle] = re.findall(r'name="session" value="(\w+)"', client.get("/profile/").text)

    client.post("/profile/sessions/end/", {"session": handle})

    assert not is_signed_in(phone)
    assert is_signed_in(client)
    assert AuditEvent.objects.latest("id").action == "user.sessions_ended"


def test_all_others_are_ended_at_once(client, ada, phone):
    try_sign_in(client)

    client.post("/profile/sessions/end/")

    assert is_signed_in(client)
    assert not is_signed_in(phone)


def test_nobody_ends_the_session_of_somebody_else(ada, phone, signed_in):
    [row] = ConsoleSession.objects.all()
    handle = sessions._handle(row)

    signed_in("viewer").post("/profile/sessions/end/", {"session": handle})

    assert is_signed_in(phone)


def test_a_new_password_leaves_only_this_session_in_the_list(client, ada, phone):
    try_sign_in(client)

    client.post("/profile/", {"part": "password", "current": PASSWORD, "new": "another good password"})

    ada.refresh_from_db()
    assert [each.is_this for each in sessions.sessions_of(ada, here=client.session.session_key)] == [True]


def test_use_is_noted_every_ten_minutes_and_not_at_each_page(client, ada):
    try_sign_in(client)
    session = client.session
    session["seen"] -= 60
    session.save()
    client.get("/settings/")
    assert client.session["seen"] == session["seen"]

    session["seen"] -= 600
    session.save()
    client.get("/settings/")
    assert client.session["seen"] > session["seen"] + 600


def test_what_is_over_is_deleted(client, ada, phone):
    try_sign_in(client)
    ConsoleSession.objects.filter(pk=client.session.session_key).update(
        expire_date=clock.now() - timedelta(seconds=1)
    )

    tasks.clear_sessions()

    assert ConsoleSession.objects.count() == 1
    assert is_signed_in(phone)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit Chrome/140.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("curl/8.0", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_told_in_two_words(agent, words):
    assert sessions.browser_of(agent) == words


def test_coming_failing_and_leaving_are_audited_without_secrets(client, ada):
    try_sign_in(client, password="a wrong guess")
    try_sign_in(client, email="typed-my-pass@word.example")
    try_sign_in(client)
    client.post("/sign-out/")

    events = list(AuditEvent.objects.filter(action__startswith="session.").order_by("id"))

    assert [(event.action, event.object) for event in events] == [
        ("session.refused", "user:ada@example.com"),
        ("session.refused", "user:nobody"),
        ("session.signed_in", "user:ada@example.com"),
        ("session.signed_out", "user:ada@example.com"),
    ]
    assert events[2].after == {"by": "password", "second_factor": "", "from": "127.0.0.1"}
    told = str([(event.before, event.after, event.object) for event in events])
    assert not any(secret in told for secret in (PASSWORD, "a wrong guess", "typed-my-pass"))


def test_comings_and_goings_do_not_fill_the_last_changes(client, ada):
    try_sign_in(client)

    assert "session.signed_in" not in client.get("/settings/").text
