"""How breakers stand by their events, closing one by hand, and what is told of them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from catalog import alert_rules
from catalog.breakers import breakers_of, close_breaker, offers_with_breakers
from catalog.models import Offer
from llmhub.alerts.models import Alert
from llmhub.audit.actor import SYSTEM, Actor
from llmhub.audit.models import AuditEvent
from llmhub.cli import main
from llmhub.lib import clock
from llmhub.people.roles import NotAllowed
from providers import breaker_log
from providers.breaker_change import Change
from providers.breaker_models import BreakerEvent
from tests.billing import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def offer() -> Offer:
    return Offer.objects.create(entry=rows.entry(), provider=rows.provider(), upstream_id="small-1")


def happened(offer, after, *, ago=0.0, seconds=0.0, reason="in_a_row", **more) -> None:
    """The breaker of an offer went into a state, `ago` seconds before now."""
    key, at = (offer.pk, more.pop("base_url", offer.provider.base_url)), clock.now() - timedelta(seconds=ago)
    numbers = {"failures": 5, "calls": 8, "failed": 6, "error_code": "upstream_timeout"} | more
    change = Change(key, at, "closed", after, reason, open_seconds=seconds, **numbers)
    breaker_log.write("host:1", [change])


def state(offer) -> str:
    return next((row.state.value for row in breakers_of([offer], clock.now())), "")


def told() -> list[tuple[str, str]]:
    return list(Alert.objects.order_by("id").values_list("title", "state"))


def test_an_offer_is_left_alone_until_its_time_is_over_and_called_when_a_call_was_answered(offer):
    assert state(offer) == ""

    happened(offer, "open", seconds=30)
    assert state(offer) == "open"

    happened(offer, "open", ago=31, seconds=30)
    assert state(offer) == "half_open"

    happened(offer, "closed", reason="probe_answered")
    assert state(offer) == "closed"


def test_at_another_address_it_is_another_server(offer):
    happened(offer, "open", seconds=30, base_url="http://127.0.0.1:2/v1")

    assert state(offer) == "closed"


def test_a_person_closes_it_and_the_log_says_who(offer):
    happened(offer, "open", seconds=300)

    made = close_breaker(actor=SYSTEM, offer=offer)

    assert state(offer) == "closed"
    assert (made.before, made.reason, made.by) == ("open", "by_hand", SYSTEM.label)
    event = AuditEvent.objects.get(action="breaker.closed")
    assert event.object == "model:acme/small-1"
    assert breaker_log.closed_by_hand(after=made.pk - 1) == [made]
    with pytest.raises(ValidationError, match="calls go there already"):
        close_breaker(actor=SYSTEM, offer=offer)


def test_a_viewer_closes_nothing(offer):
    happened(offer, "open", seconds=300)

    with pytest.raises(NotAllowed):
        close_breaker(actor=Actor(kind="user", label="mara", role="viewer"), offer=offer)
    assert state(offer) == "open"


def test_old_events_are_forgotten_and_so_are_too_many(offer, monkeypatch):
    for ago in (31 * 86_400, 3, 2, 1):
        happened(offer, "open", ago=ago, seconds=30)
    monkeypatch.setattr(breaker_log, "MOST", 2)

    assert breaker_log.forget(clock.now()) == 2
    assert BreakerEvent.objects.count() == 2


def test_what_was_withdrawn_is_not_listed(offer):
    happened(offer, "open", seconds=30)
    Offer.objects.update(withdrawn_at=clock.now())

    assert not offers_with_breakers().exists()


# --- alerts ----------------------------------------------------------------------------------------


def test_an_open_breaker_is_told_with_its_numbers_and_is_over_when_it_has_been_closed_for_a_minute(offer):
    happened(offer, "open", ago=70, seconds=30, http_status=503, error_code="upstream_unavailable")
    alert_rules.look()
    alert_rules.look()

    [alert] = Alert.objects.all()
    assert (alert.title, alert.state) == ("acme/small-1 fails at Lab", "firing")
    assert alert.text.startswith(
        "5 failures in a row, 6 of 8 calls within 10 seconds, the last with HTTP 503 (upstream_unavailable)."
    )
    assert alert.path == "/providers/lab/#provider-breakers"
    assert alert.facts["failed_in_10_s"] == 6

    happened(offer, "closed", reason="probe_answered")
    alert_rules.look()
    assert told() == [("acme/small-1 fails at Lab", "firing")]
    alert_rules.look(clock.now() + timedelta(seconds=61))
    assert told() == [("acme/small-1 fails at Lab", "resolved")]


def test_one_that_flaps_is_told_of_once(offer):
    for ago in (300, 240, 180, 120):
        happened(offer, "open", ago=ago, seconds=30)
        alert_rules.look(clock.now() - timedelta(seconds=ago - 1))
        happened(offer, "closed", ago=ago - 30, reason="probe_answered")
        alert_rules.look(clock.now() - timedelta(seconds=ago - 31))

    assert Alert.objects.count() == 1
    assert Alert.objects.get().transitions.filter(state="firing").count() == 1


def test_what_a_person_closed_is_over_at_once(offer):
    happened(offer, "open", seconds=300)
    alert_rules.look()

    close_breaker(actor=SYSTEM, offer=offer)
    alert_rules.look()

    assert told() == [("acme/small-1 fails at Lab", "resolved")]


def test_a_paused_provider_and_one_that_nobody_tries_any_more_are_nobodys_trouble(offer):
    happened(offer, "open", ago=86_401, seconds=30)
    alert_rules.look()
    assert told() == []

    happened(offer, "open", seconds=30)
    offer.provider.paused_reason = "moving"
    offer.provider.save()
    alert_rules.look()
    assert told() == []


# --- the three doors -------------------------------------------------------------------------------


def test_the_panel_shows_state_numbers_and_history_and_an_admin_closes_it_there(offer, signed_in):
    assert "All closed" in signed_in("viewer").get("/providers/lab/breakers/").text
    happened(offer, "open", seconds=60, http_status=503)

    seen = signed_in("viewer").get("/providers/lab/breakers/").text
    assert "Call it again" not in seen
    for shown in (
        "Open",
        "5 failures in a row, 6 of 8 calls within 10 seconds",
        "HTTP 503",
        "host:1",
        "acme/small-1",
    ):
        assert shown in seen
    assert 'id="provider-breakers"' in signed_in("viewer").get("/providers/lab/").text

    done = signed_in("admin").post(f"/breakers/{offer.pk}/close/", follow=True).text
    assert "Calls of acme/small-1 go to Lab again, within seconds." in done
    again = signed_in("admin").post(f"/breakers/{offer.pk}/close/", follow=True).text
    assert "calls go there already" in again
    assert "Closed by hand (" in signed_in("viewer").get("/providers/lab/breakers/").text


def test_programs_read_and_close_it(offer, api_as):
    happened(offer, "open", seconds=60)

    [row] = api_as("viewer").get("/breakers?provider=lab").json()["data"]
    [event] = api_as("viewer").get(f"/breaker-events?offer={offer.pk}").json()["data"]
    assert (row["state"], row["model"], row["opened"]["failures"]) == ("open", "acme/small-1", 5)
    assert (event["before"], event["after"], event["process"]) == ("closed", "open", "host:1")
    assert api_as("viewer").post(f"/breakers/{offer.pk}/close").status_code == 403

    assert api_as("admin").post(f"/breakers/{offer.pk}/close").json()["state"] == "closed"
    refused = api_as("admin").post(f"/breakers/{offer.pk}/close")
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid")
    assert api_as("admin").post("/breakers/4711/close").status_code == 404


def test_commands_do_the_same(offer, capsys):
    assert main.run(["breaker", "list"]) == 0
    assert "no breaker was open" in capsys.readouterr().out
    happened(offer, "open", seconds=60)

    assert main.run(["breaker", "list", "--provider", "lab", "--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert (row["offer"], row["state"], row["why"]) == (offer.pk, "open", "Failures in a row")
    assert main.run(["breaker", "close", str(offer.pk)]) == 0
    assert "go to lab again" in capsys.readouterr().out
    assert main.run(["breaker", "events", "--json"]) == 0
    assert [row["reason"] for row in json.loads(capsys.readouterr().out)] == ["by_hand", "in_a_row"]
    assert main.run(["breaker", "close", "4711"]) == 1
