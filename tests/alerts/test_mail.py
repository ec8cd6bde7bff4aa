"""E-mail, through the server in LLMHUB_SMTP_URL."""

from __future__ import annotations

import pytest

from llmhub.alerts.message import Message
from llmhub.alerts.send import NotTaken, Way, send
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


@pytest.fixture
def server(settings):
    with mail_server() as found:
        settings.SMTP_URL = f"smtp://127.0.0.1:{found.server_address[1]}?from=hub@example.org&tls=no"
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        yield found


def test_a_message_reaches_a_server_whole_and_adds_no_header_of_its_own(server):
    send(Way("email", "", recipients=("ann@example.org", "ben@example.org")), MESSAGE)

    [got] = server.mails
    head, _, body = got.partition("\n\n")
    assert "Subject: [llmhub] support has spent 80 % Bcc: x@evil.test" in head
    assert "\nBcc:" not in head
    assert "To: undisclosed-recipients:;" in head  # a member who asked does not learn who the owners are
    assert "ben@example.org" not in head
    assert server.receivers == [["ann@example.org", "ben@example.org"]]
    assert "From: hub@example.org" in head
    assert "Message-ID: <msg_1@example.org>" in head
    assert body.startswith("So it is.\n\nhttp://hub/")


def test_what_a_server_refuses_is_said(server):
    with pytest.raises(NotTaken, match="it refuses every recipient"):
        send(Way("email", "", recipients=("nobody@example.org",)), MESSAGE)


def test_a_server_that_is_away_is_said(settings, server):
    settings.SMTP_URL = "smtp://127.0.0.1:1?from=hub@example.org&tls=no"

    with pytest.raises(NotTaken, match="the mail server did not take it"):
        send(Way("email", "", recipients=("a@example.org",)), MESSAGE)


@pytest.mark.parametrize(
    ("url", "said"), [("", "set LLMHUB_SMTP_URL"), ("smtp://here?from=a@example.org", "nobody would get it")]
)
def test_what_is_missing_is_said(settings, url, said):
    settings.SMTP_URL = url

    with pytest.raises(NotTaken, match=said):
        send(Way("email", ""), MESSAGE)
