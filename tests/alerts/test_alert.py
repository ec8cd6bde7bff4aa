"""The life of an alert: pending → firing → resolved, each transition once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from llmhub.alerts import alert
from llmhub.alerts.models import Alert, Delivery, Transition
from llmhub.audit.actor import COMMAND_LINE, Actor
from llmhub.audit.models import AuditEvent
from llmhub.people.models import Team
from llmhub.people.roles import NotAllowed
from tests.alerts.found import MINUTE, T0, finding

pytestmark = pytest.mark.django_db
VIEWER = Actor(kind="user", label="v@example.org", role="viewer")


def life(of: Alert) -> list[tuple[int, str]]:
    return list(Transition.objects.filter(alert=of).values_list("number", "state"))


def told() -> list[tuple[str, str]]:
    """Who was told what, oldest first."""
    rows = Delivery.objects.order_by("id").select_related("channel", "transition")
    return [(row.channel.name, row.transition.state) for row in rows]


def test_it_fires_once_however_often_it_is_seen(webhook):
    webhook()

    for minute in range(3):
        seen = alert.observe(finding(), now=T0 + minute * MINUTE)

    assert life(seen) == [(1, "pending"), (2, "firing")]
    assert told() == [("ops", "firing")]
    assert (seen.fired_at, seen.facts) == (T0, {"unpriced": 3, "requests": 9})


def test_it_waits_until_it_has_held_long_enough(webhook):
    webhook()
    hold = 5 * MINUTE

    assert alert.observe(finding(), now=T0, hold=hold).state == "pending"
    assert alert.observe(finding(), now=T0 + 4 * MINUTE, hold=hold).state == "pending"
    assert told() == []
    assert alert.observe(finding(), now=T0 + 5 * MINUTE, hold=hold).state == "firing"
    assert told() == [("ops", "firing")]


def test_nobody_is_told_of_what_was_over_before_it_fired(webhook):
    webhook()
    seen = alert.observe(finding(), now=T0, hold=MINUTE)

    assert alert.resolve(seen, text="over", now=T0 + MINUTE)

    assert life(seen) == [(1, "pending"), (2, "resolved")]
    assert told() == []


def test_it_is_resolved_once_with_words_and_numbers_of_its_own(webhook):
    webhook()
    seen = alert.observe(finding(), now=T0)

    assert alert.resolve(seen, text="A price was set.", now=T0 + MINUTE, facts={"unpriced": 0})
    assert not alert.resolve(seen, text="again", now=T0 + MINUTE)

    last = Transition.objects.filter(alert=seen).last()
    assert (last.state, last.text, last.facts) == ("resolved", "A price was set.", {"unpriced": 0})
    assert told() == [("ops", "firing"), ("ops", "resolved")]


def test_what_comes_back_fires_anew_and_is_unacknowledged(webhook):
    webhook()
    seen = alert.observe(finding(), now=T0)
    alert.acknowledge(actor=COMMAND_LINE, alert=seen, now=T0)
    alert.resolve(seen, text="over", now=T0 + MINUTE)

    again = alert.observe(finding(), now=T0 + 2 * MINUTE)

    assert again.pk == seen.pk
    assert again.acknowledged_at is None
    assert [state for _, state in told()] == ["firing", "resolved", "firing"]


def test_a_rule_is_brought_in_line_with_what_it_finds(webhook):
    webhook()
    one, two = finding(subject="model:a"), finding(subject="model:b")

    alert.settle("unpriced", [one, two], now=T0)
    alert.settle("unpriced", [two], now=T0 + MINUTE)
    alert.settle("ledger", [], now=T0 + MINUTE)

    assert dict(Alert.objects.values_list("subject", "state")) == {"model:a": "resolved", "model:b": "firing"}


def test_what_held_since_a_moment_is_over_for_good_once_it_was_resolved(webhook):
    """Else a worker that looked a moment earlier would fire again what another one has resolved."""
    webhook()
    down = finding(rule="provider", period=1764400000)
    alert.settle("provider", [down], now=T0)
    alert.settle("provider", [], now=T0 + MINUTE)

    alert.settle("provider", [down], now=T0 + MINUTE)

    assert [state for _, state in told()] == ["firing", "resolved"]


def test_a_channel_is_told_what_it_wants_to_know(webhook):
    team = Team.objects.create(slug="support", name="Support")
    webhook("everything")
    webhook("money", rules=["budget", "unpriced"])
    webhook("supply", rules=["provider"])
    webhook("support", team=team)

    alert.observe(finding(), now=T0)
    alert.observe(finding(subject="of support", team_id=team.pk, rule="budget"), now=T0)

    assert sorted(told()) == sorted(
        [("everything", "firing")] * 2 + [("money", "firing")] * 2 + [("support", "firing")]
    )


def test_whoever_was_told_that_it_fires_is_told_that_it_does_no_more_and_nobody_else(webhook):
    webhook()
    seen = alert.observe(finding(), now=T0)
    webhook("made later")

    alert.resolve(seen, text="over", now=T0 + MINUTE)

    assert told() == [("ops", "firing"), ("ops", "resolved")]


def test_it_is_acknowledged_once_and_on_record():
    seen = alert.observe(finding(), now=T0)

    alert.acknowledge(actor=COMMAND_LINE, alert=seen, now=T0)
    row = alert.acknowledge(
        actor=Actor(kind="user", label="other", role="owner"), alert=seen, now=T0 + MINUTE
    )

    assert (row.acknowledged_at, row.acknowledged_by) == (T0, "command line")
    assert list(AuditEvent.objects.values_list("action", flat=True)) == ["alert.acknowledged"]
    assert not Alert.objects.demanding(T0).exists()


def test_it_is_put_off_and_told_again(webhook):
    webhook()
    seen = alert.observe(finding(), now=T0)
    alert.snooze(actor=COMMAND_LINE, alert=seen, until=T0 + 60 * MINUTE, now=T0)
    assert not Alert.objects.demanding(T0 + MINUTE).exists()

    assert alert.wake(T0 + 59 * MINUTE) == 0
    assert alert.wake(T0 + 60 * MINUTE) == 1
    assert alert.wake(T0 + 61 * MINUTE) == 0

    assert told() == [("ops", "firing"), ("ops", "firing")]
    assert Alert.objects.demanding(T0 + 61 * MINUTE).exists()


@pytest.mark.parametrize("minutes", [-1, 0, 32 * 24 * 60])
def test_it_is_not_put_off_into_the_past_or_for_good(minutes):
    seen = alert.observe(finding(), now=T0)

    with pytest.raises(ValidationError, match="within 31 days"):
        alert.snooze(actor=COMMAND_LINE, alert=seen, until=T0 + minutes * MINUTE, now=T0)


def test_what_does_not_fire_is_not_acknowledged_and_viewers_do_not_do_it():
    seen = alert.observe(finding(), now=T0)
    with pytest.raises(NotAllowed):
        alert.acknowledge(actor=VIEWER, alert=seen, now=T0)
    alert.resolve(seen, text="over", now=T0)

    with pytest.raises(ValidationError, match="does not fire"):
        alert.acknowledge(actor=COMMAND_LINE, alert=seen, now=T0)


def test_what_was_resolved_long_ago_is_forgotten(webhook):
    webhook()
    old = alert.observe(finding(), now=T0)
    alert.resolve(old, text="over", now=T0)
    alert.observe(finding(subject="new"), now=T0)

    assert alert.forget(T0 + alert.KEPT) == 0
    assert alert.forget(T0 + alert.KEPT + timedelta(seconds=1)) == 1
    assert (Alert.objects.count(), Delivery.objects.count()) == (1, 1)
