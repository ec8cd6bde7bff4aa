"""Messages go out once where nothing dies, and at least once with the same id where something does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from llmhub.alerts import alert, outbox
from llmhub.alerts.models import Delivery
from llmhub.alerts.sending import send_due
from llmhub.lib import clock
from tests.alerts.found import finding
from tests.alerts.receiver import verified

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fired(webhook):
    """A message that waits, and the secret it will be signed with."""
    _, secret = webhook()
    return alert.observe(finding(), now=clock.now()), secret


def the_delivery() -> Delivery:
    return Delivery.objects.get()


def test_a_message_arrives_signed_as_the_standard_says(fired, receiver):
    _, secret = fired

    assert send_due() == 1
    assert send_due() == 0

    [(headers, body)] = receiver.got
    [document] = receiver.documents()
    assert verified(secret, headers, body)
    assert not verified(secret, headers, body + b" ")
    assert headers["webhook-id"] == the_delivery().message_id
    assert abs(int(headers["webhook-timestamp"]) - clock.now().timestamp()) < 60
    assert document["type"] == "alert.firing"
    assert document["data"]["facts"] == {"unpriced": 3, "requests": 9}
    assert document["data"]["url"].endswith("/models/acme/small-1/")
    assert (the_delivery().state, the_delivery().attempts, the_delivery().error) == ("sent", 1, "")


def test_of_workers_that_read_the_same_row_one_sends_it(fired):
    rows = [Delivery.objects.get() for _ in range(3)]

    assert [outbox.take(row, clock.now()) for row in rows] == [True, False, False]
    assert outbox.claim(clock.now(), limit=10) == []


def test_a_worker_that_died_leaves_its_message_to_the_next_one_with_the_same_id(fired, receiver):
    first = outbox.claim(clock.now(), limit=10)
    later = clock.now() + outbox.LEASE + timedelta(seconds=1)

    second = outbox.claim(later, limit=10)

    assert [row.message_id for row in first] == [row.message_id for row in second]
    outbox.sent(first[0], later)  # it was not dead: what it says is no longer asked for
    assert the_delivery().state == "waiting"
    outbox.sent(second[0], later)
    assert the_delivery().state == "sent"


def test_what_is_not_taken_is_sent_again_later_and_says_why(fired, receiver):
    receiver.statuses = [500, 429]

    for error in ("it answered 500", "it answered 429"):
        assert send_due() == 0
        row = the_delivery()
        assert (row.state, row.error) == ("waiting", error)
        assert row.next_at > clock.now()
        Delivery.objects.update(next_at=clock.now())
    assert send_due() == 1

    assert len(set(receiver.ids())) == 1
    assert the_delivery().attempts == 3


def test_it_is_given_up_after_some_hours_and_can_be_sent_anew(fired, receiver):
    receiver.status = 503
    for _ in range(len(outbox.BACKOFF) + 1):
        Delivery.objects.update(next_at=clock.now())
        send_due()
    assert the_delivery().state == "failed"
    assert 15 * 3600 < sum(outbox.BACKOFF) < 24 * 3600

    receiver.status = 200
    assert outbox.send_again([the_delivery()], clock.now()) == 1
    assert send_due() == 1
    assert len(set(receiver.ids())) == 1


def test_resolved_never_overtakes_firing(fired, receiver):
    seen, _ = fired
    receiver.statuses = [500]
    send_due()
    alert.resolve(seen, text="over", now=clock.now())

    assert send_due() == 0
    Delivery.objects.update(next_at=clock.now())
    send_due()

    assert [each["type"] for each in receiver.documents()] == [
        "alert.firing",
        "alert.firing",
        "alert.resolved",
    ]


@pytest.mark.parametrize(
    ("status", "error", "state"),
    [(302, "redirects are not followed", "waiting"), (410, "it is gone", "failed")],
)
def test_a_redirect_is_not_followed_and_what_is_gone_is_not_asked_again(
    fired, receiver, status, error, state
):
    receiver.status = status

    send_due()

    assert len(receiver.got) == 1
    assert error in the_delivery().error
    assert the_delivery().state == state


def test_an_address_that_may_not_be_reached_is_not(fired, receiver, settings):
    settings.EGRESS_ALLOW = []

    send_due()

    assert receiver.got == []
    assert "add 127.0.0.1" in the_delivery().error


def test_a_receiver_that_is_away_says_so(fired, receiver):
    receiver.server.shutdown()
    receiver.server.server_close()

    send_due()

    assert "cannot be reached" in the_delivery().error
    receiver.server.socket.close()
