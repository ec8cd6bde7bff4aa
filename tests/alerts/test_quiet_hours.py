"""Quiet hours: what is critical goes out, the rest waits until they end and comes as one message."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from llmhub.alerts import alert, outbox, quiet
from llmhub.alerts.channel import change_channel, remove_channel
from llmhub.alerts.digest import Held, text_of, title_of
from llmhub.alerts.models import Delivery
from llmhub.alerts.quiet import Hours
from llmhub.alerts.sending import send_due
from llmhub.audit.actor import COMMAND_LINE
from tests.alerts.found import finding

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Hours(time(22), time(7))


def utc(day: int, hour: int, minute: int = 0, *, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "at", "ends"),
    [
        (NIGHT, utc(16, 20, 59), None),  # 21:59 in Berlin
        (NIGHT, utc(16, 21), utc(17, 6)),
        (NIGHT, utc(17, 5, 59), utc(17, 6)),
        (NIGHT, utc(17, 6), None),
        (Hours(time(12), time(13, 30)), utc(16, 11), utc(16, 12, 30)),
        (Hours(time(12), time(13, 30)), utc(16, 12, 30), None),
        (None, utc(16, 21), None),
        # The clock goes back at 1:00 UTC on 25 October: the night has an hour more.
        (NIGHT, utc(24, 20, month=10), utc(25, 6, month=10)),
        (NIGHT, utc(25, 6, month=10), None),
        # It shows 2:30 twice: hours that begin then begin the first time, and those that end, the second.
        (Hours(time(2, 30), time(4)), utc(25, 0, 30, month=10), utc(25, 3, month=10)),
        (Hours(time(2, 30), time(4)), utc(25, 0, 29, month=10), None),
        (Hours(time(1), time(2, 30)), utc(25, 0, 45, month=10), utc(25, 1, 30, month=10)),
        # It goes forward at 1:00 UTC on 29 March: the night has an hour less, and 2:30 is no time.
        (NIGHT, utc(28, 21, month=3), utc(29, 5, month=3)),
        (NIGHT, utc(29, 5, month=3), None),
        (Hours(time(1), time(2, 30)), utc(29, 1, 15, month=3), utc(29, 1, 30, month=3)),
        (Hours(time(2, 30), time(4)), utc(29, 0, 30, month=3), utc(29, 2, month=3)),
    ],
)
def test_when_quiet_hours_end(hours, at, ends):
    assert quiet.until(hours, BERLIN, at) == ends


def test_every_minute_of_two_changes_of_the_clock_is_quiet_as_the_clock_says():
    """Away from the changed hour itself, it is what the clock on the wall shows."""
    for first in (utc(24, 12, month=10), utc(28, 12, month=3)):
        for minute in range(0, 36 * 60, 7):
            at = first + timedelta(minutes=minute)
            shown = at.astimezone(BERLIN).time()
            assert (quiet.until(NIGHT, BERLIN, at) is not None) == (shown >= NIGHT.begin or shown < NIGHT.end)


@pytest.mark.parametrize(
    ("text", "kept"), [("22:00-07:00", "22:00-07:00"), (" 09:30 - 10:15 ", "09:30-10:15")]
)
def test_hours_as_they_are_written(text, kept):
    assert str(quiet.parse(text)) == kept


@pytest.mark.parametrize("text", ["22-7", "22:00", "24:00-07:00", "22:60-07:00", "07:00-07:00", "nights"])
def test_what_are_no_hours_says_what_to_write(text):
    with pytest.raises(ValueError, match="22:00-07:00"):
        quiet.parse(text)


def held(alert_id: int, state: str, at: datetime, title: str) -> Held:
    return Held(alert_id, state, at, title, "So it is.", f"https://hub/{alert_id}")


def test_a_digest_says_each_alert_once_as_it_stands_those_that_fire_first():
    told = [
        held(1, "firing", utc(16, 22), "One"),
        held(2, "firing", utc(16, 23), "Two"),
        held(3, "resolved", utc(17, 0), "Three"),
        held(1, "resolved", utc(17, 1), "One"),
    ]

    assert title_of(told) == "While it was quiet: 1 alert fires, 2 are over"
    assert [part.splitlines()[0] for part in text_of(told, BERLIN).split("\n\n")] == [
        "Firing since 00:00: Two",
        "Was so from 23:00 to 02:00: One",
        "Over since 01:00: Three",
    ]


@pytest.fixture
def night(webhook):
    """A channel that is quiet at night in Berlin."""
    return webhook(quiet="22:00-07:00", time_zone="Europe/Berlin")[0]


def fire(subject: str, at: datetime, **values):
    return alert.observe(finding(subject=subject, **values), now=at)


def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


@pytest.mark.django_db(transaction=True)
def test_at_night_only_what_is_critical_is_sent_and_in_the_morning_one_digest(night, receiver):
    first = fire("a", utc(16, 22))
    fire("b", utc(16, 23), severity="critical")
    fire("c", utc(17, 1), severity="notice")
    alert.resolve(first, text="over", now=utc(17, 2))

    outbox.end_quiet(utc(17, 5, 59))
    assert send_due() == 1
    assert [each["type"] for each in receiver.documents()] == ["alert.firing"]
    assert sorted(states()) == ["held", "held", "held", "sent"]

    assert (outbox.end_quiet(utc(17, 6)), outbox.end_quiet(utc(17, 6))) == (1, 0)
    assert (send_due(), send_due()) == (1, 0)
    [_, digest] = receiver.documents()
    assert digest["type"] == "alert.digest"
    assert digest["data"]["title"] == "While it was quiet: 1 alert fires, 1 is over"
    assert [each["type"] for each in digest["data"]["alerts"]] == [
        "alert.firing", "alert.firing", "alert.resolved",
    ]  # fmt: skip
    assert digest["data"]["alerts"][0]["data"]["facts"] == {"unpriced": 3, "requests": 9}
    assert set(states()) == {"sent"}


@pytest.mark.django_db(transaction=True)
def test_one_alone_is_sent_as_it_is_and_by_day_nothing_waits(night, receiver):
    fire("a", utc(16, 22))
    outbox.end_quiet(utc(17, 6))
    fire("b", utc(17, 6))

    assert send_due() == 2

    assert [each["type"] for each in receiver.documents()] == ["alert.firing", "alert.firing"]


@pytest.mark.django_db(transaction=True)
def test_what_is_over_in_the_morning_never_overtakes_the_digest(night, receiver):
    first = fire("a", utc(16, 22))
    fire("b", utc(16, 22))
    alert.resolve(first, text="over", now=utc(17, 6))
    assert send_due() == 0
    outbox.end_quiet(utc(17, 6))
    receiver.statuses = [500]

    assert send_due() == 0  # the digest is not taken
    assert set(states()) == {"held", "waiting"}
    Delivery.objects.filter(state="waiting").update(next_at=utc(17, 6))
    while send_due():
        pass

    assert [each["type"] for each in receiver.documents()] == [
        "alert.digest",
        "alert.digest",
        "alert.resolved",
    ]
    assert len(set(receiver.ids())) == 2


@pytest.mark.django_db
def test_other_hours_and_none_hold_no_longer_and_a_removed_channel_is_told_of_nothing(night):
    fire("a", utc(16, 22))
    fire("b", utc(16, 22))

    change_channel(actor=COMMAND_LINE, channel=night, quiet="")
    outbox.end_quiet(utc(30, 12, month=12))
    assert Delivery.objects.filter(is_digest=True, state="waiting").count() == 1
    remove_channel(actor=COMMAND_LINE, channel=night)

    assert set(states()) == {"failed"}
