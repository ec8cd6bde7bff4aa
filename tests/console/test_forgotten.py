"""A forgotten password: a link by mail, and not a word about who has an account."""

from __future__ import annotations

import re

import pytest
from django.core import mail as outbox
from django.test import Client

from llmhub.lib import mail
from llmhub.people import tasks
from llmhub.people.models import User
from tests.fixtures.sign_in import give_second_factor, is_signed_in

pytestmark = pytest.mark.django_db
PAGE = "/sign-in/forgotten/"


@pytest.fixture
def smtp(settings, monkeypatch):
    """Mail is set up; what is handed to the worker is done at once."""
    settings.SMTP_URL = "smtp://hub:secret@mail.test:587?from=hub@example.com"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    monkeypatch.setattr(tasks.send_link, "delay", tasks.send_link)


def test_without_mail_the_page_says_whom_to_ask(client):
    page = client.get(PAGE).text

    assert "owner" in page
    assert "user link" in page
    assert "<form" not in page.split("<h1")[1]
    assert PAGE in client.get("/sign-in/").text


def test_a_link_is_mailed_and_signs_in(client, ada, smtp):
    client.post(PAGE, {"email": "ADA@example.com"})

    [sent] = outbox.outbox
    assert (sent.to, sent.from_email) == (["ada@example.com"], "hub@example.com")
    path = re.search(r"https?://[^/]+(/sign-in/link/\S+)", sent.body).group(1)
    client.post(path)
    assert is_signed_in(client)


def test_nobody_learns_who_has_an_account(ada, smtp):
    answers = [Client().post(PAGE, {"email": email}).text for email in (ada.email, "no@example.com")]
    User.objects.update(is_active=False)
    answers.append(Client().post(PAGE, {"email": ada.email}).text)

    plain = [re.sub(r"(ada|no)@example\.com|value=\"\w{64}\"|token\": \"\w+", "", each) for each in answers]
    assert plain[0] == plain[1] == plain[2]
    assert len(outbox.outbox) == 1


def test_one_address_is_not_mailed_again_and_again(client, ada, smtp):
    statuses = [client.post(PAGE, {"email": ada.email}).status_code for _ in range(4)]

    assert statuses == [200, 200, 200, 429]
    assert len(outbox.outbox) == 3


def test_a_mailed_link_does_not_go_round_the_second_factor(client, ada, smtp):
    give_second_factor(ada)
    client.post(PAGE, {"email": ada.email})
    path = re.search(r"https?://[^/]+(/sign-in/link/\S+)", outbox.outbox[0].body).group(1)

    client.post(path)

    assert not is_signed_in(client)


def test_a_broker_that_is_away_is_said(client, ada, smtp, settings, monkeypatch):
    def away(email):
        from kombu.exceptions import OperationalError

        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.send_link, "delay", away)

    response = client.post(PAGE, {"email": ada.email})

    assert response.status_code == 503
    assert "cannot be sent just now" in response.text


@pytest.mark.parametrize(
    ("url", "port", "use_ssl", "use_tls"),
    [
        ("smtp://mail.test?from=a@b.test", 587, False, True),
        ("smtps://u:p%40ss@mail.test?from=a@b.test", 465, True, False),
        ("smtp://mail.test:25?from=a@b.test&tls=no", 25, False, False),
    ],
)
def test_a_mail_server_is_one_address(url, port, use_ssl, use_tls):
    server = mail.parse(url)

    assert (server.host, server.port, server.use_ssl, server.use_tls) == ("mail.test", port, use_ssl, use_tls)
    assert server.password in {"", "p@ss"}


@pytest.mark.parametrize(
    "url", ["mail.test", "http://mail.test", "smtp://u:secret@mail.test", "smtp://?from=a@b"]
)
def test_an_address_that_cannot_be_used_is_said_without_its_password(url):
    with pytest.raises(ValueError, match="LLMHUB_SMTP_URL") as refusal:
        mail.parse(url)

    assert "secret@" not in str(refusal.value).replace("smtp://user:password@", "")
