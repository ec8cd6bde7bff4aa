"""Invitations by mail, through a real little server: sent once, again where it is away, and never late."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from llmhub.audit.actor import COMMAND_LINE
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock
from llmhub.people import invitation_mail
from llmhub.people.invitation import find, invite, revoke
from llmhub.people.models import Invitation
from llmhub.people.team import create_team
from tests.alerts.receiver import mail_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings):
    with mail_server() as found:
        settings.SMTP_URL = f"smtp://127.0.0.1:{found.server_address[1]}?from=hub@example.org&tls=no"
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        yield found


def invited(email: str = "new@example.org") -> Invitation:
    team = create_team(actor=COMMAND_LINE, name="Support")
    return invite(actor=COMMAND_LINE, email=email, team=team, team_role="member")[0]


def now_of(row: Invitation) -> tuple[str, int, str, str]:
    row.refresh_from_db()
    return row.mail, row.mail_attempts, row.mail_error, row.mail_sealed


def test_the_link_in_the_mail_lets_in_and_is_nowhere_afterwards(server):
    row = invited()
    assert row.mail_sealed

    assert (invitation_mail.send_due(), invitation_mail.send_due()) == (1, 0)

    [got] = server.mails
    link = re.search(r"http\S+/(join_\S+)/", got.replace("=\n", ""))
    assert find(link[1]).pk == row.pk
    assert "Subject: Your invitation to Support" in got
    assert "invites you to the team Support at" in got
    assert now_of(row) == ("sent", 1, "", "")
    told = str(list(AuditEvent.objects.values("after")))
    assert link[1] not in told


def test_a_server_that_is_away_is_asked_again_and_then_given_up(settings):
    settings.SMTP_URL = "smtp://127.0.0.1:1?from=hub@example.org&tls=no"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    row = invited()

    for number in range(1, len(invitation_mail.BACKOFF) + 1):
        assert invitation_mail.send_due() == 0
        state, attempts, error, sealed = now_of(row)
        assert (state, attempts, bool(sealed)) == ("waiting", number, True)
        assert "did not take it" in error
        assert row.mail_at > clock.now()
        Invitation.objects.update(mail_at=clock.now())
    invitation_mail.send_due()

    assert now_of(row)[0] == "failed"
    assert now_of(row)[3] == ""


def test_an_address_that_is_refused_is_not_tried_again(server):
    row = invited("nobody@example.org")

    invitation_mail.send_due()

    assert now_of(row)[:3] == ("failed", 1, "the mail server refuses this address")


def test_a_link_that_was_taken_back_is_not_sent(server):
    row = invited()
    revoke(actor=COMMAND_LINE, invitation=row)

    assert invitation_mail.send_due() == 0

    assert server.mails == []
    assert now_of(row)[0] == "failed"


def test_of_two_workers_one_sends_it_and_one_that_died_leaves_it(server):
    row = invited()
    both = [Invitation.objects.get(pk=row.pk) for _ in range(2)]
    now = clock.now()

    assert [invitation_mail._take(each, now) for each in both] == [True, False]
    assert invitation_mail.send_due() == 0
    Invitation.objects.update(mail_at=now - timedelta(seconds=1))  # the lease is over
    assert invitation_mail.send_due() == 1


def test_without_a_mail_server_nothing_waits():
    assert now_of(invited()) == ("", 0, "", "")


def test_the_page_says_that_it_is_sent_and_without_a_server_shows_the_link_to_send(signed_in, settings):
    client = signed_in("owner")
    form = {"email": "new@example.org", "role": "viewer", "days": "3", "team_role": "member"}

    by_hand = client.post("/invitations/add/", form).text
    settings.SMTP_URL = "smtp://127.0.0.1:1?from=hub@example.org"
    mailed = client.post("/invitations/add/", form).text

    assert "Sent to" not in by_hand
    assert "Send it on a way that only new@example.org reads" in by_hand
    assert "Sent to <strong>new@example.org</strong>" in mailed
    assert "is mailed" in client.get("/invitations/").text
