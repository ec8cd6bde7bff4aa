"""E-mail, through the server in LLMHUB_SMTP_URL."""

from __future__ import annotations

import pytest

from llmhub.alerts.message import Message
from llmhub.alerts.send import NotTaken, Way, send
from llmhub.lib import mail
from tests.alerts.found import T0
from tests.alerts.receiver import mail_server

MESSAGE = Message(
    "msg_1",
    "alert.firing",
    T0,
    title="support has spent 80 %\nBcc: x@evil.test",
    text="So it is.",
    url="http://hub/",
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://relay", ("relay", 25, "", "", "llmhub@hub.test", False, False)),
        ("smtp://u:p%40s@mail:587", ("mail", 587, "u", "p@s", "llmhub@hub.test", True, False)),
        ("smtp://u:p@mail:2525", ("mail", 2525, "u", "p", "llmhub@hub.test", True, False)),
        ("smtps://u:p@mail?from=hub@example.org", ("mail", 465, "u", "p", "hub@example.org", False, True)),
        ("smtp://127.0.0.1:1025", ("127.0.0.1", 1025, "", "", "llmhub@hub.test", False, False)),
    ],
)
def test_a_mail_server_as_it_is_written(url, expected):
    assert tuple(vars(mail.read(url, host="hub.test")).values()) == expected


@pytest.mark.parametrize(
    "url", ["http://mail", "mail:25", "smtp://", "smtp://u:secret@mail:x", "smtp://m?tls=no"]
)
def test_what_is_no_mail_server_stops_the_start_and_says_why(url):
    with pytest.raises(mail.BadMailServer, match="LLMHUB_SMTP_URL") as refusal:
        mail.read(url, host="hub.test")

    assert "secret" not in str(refusal.value)


@pytest.fixture
def server(settings):
    with mail_server() as found:
        settings.SMTP_URL = "smtp://here"
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        for name, value in mail.as_django(
            mail.read(f"smtp://127.0.0.1:{found.server_address[1]}?from=hub@example.org", host="hub")
        ).items():
            setattr(settings, name, value)
        yield found


def test_a_message_reaches_a_server_whole_and_adds_no_header_of_its_own(server):
    send(Way("email", "", recipients=("a@example.org", "b@example.org")), MESSAGE)

    [got] = server.mails
    head, _, body = got.partition("\n\n")
    assert "Subject: [llmhub] support has spent 80 % Bcc: x@evil.test" in head
    assert "\nBcc:" not in head
    assert "From: hub@example.org" in head
    assert "Message-ID: <msg_1@example.org>" in head
    assert body.startswith("So it is.\n\nhttp://hub/")


def test_what_a_server_refuses_is_said(server):
    with pytest.raises(NotTaken, match="it refuses every recipient"):
        send(Way("email", "", recipients=("nobody@example.org",)), MESSAGE)


def test_a_server_that_is_away_is_said(settings, server):
    settings.EMAIL_PORT = 1

    with pytest.raises(NotTaken, match="the mail server did not take it"):
        send(Way("email", "", recipients=("a@example.org",)), MESSAGE)


@pytest.mark.parametrize(
    ("url", "said"), [("", "set LLMHUB_SMTP_URL"), ("smtp://here", "nobody would get it")]
)
def test_what_is_missing_is_said(settings, url, said):
    settings.SMTP_URL = url

    with pytest.raises(NotTaken, match=said):
        send(Way("email", ""), MESSAGE)
