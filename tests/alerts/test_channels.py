"""Channels: what is kept of them, what is on record, and which addresses may be told."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ValidationError

from llmhub.alerts import address, chat, webhook
from llmhub.alerts.channel import change_channel, create_channel, new_secret, remove_channel
from llmhub.alerts.finding import RULES
from llmhub.alerts.models import Channel
from llmhub.audit.actor import COMMAND_LINE, Actor
from llmhub.audit.models import AuditEvent
from llmhub.lib import secrets
from llmhub.people.roles import NotAllowed
from tests.alerts.receiver import verified

SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
TEAMS = (
    "https://prod-1.westeurope.logic.azure.com:443/workflows/643e69f83c8944/triggers/manual/paths/invoke"
    "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=KODuebWbDGYFr0z0eu"
)


def test_the_signature_is_that_of_the_standard():
    """The example of the specification's own libraries."""
    made = webhook.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )

    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_our_receiver_checks_is_the_same():
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }

    assert verified("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", headers, b'{"test": 2432232314}')
    assert not verified("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx", headers, b'{"test": 2432232314}')


@pytest.mark.parametrize(
    ("url", "service"),
    [
        (SLACK, "Slack"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "Slack"),
        (TEAMS, "Microsoft Teams"),
        ("discord://123456789012345678/abcdefghijklmnopqrstuvwxyz", "Discord"),
        ("gchat://workspace/key/token", "Google Chat"),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", "Telegram"),
        ("opsgenie://8e4b5d1e-1111-2222-3333-444455556666/", "Opsgenie"),
    ],
)
def test_a_service_with_a_fixed_host_may_be_told(url, service):
    assert chat.service_of(url) == service


@pytest.mark.parametrize(
    "url",
    [
        "json://127.0.0.1:6379/",
        "jsons://169.254.169.254/latest",
        "xml://10.0.0.1/",
        "form://intranet/",
        "ntfy://intranet/topic",
        "matrix://user:pass@intranet/room",
        "mmost://intranet/token",
        "mailto://user:pass@127.0.0.1",
        "syslog://127.0.0.1",
        "dbus://",
        "exec:///bin/sh",
        "file:///etc/passwd",
        "https://127.0.0.1/services/T/B/X",
        "https://hooks.slack.com.evil.test/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "https://hooks.slack.com@127.0.0.1/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "workflows://127.0.0.1:443/643e69f83c8944/KODuebWbDGYFr0z0eu/",
        "workflows://evil.test/logic.azure.com/643e69f83c8944/KODuebWbDGYFr0z0eu/",
        "workflows://prod-1.westeurope.logic.azure.com:8443/643e69f83c8944/KODuebWbDGYFr0z0eu/",
        TEAMS.replace("logic.azure.com", "logic.azure.com.evil.test"),
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?verify=no",
        "SLACK:",
        "",
        "slack",
        " ://",
    ],
)
def test_whatever_names_a_host_is_refused_with_what_to_use_instead(url):
    with pytest.raises(chat.NotAService, match=r"use the signed webhook|verify=no"):
        chat.service_of(url)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("“<!channel> now” 5 USD", "“\u2039!channel\u203a now” 5 USD"),
        ("<https://evil.test|Approve it>", "\u2039https://evil.test|Approve it\u203a"),
        ("[Approve it](https://evil.test)", "[Approve it] (https://evil.test)"),
        ("@everyone and @here", "@ everyone and @ here"),
        ("ada@example.org has [1] call, 80 % of $5: https://hub.test/budgets/7/", None),
    ],
)
def test_words_of_people_mark_nothing_up_in_a_chat(written, told):
    assert chat.plain(written) == (told or written)


@pytest.mark.django_db
def test_a_chat_keeps_its_address_sealed_and_nowhere_else():
    channel, secret = create_channel(actor=COMMAND_LINE, name="dev", kind="chat", address=SLACK)

    row = Channel.objects.get()
    assert (row.address, secret, address.shown(row)) == ("Slack", "", "Slack")
    assert secrets.decrypt(row.sealed) == SLACK
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in json.dumps(list(AuditEvent.objects.values("before", "after")))
    change_channel(actor=COMMAND_LINE, channel=channel, address=TEAMS)
    assert Channel.objects.get().address == "Microsoft Teams"


@pytest.mark.django_db
def test_a_signing_secret_is_sealed_shown_once_and_can_be_another(webhook):
    channel, secret = webhook()

    assert secret.startswith("whsec_")
    assert secret not in channel.sealed
    assert secrets.decrypt(channel.sealed) == secret
    other = new_secret(actor=COMMAND_LINE, channel=channel)
    channel.refresh_from_db()
    assert secrets.decrypt(channel.sealed) == other != secret
    told = json.dumps(list(AuditEvent.objects.values("action", "before", "after")))
    assert secret not in told
    assert other not in told
    assert "/hook" not in told


@pytest.mark.django_db
def test_changes_are_on_record_and_what_changes_nothing_is_not(webhook):
    channel, _ = webhook(rules=["ledger", "budget"])
    assert channel.rules == ["budget", "ledger"]

    change_channel(actor=COMMAND_LINE, channel=channel, name="ops", rules=["budget", "ledger"])
    change_channel(actor=COMMAND_LINE, channel=channel, paused=True)
    remove_channel(actor=COMMAND_LINE, channel=channel)
    remove_channel(actor=COMMAND_LINE, channel=channel)

    actions = AuditEvent.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == ["channel.created", "channel.changed", "channel.removed"]
    assert Channel.objects.get().sealed == ""
    with pytest.raises(ValidationError, match="was removed"):
        change_channel(actor=COMMAND_LINE, channel=channel, paused=False)


@pytest.mark.django_db
def test_a_name_is_taken_once_and_free_again_when_its_channel_is_removed(webhook):
    channel, _ = webhook()
    with pytest.raises(ValidationError, match="already"):
        webhook()

    remove_channel(actor=COMMAND_LINE, channel=channel)

    assert webhook()[0].pk != channel.pk


@pytest.mark.django_db
def test_viewers_make_no_channel_and_nobody_one_of_an_unknown_rule(receiver):
    viewer = Actor(kind="user", label="v", role="viewer")
    with pytest.raises(NotAllowed):
        create_channel(actor=viewer, name="x", kind="webhook", address=receiver.url)
    with pytest.raises(ValidationError, match="no rule is called 'weather'"):
        create_channel(actor=COMMAND_LINE, name="x", kind="webhook", address=receiver.url, rules=["weather"])


def test_every_rule_has_words():
    assert all(len(word) <= 20 and words for word, words in RULES.items())
