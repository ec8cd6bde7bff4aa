"""`llmhub alert` and `llmhub channel`."""

from __future__ import annotations

import json

import pytest

from llmhub.alerts import alert
from llmhub.alerts.models import Channel, Delivery
from llmhub.lib import clock
from tests.alerts.found import finding
from tests.alerts.receiver import receiving

pytestmark = pytest.mark.django_db


def test_alerts_are_listed_shown_acknowledged_and_put_off(llmhub):
    assert "nothing fires" in llmhub("alert", "list")[1]
    row = alert.observe(finding(), now=clock.now())

    [listed] = json.loads(llmhub("alert", "list", "--json")[1])
    assert (listed["id"], listed["state"]) == (row.pk, "firing")
    assert llmhub("alert", "ack", str(row.pk))[0] == 0
    assert "command line" in llmhub("alert", "show", str(row.pk))[1]
    assert "put off until" in llmhub("alert", "snooze", str(row.pk), "--hours", "2")[1]
    assert llmhub("alert", "snooze", str(row.pk), "--hours", "nan")[0] == 1
    alert.resolve(row, text="", now=clock.now())
    assert "does not fire" in llmhub("alert", "ack", str(row.pk))[2]
    assert "no alert 99" in llmhub("alert", "show", "99")[2]


def test_a_channel_is_added_tested_changed_and_removed(llmhub, settings):
    assert "no channel is in use" in llmhub("alert", "test")[2]
    with receiving() as receiver:
        settings.EGRESS_ALLOW = [f"127.0.0.1:{receiver.port}"]
        words = ("--kind", "webhook", "--address", receiver.url, "--rules", "budget,forecast")
        made = json.loads(llmhub("channel", "add", "ops", *words, "--json")[1])
        assert made["secret"].startswith("whsec_")
        assert "sent by ops" in llmhub("alert", "test")[1]
        assert llmhub("channel", "secret", "ops")[1].startswith("whsec_")
    code, _, said = llmhub("channel", "test", "ops")
    assert (code, "did not take it: it cannot be reached" in said) == (1, True)
    assert "failed" in llmhub("alert", "deliveries", "--channel", "ops")[1]
    assert "is sent again" in llmhub("alert", "send-again", str(Delivery.objects.first().pk))[1]

    assert llmhub("channel", "change", "ops", "--rules", "all", "--pause", "--quiet", "22:00-07:00")[0] == 0
    row = Channel.objects.get()
    assert (row.rules, row.paused, row.quiet) == ([], True, "22:00-07:00")
    assert "such as 22:00-07:00" in llmhub("channel", "change", "ops", "--quiet", "nights")[2]
    llmhub("channel", "change", "ops", "--quiet", "none", "--time-zone", "Asia/Tokyo")
    row.refresh_from_db()
    assert (row.quiet, row.time_zone) == ("", "Asia/Tokyo")
    assert "nothing to change" in llmhub("channel", "change", "ops")[2]
    assert llmhub("channel", "remove", "ops")[0] == 0
    assert "no channel is called 'ops'" in llmhub("channel", "test", "ops")[2]
    assert "no channel yet" in llmhub("channel", "list")[1]
