"""Alerts, deliveries and channels in the management API."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest

from llmhub.alerts import alert
from llmhub.alerts.api import Rule
from llmhub.alerts.finding import RULES
from llmhub.alerts.models import Delivery
from llmhub.lib import clock
from tests.alerts.found import finding
from tests.alerts.receiver import receiving

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(api_as):
    return api_as("admin")


def fired(**values):
    return alert.observe(finding(**values), now=clock.now())


def test_the_api_knows_every_rule():
    assert get_args(Rule) == tuple(RULES)


def test_alerts_are_listed_and_shown_with_their_life(api_as):
    row, api = fired(), api_as("viewer")
    fired(subject="other", rule="provider", period=1764400000)

    [other] = api.get("/alerts?rule=provider").json()["data"]
    shown = api.get(f"/alerts/{row.pk}").json()

    assert other["period"].startswith("2025-11-29T")
    assert [each["state"] for each in shown["transitions"]] == ["pending", "firing"]
    assert (shown["facts"], shown["period"], shown["threshold"]) == (
        {"unpriced": 3, "requests": 9},
        None,
        None,
    )
    assert api.get("/alerts?state=resolved").json()["data"] == []
    assert api.get("/alerts?state=burning").status_code == 422
    assert api.post(f"/alerts/{row.pk}/acknowledge").status_code == 403


def test_an_alert_is_acknowledged_and_put_off(api):
    row = fired()
    until = (clock.now() + timedelta(hours=1)).isoformat()

    assert api.post(f"/alerts/{row.pk}/acknowledge").json()["acknowledged_by"] == "admin of the test"
    assert api.post(f"/alerts/{row.pk}/snooze", until=until).json()["snoozed_until"]
    assert api.post(f"/alerts/{row.pk}/snooze", until="2020-01-01T00:00:00Z").status_code == 422
    assert api.post(f"/alerts/{row.pk}/snooze", until="2020-01-01T00:00:00").status_code == 422
    alert.resolve(row, text="", now=clock.now())
    answer = api.post(f"/alerts/{row.pk}/acknowledge")
    assert (answer.status_code, "does not fire" in answer.json()["error"]["message"]) == (422, True)


def test_a_channel_from_beginning_to_end(api, settings):
    with receiving() as receiver:
        settings.EGRESS_ALLOW = [f"127.0.0.1:{receiver.port}"]
        made = api.post("/channels", name="ops", kind="webhook", address=receiver.url, rules=["budget"])
        body, here = made.json(), f"/channels/{made.json()['id']}"
        assert (made.status_code, body["rules"], body["secret"][:6]) == (201, ["budget"], "whsec_")
        assert "secret" not in api.get(here).json()
        assert api.post(f"{here}/test").json()["state"] == "sent"
        assert api.post(f"{here}/secret").json()["secret"] != body["secret"]
    failed = api.post(f"{here}/test").json()
    assert (failed["state"], "cannot be reached" in failed["error"]) == ("failed", True)
    assert api.patch(here, paused=True, rules=[]).json()["paused"] is True
    assert api.patch(here, quiet="22:00 - 07:00").json()["quiet"] == "22:00-07:00"
    assert api.post(f"/deliveries/{failed['id']}/send-again").json()["state"] == "waiting"
    assert api.delete(here).status_code == 204
    assert api.get(here).status_code == 404
    assert [each["event"] for each in api.get("/deliveries").json()["data"]] == ["alert.test"] * 2


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"kind": "pigeon"}, "kind"),
        ({"address": "http://127.0.0.1/"}, "address"),
        ({"rules": ["weather"]}, "rules.0"),
        ({"kind": "email", "address": "a@example.org"}, "kind"),
        ({"quiet": "nights"}, "quiet"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"colour": "red"}, "colour"),
        ({"name": ""}, "name"),
    ],
)
def test_what_makes_no_sense_is_422_at_its_field(api, body, param):
    answer = api.post(
        "/channels", **({"name": "ops", "kind": "webhook", "address": "https://example.org/x"} | body)
    )

    assert (answer.status_code, answer.json()["error"]["param"]) == (422, param)


def test_nobody_but_admins_and_owners_makes_channels(api_as):
    assert api_as("viewer").post("/channels", name="x", kind="email").status_code == 403
    assert not Delivery.objects.exists()
